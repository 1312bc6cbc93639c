"""Problems as the product prints them, and batches made of them."""

import json
import subprocess
from pathlib import Path

import numpy as np

from model import Batch
from tokenizer import BOS, EOS

LEVELS = {"chain": 8, "countdown": 6}
ITEM = 400  # tokens: an item holds whole problems up to about this size
ROOT = Path(__file__).parent.parent


def print_problems(family, count, seed, split, path, level=None):
    """Runs the product's own generator; an existing file is kept."""
    path = Path(path)
    if not path.exists():
        with open(path.with_suffix(".part"), "w") as out:
            subprocess.run(["node", str(ROOT / "pico" / "problems.ts"), "--family", family, "--level",
                            level or f"1-{LEVELS[family]}", "--count", str(count), "--seed", str(seed), "--split", split,
                            "--solutions"], stdout=out, check=True)
        path.with_suffix(".part").rename(path)
    return [json.loads(line) for line in open(path)]


def prompt_tokens(tokenizer, problem):
    return [BOS, *tokenizer.encode(problem["prompt"] + "\n")]


def add_solution(batch, tokens):
    """One solution under plain next-token cross-entropy (tokens end in EOS)."""
    n = len(tokens)
    batch.last_prompt_target(tokens[0])
    batch.solution(tokens, [*tokens[1:], 0], [1.0] * (n - 1) + [0.0], [0.0] * n, [0.0] * n, [0.0] * n)


def language_batch(tokenizer, problems, tokens, prompt_weight=0.0):
    """Prompt and reference solution, until `tokens` tokens are full. `problems` is an endless iterator."""
    batch = Batch()
    while len(batch.token) < tokens:
        problem = next(problems)
        prompt = prompt_tokens(tokenizer, problem)
        batch.prompt(prompt)
        if prompt_weight:
            n = len(prompt)
            batch.target[-n:] = [*prompt[1:], 0]
            batch.lm[-n:] = [prompt_weight] * n
        add_solution(batch, [*tokenizer.encode(problem["solution"]), EOS])
        if batch.size() > ITEM or len(batch.token) >= tokens:
            batch.close()
    return batch


def shuffled(problems, seed):
    rng = np.random.default_rng(seed)
    while True:
        for i in rng.permutation(len(problems)):
            yield problems[i]


def mixed(sources, weights, seed):
    """Draws from several iterators with the given odds."""
    rng = np.random.default_rng(seed)
    while True:
        yield next(sources[rng.choice(len(sources), p=weights)])


def drawn(problems, levels, seed, easy=None):
    """Endless problems in shuffled order, kept with odds by level; easy() gives the highest level allowed now."""
    rng = np.random.default_rng(seed)
    most = max(levels)
    for problem in shuffled(problems, seed):
        level = problem["level"]
        if easy is not None and level > easy():
            continue
        if rng.random() * most < levels[level - 1]:
            yield problem
