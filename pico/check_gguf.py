"""Compares a GGUF file in llama.cpp with the training code: tokens of random texts, and logits.

Usage: python check_gguf.py FILE.gguf FLAT.npy PROBLEMS.jsonl  (libllama comes from the installed node-llama-cpp)
"""

import ctypes as c
import json
import random
import sys
from pathlib import Path

import numpy as np

from model import Shape, views
from tokenizer import BOS, Tokenizer

LIBRARIES = Path(__file__).parent.parent / "node_modules/@node-llama-cpp/linux-x64/bins/linux-x64"
P, I, U, F, B = c.c_void_p, c.c_int32, c.c_uint32, c.c_float, c.c_bool


class ModelParams(c.Structure):
    _fields_ = [(f"a{i}", t) for i, t in enumerate([P, P] + [I] * 5 + [P] * 4 + [B] * 6)]


class ContextParams(c.Structure):
    _fields_ = [(f"a{i}", t) for i, t in enumerate(
        [U] * 7 + [I] * 7 + [F] * 6 + [U, F, P, P, I, I, P, P] + [B] * 6 + [P, c.c_size_t, P])]


class TokenBatch(c.Structure):
    _fields_ = [("n", I), ("token", c.POINTER(I)), ("embd", P), ("pos", P), ("n_seq", P), ("seq", P), ("logits", P)]


class Llama:
    """The few calls of libllama that the comparison needs."""

    def __init__(self, path):
        c.CDLL(str(LIBRARIES / "libggml-base.so"), c.RTLD_GLOBAL)
        ggml = c.CDLL(str(next(LIBRARIES.glob("libggml.*so*"))), c.RTLD_GLOBAL)
        lib = self.lib = c.CDLL(str(next(LIBRARIES.glob("libllama.*so*"))), c.RTLD_GLOBAL)
        self.quiet = c.CFUNCTYPE(None, I, c.c_char_p, P)(lambda *_: None)
        lib.llama_log_set(self.quiet, None)
        ggml.ggml_backend_load_all_from_path(str(LIBRARIES).encode())
        for name, result in (("llama_model_default_params", ModelParams), ("llama_context_default_params", ContextParams),
                             ("llama_model_load_from_file", P), ("llama_init_from_model", P), ("llama_model_get_vocab", P),
                             ("llama_get_logits_ith", c.POINTER(F)), ("llama_batch_get_one", TokenBatch), ("llama_get_memory", P)):
            getattr(lib, name).restype = result
        lib.llama_model_load_from_file.argtypes = [c.c_char_p, ModelParams]
        lib.llama_init_from_model.argtypes = [P, ContextParams]
        lib.llama_model_get_vocab.argtypes = lib.llama_get_memory.argtypes = [P]
        lib.llama_tokenize.argtypes = [P, c.c_char_p, I, c.POINTER(I), I, B, B]
        lib.llama_batch_get_one.argtypes = [c.POINTER(I), I]
        lib.llama_decode.argtypes = [P, TokenBatch]
        lib.llama_get_logits_ith.argtypes = [P, I]
        lib.llama_memory_clear.argtypes = [P, B]
        self.model = lib.llama_model_load_from_file(str(path).encode(), lib.llama_model_default_params())
        assert self.model, "llama.cpp did not load the file"
        self.vocab = lib.llama_model_get_vocab(self.model)
        self.context = lib.llama_init_from_model(self.model, lib.llama_context_default_params())

    def tokenize(self, text):
        data = text.encode()
        room = (I * (len(data) + 8))()
        n = self.lib.llama_tokenize(self.vocab, data, len(data), room, len(room), True, False)
        return list(room[:n])

    def last_logits(self, tokens, vocab):
        self.lib.llama_memory_clear(self.lib.llama_get_memory(self.context), True)
        kept = (I * len(tokens))(*tokens)  # the batch only points to it
        assert self.lib.llama_decode(self.context, self.lib.llama_batch_get_one(kept, len(tokens))) == 0
        return np.array(self.lib.llama_get_logits_ith(self.context, -1)[:vocab])


def texts(words, count, rng):
    odd = ["\n", "\n\n", "  ", "é", "日本", "12", "007", " 5", "<good>", "don't", "'S", "\t", ".\n", ")\n", "?!", "😀", "\r\n", "_x"]
    for _ in range(count):
        yield "".join(rng.choice([rng.choice(words), rng.choice(odd), str(rng.randint(0, 300)), chr(rng.randint(32, 1000)), " "])
                      for _ in range(rng.randint(1, 30)))


def main(path, flat_path, problems):
    tokenizer, rng = Tokenizer(), random.Random(1)
    words = json.loads((Path(__file__).parent / "words.json").read_text())
    llama, wrong = Llama(path), 0
    for text in texts(words, 3000, rng):
        if llama.tokenize(text) != [BOS, *tokenizer.encode(text)]:
            wrong += 1
            if wrong < 5:
                print("differs:", repr(text), llama.tokenize(text), [BOS, *tokenizer.encode(text)])
    print(f"tokenizer: {wrong} of 3000 random texts differ")
    flat = np.load(flat_path)
    sizes = [Shape(len(tokenizer.tokens), *s) for s in ((128, 5, 4, 384), (384, 8, 6, 1152))]
    shape = next(s for s in sizes if sum(int(np.prod(x)) for _, x in s.parts()) == flat.size)
    worst = 0.0
    for line in list(open(problems))[:20]:
        problem = json.loads(line)
        tokens = [BOS, *tokenizer.encode(problem["prompt"] + "\n" + problem["solution"])][:-4]
        a = llama.last_logits(tokens, shape.vocab)
        b = own_logits(shape, flat, tokens)
        worst = max(worst, float(np.abs(a - b).max()))
    print(f"logits: largest difference {worst:.4f}")


def own_logits(shape, flat, tokens):
    """The logits after the last token, in float32, written for reading."""
    w, hd = views(shape, flat), shape.dim // shape.heads
    norm = lambda x, g: x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * g
    angle = np.arange(len(tokens))[:, None, None] * 10000.0 ** (-np.arange(0, hd, 2) / hd)
    causal = np.where(np.tri(len(tokens), dtype=bool), 0, -np.inf)

    def rotate(x):
        a, b = x[..., 0::2], x[..., 1::2]
        return np.stack([a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)], -1).reshape(x.shape)

    x = w["embedding"][tokens]
    for i in range(shape.layers):
        q, k, v = np.split((norm(x, w[f"{i}.norm1"]) @ w[f"{i}.qkv"]).reshape(len(tokens), 3 * shape.heads, hd), 3, axis=1)
        z = np.einsum("qhd,khd->hqk", rotate(q), rotate(k)) / hd**0.5 + causal
        p = np.exp(z - z.max(-1, keepdims=True))
        p /= p.sum(-1, keepdims=True)
        x = x + np.einsum("hqk,khd->qhd", p, v).reshape(x.shape) @ w[f"{i}.o"]
        gate, up = np.split(norm(x, w[f"{i}.norm2"]) @ w[f"{i}.gate_up"], 2, axis=1)
        x = x + (gate / (1 + np.exp(-gate)) * up) @ w[f"{i}.down"]
    return norm(x[-1], w["norm"]) @ w["output"]


if __name__ == "__main__":
    main(*sys.argv[1:4])
