"""Whole words of the problems, single digits, and bytes for everything else.

The same text gives the same tokens here and in llama.cpp (`tokenizer.ggml.pre = "llama-bpe"`): a pre-token
that is in the vocabulary is one token, any other falls to its bytes, because there are no merges.
"""

import json
from functools import lru_cache
from pathlib import Path

import regex

SPECIAL = ["<pad>", "<bos>", "<eos>", "<good>", "<bad>", "<reserved0>", "<reserved1>", "<reserved2>"]
PAD, BOS, EOS, GOOD, BAD = range(5)
# The pre-tokenizer that llama.cpp uses for "llama-bpe".
SPLIT = regex.compile(
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_alphabet():
    """GPT-2's printable character for every byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {b: chr(b) for b in plain}, 0
    for b in range(256):
        if b not in table:
            table[b] = chr(256 + extra)
            extra += 1
    return [table[b] for b in range(256)]


BYTES = byte_alphabet()


def written(text):
    return "".join(BYTES[b] for b in text.encode())


def build_words(texts):
    """Every pre-token of more than one byte without digits or line breaks, with and without a leading space."""
    words = set()
    for text in texts:
        for piece in SPLIT.findall(text):
            if not any(c.isdigit() or c in "\r\n" for c in piece) and piece.strip():
                words |= {piece.strip(), " " + piece.strip()}
    return sorted(w for w in words if len(w.encode()) > 1)


WORDS_FILE = Path(__file__).parent / "words.json"


class Tokenizer:
    def __init__(self, words=None):
        words = json.loads(WORDS_FILE.read_text()) if words is None else words
        self.tokens = SPECIAL + BYTES + [written(w) for w in words]
        self.used = len(self.tokens)
        self.tokens += [f"<unused{i}>" for i in range(-len(self.tokens) % 32)]
        self.id = {t: i for i, t in enumerate(self.tokens)}
        self.newline = self.id[written("\n")]
        self._piece = lru_cache(maxsize=100_000)(self._encode_piece)

    def _encode_piece(self, piece):
        w = written(piece)
        whole = self.id.get(w, 0) if w not in SPECIAL else 0
        return [whole] if len(SPECIAL) <= whole < self.used else [self.id[c] for c in w]

    def encode(self, text):
        out = []
        for piece in SPLIT.findall(text):
            out += self._piece(piece)
        return out

    def decode(self, ids):
        back = {c: b for b, c in enumerate(BYTES)}
        data = bytes(back[c] for i in ids if len(SPECIAL) <= i < self.used for c in self.tokens[i])
        return data.decode(errors="replace")


if __name__ == "__main__":
    import sys
    lines = [json.loads(line) for line in sys.stdin]
    words = build_words(t for p in lines for t in (p["prompt"], p["solution"]))
    WORDS_FILE.write_text(json.dumps(words, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(len(Tokenizer(words).tokens), "tokens", file=sys.stderr)
