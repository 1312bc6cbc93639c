"""What a verifier says about solutions: P(good) at the end of every line, in one pass per solution."""

import numpy as np

from data import prompt_tokens
from model import Batch, run
from tokenizer import BAD, GOOD

GROUP = 64  # problems per pass
ITEM = 300  # tokens of an item that shares one prompt, about


def line_scores(tokenizer, shape, flat, items):
    """items: [(problem, [solution text])] -> for each text the scores of its lines."""
    out = []
    for at in range(0, len(items), GROUP):
        batch, ends = Batch(), []
        for problem, texts in items[at:at + GROUP]:
            prompt, place = prompt_tokens(tokenizer, problem), {}
            for text in dict.fromkeys(texts):
                if not place or batch.size() > ITEM:
                    if place:
                        batch.close()
                    batch.prompt(prompt)
                tokens = [t for line in text.strip().split("\n") for t in (*tokenizer.encode(line), tokenizer.newline)]
                start, n = len(batch.token), len(tokens)
                end = [float(t == tokenizer.newline) for t in tokens]
                batch.solution(tokens, [0] * n, [0.0] * n, [0.0] * n, [0.0] * n, end)
                place[text] = [start + i for i in range(n) if end[i]]
            batch.close()
            ends.append(place)
        result = run(shape, flat, batch, GOOD, BAD)
        for (_, texts), place in zip(items[at:at + GROUP], ends):
            out.append([[float(result.p_good[i]) for i in place[text]] for text in texts])
    return out


def auroc(right, wrong):
    """Probability that a right one scores above a wrong one; ties count half."""
    if not len(right) or not len(wrong):
        return None
    both = np.concatenate([right, wrong])
    order = both.argsort(kind="stable")
    rank = np.empty(len(both))
    values, first, count = np.unique(both[order], return_index=True, return_counts=True)
    rank[order] = np.repeat(first + (count + 1) / 2, count)
    return float((rank[: len(right)].sum() - len(right) * (len(right) + 1) / 2) / (len(right) * len(wrong)))


def calibration_error(score, truth, bins=10):
    """Expected calibration error over equal-width bins."""
    score, truth = np.array(score), np.array(truth, float)
    place = np.minimum((score * bins).astype(int), bins - 1)
    return float(sum(abs(score[place == b].mean() - truth[place == b].mean()) * (place == b).mean()
                     for b in range(bins) if (place == b).any()))


def answer_key(problem, text):
    """Equal answers vote together: the stated number of a chain, the whole text of a countdown."""
    return text[text.rfind("####"):].strip() if problem["family"] == "chain" else text.strip()


def choose(keys, score, how):
    """Index of the chosen sample: the best, or the first of the heaviest answer."""
    if how == "best":
        return int(np.argmax(score))
    weight = {}
    for k, s in zip(keys, score):
        weight[k] = weight.get(k, 0) + (1.0 if how == "majority" else s)
    return keys.index(max(weight, key=weight.get))
