"""The reviser's figures: python evaluate_revisions.py (test split, into card.json), or with the name of another split (printed only)."""

import json
import sys

import numpy as np

from config import HERE, SHAPES, WORK, parameters
from data import print_problems
from evaluate import SEED, bootstrap
from grade import right
from revise import chains, final_scores
from scoring import auroc
from tokenizer import Tokenizer

LEVELS = {"chain": (2, 3, 4, 5, 6), "countdown": (1, 2, 3, 4, 5)}
CHAINS, LINKS = 4, 8


def changes(truth):
    """Of right attempts the share that the next one turns wrong, and of wrong ones the share that it mends; truth is [..., link]."""
    before, after = truth[..., :-1], truth[..., 1:]
    return round(float(1 - after[before].mean()), 3), round(float(after[~before].mean()), 3)


def family_figures(family, split, per_level, rng):
    tokenizer, shape, flat, levels = Tokenizer(), SHAPES["pico-rev"], parameters("pico-rev"), {}
    truths, alone, within = [], [], {"with history": [], "without": []}
    for level in LEVELS[family]:
        ps = print_problems(family, per_level, SEED, split, WORK / f"{split}-{family}-{level}-{per_level}.jsonl", str(level))
        groups = chains(shape, flat, tokenizer, ps, CHAINS, LINKS, 1.0, SEED)
        truth = np.array([[[right(p, text) for text in texts] for texts in group] for p, group in zip(ps, groups)])
        levels[level] = {"pass@1": [bootstrap(t, rng) for t in truth.mean(1).T], "right to wrong, wrong to right": changes(truth)}
        truths.append(truth)
        samples = chains(SHAPES["pico-s"], parameters("pico-s"), tokenizer, ps, LINKS, 1, 1.0, SEED)
        alone.append([np.mean([right(p, texts[0]) for texts in group]) for p, group in zip(ps, samples)])
        for name, shown in (("with history", lambda texts, n: texts[:n]), ("without", lambda texts, n: [])):
            items = [(p, shown(texts, n), texts[n]) for p, group in zip(ps, groups) for texts in group for n in range(LINKS)]
            scores = final_scores(shape, flat, tokenizer, items).reshape(len(ps), -1)
            areas = (auroc(s[t], s[~t]) for s, t in zip(scores, truth.reshape(len(ps), -1)))
            within[name] += [area for area in areas if area is not None]
        print(family, level, [p[0] for p in levels[level]["pass@1"]], levels[level]["right to wrong, wrong to right"], flush=True)
    all_levels = np.concatenate(truths)
    out = {"levels": levels, "pass@1": [bootstrap(t, rng) for t in all_levels.mean(1).T],
           "rise to attempt 5": bootstrap(all_levels.mean(1)[:, 4] - all_levels.mean(1)[:, 0], rng), "changes": changes(all_levels),
           "pico-s": bootstrap(np.concatenate(alone), rng), "within-problem AUROC": {k: bootstrap(v, rng) for k, v in within.items()}}
    print(family, {k: v for k, v in out.items() if k != "levels"}, flush=True)
    return out


def main(split="test", per_level=100):
    rng, path = np.random.default_rng(2), HERE / "card.json"
    figures = {family: family_figures(family, split, int(per_level), rng) for family in LEVELS}
    if split == "test":
        card = json.loads(path.read_text())
        path.write_text(json.dumps({**card, "revisions": figures}, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
