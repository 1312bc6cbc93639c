"""Monte-Carlo labels (Snell et al. 2024, appendix D): how often does the generator end right from each step?"""

import numpy as np

from data import prompt_tokens
from grade import right
from labels import Labelled
from model import sample
from tokenizer import EOS

MOST = 190  # tokens of a completion


def rollouts(shape, flat, tokenizer, problems, solutions, count, seed):
    """[(problem, lines, soft labels)] for `solutions` samples of each problem, `count` rollouts per line."""
    prompts = [prompt_tokens(tokenizer, p) for p in problems]
    starts, places = [], []
    for p, prompt, group in zip(problems, prompts, sample(shape, flat, prompts, solutions, 1.0, MOST, [EOS], seed)):
        for tokens in group:
            lines = tokenizer.decode(tokens).strip().split("\n")
            places.append((p, lines))
            for i in range(1, len(lines)):
                starts.append(prompt + [t for line in lines[:i] for t in (*tokenizer.encode(line), tokenizer.newline)])
    ends = iter(sample(shape, flat, starts, count, 1.0, MOST, [EOS], seed + 1)) if starts else iter(())
    out = []
    for p, lines in places:
        soft = [float(np.mean([right(p, "\n".join([*lines[:i], tokenizer.decode(e)])) for e in next(ends)]))
                for i in range(1, len(lines))]
        out.append((p, lines, [*soft, float(right(p, "\n".join(lines)))]))
    return out


def soft_solution(tokenizer, lines, soft):
    """A solution whose only losses are the soft labels at its line ends."""
    token = [t for line in lines for t in (*tokenizer.encode(line), tokenizer.newline)]
    values, n = iter(soft), len(token)
    label = [next(values) if t == tokenizer.newline else 0.0 for t in token]
    end = [1.0 if t == tokenizer.newline else 0.0 for t in token]
    return Labelled(token, [0] * n, [0.0] * n, label, [0.0] * n, end)
