"""Initial weights that already hold a look-up circuit, so that training need not find it by chance.

In layer 0, three heads look 1, 2 and 3 tokens back and copy what they see into a block of the residual stream
each; in layer 1, heads compare the token `a` back of the query with the token `b` back of every key ("Mia: _"
finds "Mia has 9"). Everything else is random. Without this start the look-up by name had not formed after 8M tokens.
"""

import numpy as np

from model import views

CONSTANT = 2.0            # the first coordinate of every embedding, which lets a head see only positions
OFFSETS = (1, 2, 3)
MATCHES = ((2, 3), (2, 2), (1, 2), (1, 3))  # per head of layer 1: tokens back at the query, at the key
FAST_PAIRS, FAST_LOGIT, MATCH_LOGIT = 6, 8.0, 10.0


def lookup_start(shape, flat, seed, same=()):
    """Changes initial weights in place; `same`: pairs of tokens that begin with nearly the same embedding."""
    rng, w, d, hd = np.random.default_rng(seed), views(shape, flat), shape.dim, shape.dim // shape.heads
    e = w["embedding"]
    e[:] = rng.normal(0, 0.15, e.shape)
    e[:, 1:hd] = rng.normal(0, 1.0, (shape.vocab, hd - 1))
    e[:, 0] = CONSTANT
    for a, b in same:
        e[b, 1:hd] = 0.97 * e[a, 1:hd] + 0.24 * e[b, 1:hd]
    rms = np.sqrt((e * e).mean())
    theta = 10000.0 ** (-np.arange(0, hd, 2) / hd)
    amplitude = np.sqrt(FAST_LOGIT * hd**0.5) * rms / CONSTANT
    qkv, o = w["0.qkv"], w["0.o"]
    for h, back in enumerate(OFFSETS):
        q, k, v = (qkv[:, part * d + h * hd: part * d + (h + 1) * hd] for part in range(3))
        q[:], k[:], v[:] = rng.normal(0, 0.01, q.shape), rng.normal(0, 0.01, k.shape), 0
        for p in range(FAST_PAIRS):
            q[0, 2 * p] += amplitude
            k[0, 2 * p] += amplitude * np.cos(back * theta[p])
            k[0, 2 * p + 1] += amplitude * np.sin(back * theta[p])
        v[1:hd, 1:hd] = np.eye(hd - 1) * rms
        rows = o[h * hd:(h + 1) * hd]
        rows[:] = 0
        rows[:, (h + 1) * hd:(h + 2) * hd] = np.eye(hd)
    slow = 2 * next(p for p in range(hd // 2) if theta[p] < 0.006)  # coordinates that hardly turn over a prompt
    qkv, width = w["1.qkv"], hd - slow
    scale = (MATCH_LOGIT * hd**0.5 / width) ** 0.5
    for h, (a, b) in enumerate(MATCHES):
        q, k = (qkv[:, part * d + h * hd: part * d + (h + 1) * hd] for part in range(2))
        q[:], k[:] = rng.normal(0, 0.01, q.shape), rng.normal(0, 0.01, k.shape)
        mix = np.linalg.qr(rng.normal(size=(hd, hd)))[0][:, :width] * scale
        q[a * hd:(a + 1) * hd, slow:] += mix
        k[b * hd:(b + 1) * hd, slow:] += mix
    return flat


def spaced_pairs(tokenizer):
    """(token with a leading space, the same word without)."""
    return [(i, tokenizer.id[t[1:]]) for t, i in tokenizer.id.items() if t.startswith("\u0120") and len(t) > 2 and t[1:] in tokenizer.id]
