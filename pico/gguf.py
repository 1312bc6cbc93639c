"""Writes a network as a GGUF file (version 3) and reads it back: Llama architecture, F16 or Q8_0 matrices, our tokenizer."""

import struct

import numpy as np

from model import views
from tokenizer import BOS, EOS, PAD, SPECIAL

MAGIC, VERSION, ALIGN = b"GGUF", 3, 32
U32, F32, BOOL, STRING, ARRAY, I32 = 4, 6, 7, 8, 9, 5
TYPES = {"F32": 0, "F16": 1, "Q8_0": 8}
FILE_TYPES = {"F32": 0, "F16": 1, "Q8_0": 7}
CHAT_TEMPLATE = "{% for message in messages %}{{ message['content'] }}{{ '\\n' }}{% endfor %}"


def string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind, v):
    if kind == STRING:
        return string(v)
    return struct.pack({U32: "<I", F32: "<f", BOOL: "<?", I32: "<i"}[kind], v)


def field(key, kind, v, inner=None):
    head = string(key) + struct.pack("<I", kind)
    if kind != ARRAY:
        return head + value(kind, v)
    return head + struct.pack("<IQ", inner, len(v)) + b"".join(value(inner, x) for x in v)


def q8_0(matrix):
    """Blocks of 32 with one F16 scale each."""
    blocks = matrix.astype(np.float32).reshape(-1, 32)
    scale = (np.abs(blocks).max(1, keepdims=True) / 127).astype(np.float16)
    safe = np.where(scale == 0, 1, scale).astype(np.float32)
    numbers = np.clip(np.round(blocks / safe), -127, 127).astype(np.int8)
    return np.concatenate([scale.view(np.int8).reshape(-1, 2), numbers], 1).tobytes()


def tensors(shape, flat):
    """(GGUF name, matrix with rows = outputs) in GGUF's order."""
    w, d, f = views(shape, flat), shape.dim, shape.ffn
    yield "token_embd.weight", w["embedding"]
    for i in range(shape.layers):
        q, k, v = np.split(w[f"{i}.qkv"], 3, axis=1)
        gate, up = w[f"{i}.gate_up"][:, :f], w[f"{i}.gate_up"][:, f:]
        yield f"blk.{i}.attn_norm.weight", w[f"{i}.norm1"]
        for name, m in (("attn_q", q), ("attn_k", k), ("attn_v", v), ("attn_output", w[f"{i}.o"])):
            yield f"blk.{i}.{name}.weight", m.T
        yield f"blk.{i}.ffn_norm.weight", w[f"{i}.norm2"]
        for name, m in (("ffn_gate", gate), ("ffn_up", up), ("ffn_down", w[f"{i}.down"])):
            yield f"blk.{i}.{name}.weight", m.T
    yield "output_norm.weight", w["norm"]
    yield "output.weight", w["output"].T


