"""Sizes, schedules and mixtures of the recipe: everything one would change."""

import os
from pathlib import Path

import numpy as np

import gguf
from loop import Schedule
from model import Shape

HERE = Path(__file__).parent
WORK = Path(os.environ.get("PICO_WORK", HERE / "work"))
VOCAB = 416

SHAPES = {
    "pico-s": Shape(VOCAB, 128, 5, 4, 384),
    "pico-prm": Shape(VOCAB, 128, 5, 4, 384),
    "pico-l": Shape(VOCAB, 384, 8, 6, 1152),
    "pico-rev": Shape(VOCAB, 128, 5, 4, 384, 1024),
}
MODELS = {name: WORK / f"{name}.npy" for name in SHAPES}
# What a GGUF file says of itself beside its shape (src/models/gguf/shape.ts).
FLAGS = {"pico-rev": ("revises", "sees_history")}


def parameters(name):
    """Of a model that this machine trained, else of the file that is shipped: single stages can be repeated alone."""
    return np.load(MODELS[name]) if MODELS[name].exists() else gguf.read(HERE / f"{name}.gguf", SHAPES[name])


PROBLEMS = {"chain": 300_000, "countdown": 240_000}  # training problems printed
PROBLEM_SEED = 11

# How often a family is drawn, and the odds of each level within it.
FAMILIES = {"chain": 0.52, "countdown": 0.48}
VERIFY_FAMILIES = {"chain": 0.62, "countdown": 0.38}
LANGUAGE_LEVELS = {"chain": (1.2, 1.2, 1.2, 1.2, 1.2, 0.9, 0.7, 0.5), "countdown": (3.5, 1.2, 1, 1, 0.8, 0.5)}
VERIFY_LEVELS = {"chain": (1, 1.5, 2, 2, 2, 1, 0.7, 0.4), "countdown": (1, 1, 1.5, 1.5, 1, 0.5)}

# Before this many tokens, the generators see only the easy levels.
EASY_TOKENS = 0.4e6
EASY_LEVEL = {"chain": 3, "countdown": 2}

SCHEDULES = {
    "pico-s": Schedule(tokens=4.5e6, batch=3072, matrix_rate=0.01, rate=0.002, warm=20, decay=0.55),
    "verify": Schedule(tokens=40e6, batch=6144, matrix_rate=0.008, rate=0.0015, warm=20, decay=0.7),
    "verify-2": Schedule(tokens=40e6, batch=6144, matrix_rate=0.008, rate=0.0015, warm=20, decay=0.9),
    "pico-prm": Schedule(tokens=0.6e6, batch=6144, matrix_rate=0.001, rate=0.0002, warm=10, decay=0.8),
    "pico-l": Schedule(tokens=4.5e6, batch=3072, matrix_rate=0.01, rate=0.002, warm=20, decay=0.55),
    "revise": Schedule(tokens=3.4e6, batch=8192, matrix_rate=0.008, rate=0.0015, warm=20, decay=0.01),
    "pico-rev": Schedule(tokens=24e6, batch=8192, matrix_rate=0.008, rate=0.0015, warm=20, decay=0.9),
}
SAMPLES = {"samples": 8000, "samples-2": 24000}  # training problems per family that pico-s solves for a round of the verifier
SAMPLES_EACH, SAMPLED_SHARE = 4, 0.4  # solutions per problem; of the items, those with samples
ROLLOUTS = {"problems": 200, "solutions": 4, "each": 8}
CALIBRATE = {"share": 0.3}  # of the tokens, those with Monte-Carlo labels

# The reviser: problems per family whose attempts it sees in its first and in its second round, and the odds of their levels.
REVISE = {"problems": 14_000, "samples": 4}   # by pico-s
REVISE_CHAINS = {"problems": 7_000, "links": 6}  # by the reviser of the first round
REVISE_LEVELS = {"chain": (0.5, 1, 1.2, 1.2, 1, 0.7, 0.4, 0.3), "countdown": (0.7, 1, 1.4, 1.6, 0.9, 0.2)}
# Of the samples, the problems kept for the validation loss, and its tokens.
REVISE_HELD, REVISE_CHECK = 400, 60_000
# The share of items with real attempts; the others hold spoiled reference solutions of any training problem.
REVISE_REAL = 0.6
