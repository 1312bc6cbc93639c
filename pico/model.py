"""The network from Python: shapes, parameters, training passes and sampling (native.cpp through ctypes)."""

import ctypes
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
THREADS = int(os.environ.get("PICO_THREADS", os.cpu_count() or 1))
SOURCES = ["native.cpp", "reach.h", "orthogonal.h", "decoding.h", "training.h", "network.h", "kernel.h"]


@dataclass(frozen=True)
class Shape:
    vocab: int
    dim: int
    layers: int
    heads: int
    ffn: int
    context: int = 512

    def numbers(self):
        return np.array([self.vocab, self.dim, self.layers, self.heads, self.ffn, self.context], np.int32)

    def parts(self):
        """(name, shape) of every parameter, in the order in which native.cpp lays them out."""
        d, f = self.dim, self.ffn
        yield "embedding", (self.vocab, d)
        for layer in range(self.layers):
            for name, size in (("norm1", (d,)), ("qkv", (d, 3 * d)), ("o", (d, d)), ("norm2", (d,)),
                               ("gate_up", (d, 2 * f)), ("down", (f, d))):
                yield f"{layer}.{name}", size
        yield "norm", (d,)
        yield "output", (d, self.vocab)

    def non_embedding(self):
        return sum(int(np.prod(s)) for n, s in self.parts() if n not in ("embedding", "output"))


def views(shape, flat):
    """Named views into a flat parameter (or gradient) array."""
    out, at = {}, 0
    for name, size in shape.parts():
        n = int(np.prod(size))
        out[name] = flat[at:at + n].reshape(size)
        at += n
    assert at == flat.size
    return out


def initial(shape, seed):
    rng = np.random.default_rng(seed)
    flat = np.zeros(sum(int(np.prod(s)) for _, s in shape.parts()), np.float32)
    for name, view in views(shape, flat).items():
        if "norm" in name:
            view[:] = 1
        elif name == "embedding":
            view[:] = rng.normal(0, 0.5, view.shape)
        elif name.endswith((".o", ".down")):
            view[:] = rng.normal(0, (2 * shape.layers * view.shape[0]) ** -0.5, view.shape)
        else:
            view[:] = rng.normal(0, view.shape[0] ** -0.5, view.shape)
    return flat


def library():
    build = Path(os.environ.get("PICO_BUILD", HERE / "work"))
    build.mkdir(parents=True, exist_ok=True)
    target = build / "native.so"
    newest = max((HERE / s).stat().st_mtime for s in SOURCES)
    if not target.exists() or target.stat().st_mtime < newest:
        subprocess.run(["g++", "-O3", "-march=native", "-std=c++17", "-shared", "-fPIC", "-pthread",
                        str(HERE / "native.cpp"), "-o", str(target) + ".new"], check=True)
        os.replace(str(target) + ".new", target)
    return ctypes.CDLL(str(target))


_lib = None


def native():
    global _lib
    if _lib is None:
        _lib = library()
    return _lib


def _p(array):
    return None if array is None else array.ctypes.data_as(ctypes.c_void_p)