def metadata(shape, tokenizer, name, description, kind, flags):
    types = [3 if t in SPECIAL else 5 if t.startswith("<unused") else 1 for t in tokenizer.tokens]
    yield field("general.architecture", STRING, "llama")
    yield field("general.name", STRING, name)
    yield field("general.description", STRING, description)
    yield field("general.license", STRING, "mit")
    for flag in flags:
        yield field(f"bedacht.{flag}", BOOL, True)
    yield field("general.file_type", U32, FILE_TYPES[kind])
    yield field("general.quantization_version", U32, 2)
    yield field("llama.vocab_size", U32, shape.vocab)
    yield field("llama.context_length", U32, shape.context)
    yield field("llama.embedding_length", U32, shape.dim)
    yield field("llama.block_count", U32, shape.layers)
    yield field("llama.feed_forward_length", U32, shape.ffn)
    yield field("llama.rope.dimension_count", U32, shape.dim // shape.heads)
    yield field("llama.rope.freq_base", F32, 10000.0)
    yield field("llama.attention.head_count", U32, shape.heads)
    yield field("llama.attention.head_count_kv", U32, shape.heads)
    yield field("llama.attention.layer_norm_rms_epsilon", F32, 1e-5)
    yield field("tokenizer.ggml.model", STRING, "gpt2")
    yield field("tokenizer.ggml.pre", STRING, "llama-bpe")
    yield field("tokenizer.ggml.tokens", ARRAY, tokenizer.tokens, STRING)
    yield field("tokenizer.ggml.token_type", ARRAY, types, I32)
    # llama.cpp wants at least one merge; this one joins two control characters that no problem contains.
    yield field("tokenizer.ggml.merges", ARRAY, ["\u0100 \u0100"], STRING)
    yield field("tokenizer.ggml.bos_token_id", U32, BOS)
    yield field("tokenizer.ggml.eos_token_id", U32, EOS)
    yield field("tokenizer.ggml.padding_token_id", U32, PAD)
    yield field("tokenizer.ggml.add_bos_token", BOOL, True)
    yield field("tokenizer.ggml.add_eos_token", BOOL, False)
    yield field("tokenizer.chat_template", STRING, CHAT_TEMPLATE)


def write(path, shape, flat, tokenizer, name, description, kind="F16", flags=()):
    fields = list(metadata(shape, tokenizer, name, description, kind, flags))
    infos, blobs, at = [], [], 0
    for tensor, matrix in tensors(shape, flat):
        own = "F32" if matrix.ndim == 1 else kind
        blob = {"F32": lambda m: m.astype("<f4").tobytes(), "F16": lambda m: m.astype("<f2").tobytes(), "Q8_0": q8_0}[own](
            np.ascontiguousarray(matrix))
        infos.append(string(tensor) + struct.pack("<I", matrix.ndim) + b"".join(
            struct.pack("<Q", n) for n in reversed(matrix.shape)) + struct.pack("<IQ", TYPES[own], at))
        blob += b"\0" * (-len(blob) % ALIGN)
        blobs.append(blob)
        at += len(blob)
    head = MAGIC + struct.pack("<IQQ", VERSION, len(infos), len(fields)) + b"".join(fields) + b"".join(infos)
    with open(path, "wb") as out:
        out.write(head + b"\0" * (-len(head) % ALIGN) + b"".join(blobs))


class Reader:
    """Walks over the fields of a file."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, form):
        (v,) = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return v

    def text(self):
        n = self.number("<Q")
        self.at += n
        return self.data[self.at - n:self.at].decode()

    def skip(self, kind):
        if kind == STRING:
            self.text()
        elif kind == ARRAY:
            inner = self.number("<I")
            for _ in range(self.number("<Q")):
                self.skip(inner)
        else:
            self.number({U32: "<I", F32: "<f", BOOL: "<?", I32: "<i"}[kind])


def matrix(data, at, size, kind):
    """One tensor as float32, rows = outputs."""
    n = int(np.prod(size))
    if kind == TYPES["Q8_0"]:
        blocks = np.frombuffer(data, np.int8, n // 32 * 34, at).reshape(-1, 34)
        scale = np.ascontiguousarray(blocks[:, :2]).view(np.float16).astype(np.float32)
        return (blocks[:, 2:] * scale).reshape(size)
    return np.frombuffer(data, "<f2" if kind == TYPES["F16"] else "<f4", n, at).astype(np.float32).reshape(size)


def read(path, shape):
    """The parameters of a file that `write` made, in the order of `shape.parts()`."""
    data = open(path, "rb").read()
    reader = Reader(data)
    assert data[:4] == MAGIC, f"{path} is not a GGUF file"
    reader.at = 4
    assert reader.number("<I") == VERSION
    tensors, fields = reader.number("<Q"), reader.number("<Q")
    for _ in range(fields):
        reader.text()
        reader.skip(reader.number("<I"))
    infos = {}
    for _ in range(tensors):
        name = reader.text()
        size = [reader.number("<Q") for _ in range(reader.number("<I"))][::-1]
        infos[name] = (size, reader.number("<I"), reader.number("<Q"))
    base = reader.at + -reader.at % ALIGN
    w = {name: matrix(data, base + at, size, kind) for name, (size, kind, at) in infos.items()}
    joined = lambda i, *names: np.concatenate([w[f"blk.{i}.{n}.weight"].T for n in names], 1)
    parts = [w["token_embd.weight"]]
    for i in range(shape.layers):
        parts += [w[f"blk.{i}.attn_norm.weight"], joined(i, "attn_q", "attn_k", "attn_v"), joined(i, "attn_output"),
                  w[f"blk.{i}.ffn_norm.weight"], joined(i, "ffn_gate", "ffn_up"), joined(i, "ffn_down")]
    parts += [w["output_norm.weight"], w["output.weight"].T]
    assert [p.shape for p in parts] == [size for _, size in shape.parts()], f"{path} is not a network of this shape"
    return np.concatenate([p.ravel() for p in parts])
