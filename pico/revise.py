"""Chains of revisions by a reviser, and what a verifier with history says about them."""

import json

import numpy as np

from model import Batch, run, sample
from revise_data import HISTORY, history_tokens, rows_of, valid
from rollouts import MOST
from tokenizer import BAD, EOS, GOOD


def shown(tokenizer, problem, earlier, context):
    """Tokens before the next attempt: the last solutions that leave room for one twice as long as the longest of them."""
    history = [text for text in earlier if valid(text)][-HISTORY:]
    while True:
        tokens = history_tokens(tokenizer, problem, history)
        room = min(MOST, 2 * max((len(tokenizer.encode(text)) for text in history), default=0))
        if not history or len(tokens) + room <= context:
            return tokens
        history = history[1:]


def chains(shape, flat, tokenizer, problems, count, links, temperature, seed):
    """`count` chains of `links` attempts for every problem: a list (problem) of lists (chain) of texts."""
    first = sample(shape, flat, [history_tokens(tokenizer, p, []) for p in problems], count, temperature, MOST, [EOS], seed)
    rows = [(p, [tokenizer.decode(t).strip()]) for p, group in zip(problems, first) for t in group]
    for link in range(1, links):
        before = [shown(tokenizer, p, texts, shape.context) for p, texts in rows]
        for (_, texts), [tokens] in zip(rows, sample(shape, flat, before, 1, temperature, MOST, [EOS], seed + link)):
            texts.append(tokenizer.decode(tokens).strip())
    return [[texts for _, texts in rows[i * count:(i + 1) * count]] for i in range(len(problems))]


def attempts_file(path, shape, flat, tokenizer, problems, count, links=1):
    """One row per problem with `count` samples, or with `links` one per chain; a file that is there is gone on with."""
    part, done = 100, len({row["problem"]["id"] for row in rows_of(path)}) if path.exists() else 0
    for at in range(done, len(problems), part):
        some = problems[at:at + part]
        groups = chains(shape, flat, tokenizer, some, count, links, 1.0, 1000 * at)
        if links == 1:
            rows = [{"problem": p, "attempts": [text for texts in group for text in texts]} for p, group in zip(some, groups)]
        else:
            rows = [{"problem": p, "attempts": texts} for p, group in zip(some, groups) for texts in group]
        with open(path, "a") as out:
            out.write("".join(json.dumps(row) + "\n" for row in rows))
        print(f"{path.name}: {at + len(some)} of {len(problems)}", flush=True)


def final_scores(shape, flat, tokenizer, items, group=256):
    """items: (problem, earlier solutions, solution) -> P(good) behind the line break that closes the solution."""
    out = []
    for at in range(0, len(items), group):
        batch = Batch()
        for problem, earlier, text in items[at:at + group]:
            batch.prompt([*shown(tokenizer, problem, earlier, shape.context), *tokenizer.encode(text), tokenizer.newline])
            batch.reserved[-1] = 1.0
            batch.close()
        p_good = run(shape, flat, batch, GOOD, BAD).p_good
        out += [float(p_good[end - 1]) for end in batch.offset[1:]]
    return np.array(out)