@dataclass
class Batch:
    """Items one after the other; every field but `offset` has one entry per token."""

    offset: list = field(default_factory=lambda: [0])
    token: list = field(default_factory=list)
    position: list = field(default_factory=list)
    shared: list = field(default_factory=list)
    first: list = field(default_factory=list)
    target: list = field(default_factory=list)
    lm: list = field(default_factory=list)
    label: list = field(default_factory=list)
    binary: list = field(default_factory=list)
    reserved: list = field(default_factory=list)

    def prompt(self, tokens):
        self._prompt, self._first = 0, self.size()
        self.extend(tokens)

    def extend(self, tokens):
        """More tokens of the last prompt."""
        n = len(tokens)
        self.token += tokens
        self.position += range(self._prompt, self._prompt + n)
        self.shared += [0] * n
        self.first += [self._first] * n
        self.target += [0] * n
        for weights in (self.lm, self.label, self.binary, self.reserved):
            weights += [0.0] * n
        self._prompt, self._end = self._prompt + n, len(self.token)

    def solution(self, tokens, target, lm, label, binary, reserved):
        """A solution of the last prompt; it sees the prompt and itself."""
        n, first = len(tokens), self.size()
        self.token += tokens
        self.position += range(self._prompt, self._prompt + n)
        self.shared += [self._prompt] * n
        self.first += [first] * n
        self.target += target
        self.lm += lm
        self.label += label
        self.binary += binary
        self.reserved += reserved

    def branch(self, end, tokens):
        """One way on under next-token cross-entropy: it sees the first `end` tokens of the open item's prompt, and itself."""
        first, n = self.size(), len(tokens)
        before = self.offset[-1] + end - 1
        self.target[before], self.lm[before] = tokens[0], 1.0
        self.token += tokens
        self.position += range(end, end + n)
        self.shared += [end] * n
        self.first += [first] * n
        self.target += [*tokens[1:], 0]
        self.lm += [1.0] * (n - 1) + [0.0]
        for weights in (self.label, self.binary, self.reserved):
            weights += [0.0] * n

    def size(self):
        """Tokens of the open item."""
        return len(self.token) - self.offset[-1]

    def last_prompt_target(self, target, weight=1.0):
        """The prompt's last token predicts the first token of the solution that follows."""
        self.target[self._end - 1] = target
        self.lm[self._end - 1] = weight

    def close(self):
        self.offset.append(len(self.token))


@dataclass
class Result:
    sums: np.ndarray
    log_p: np.ndarray
    p_good: np.ndarray
    hit: np.ndarray


def run(shape, flat, batch, good, bad, grad=None, threads=THREADS):
    """One pass over a batch; with `grad` (zeroed by the caller) the summed gradients are added to it."""
    ints = [np.array(x, np.int32) for x in (batch.offset, batch.token, batch.position, batch.shared, batch.first, batch.target)]
    floats = [np.array(x, np.float32) for x in (batch.lm, batch.label, batch.binary, batch.reserved)]
    n = len(batch.token)
    out = Result(np.zeros(6), *(np.zeros(n, np.float32) for _ in range(3)))
    numbers = shape.numbers()
    native().pico_run(_p(numbers), _p(flat), _p(grad), threads, len(batch.offset) - 1, *map(_p, ints), *map(_p, floats),
                      good, bad, _p(out.log_p), _p(out.p_good), _p(out.hit), _p(out.sums))
    return out


def orthogonal(matrices, threads=THREADS):
    """Orthogonal matrices near the given ones (float32, sides multiples of 32)."""
    data = np.concatenate([m.ravel() for m in matrices])
    start = np.cumsum([0] + [m.size for m in matrices]).astype(np.int64)
    sizes = np.array([m.shape for m in matrices], np.int32)
    native().pico_orthogonal(_p(data), threads, len(matrices), _p(start), _p(sizes))
    return [data[a:a + m.size].reshape(m.shape) for a, m in zip(start, matrices)]


def reachable(numbers, target):
    """Whether a countdown position can still make its target (numbers from 1 to 199)."""
    array = np.array(numbers, np.int32)
    return bool(native().pico_reachable(_p(array), len(array), target))


def sample(shape, flat, prefixes, samples, temperature, most, stops, seed, threads=THREADS):
    """`samples` completions of every prefix: a list (prefix) of lists (sample) of token lists, stop token included."""
    offset = np.cumsum([0] + [len(p) for p in prefixes]).astype(np.int32)
    token = np.array([t for p in prefixes for t in p], np.int32)
    out = np.empty((len(prefixes), samples, most), np.int32)
    stop, numbers = np.array(stops, np.int32), shape.numbers()
    native().pico_sample(_p(numbers), _p(flat), threads, len(prefixes), _p(offset), _p(token), samples,
                         ctypes.c_float(temperature), most, _p(stop), len(stops), ctypes.c_uint64(seed), _p(out))
    return [[[int(t) for t in row[row >= 0]] for row in group] for group in out]
