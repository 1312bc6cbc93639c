"""The figures of the model card, on problems of the test split: python evaluate.py (writes card.json)."""

import json
import sys
from pathlib import Path

import numpy as np

from config import MODELS, SCHEDULES, SHAPES, WORK
from data import LEVELS, print_problems, prompt_tokens
from grade import right
from model import sample
from scoring import answer_key, auroc, calibration_error, choose, line_scores
from tokenizer import EOS, Tokenizer
from verify_data import Verification

HERE = Path(__file__).parent
PER_LEVEL, SEED = 100, 20261121
MANY = {"chain": (3, 4, 5), "countdown": (2, 3, 4)}  # levels with 64 samples, others 32
HOW = ("majority", "best", "weighted")


def bootstrap(values, rng, times=2000):
    values = np.array(values, float)
    means = values[rng.integers(0, len(values), (times, len(values)))].mean(1)
    return [round(float(values.mean()), 3), *(round(float(x), 3) for x in np.quantile(means, (0.025, 0.975)))]


def problems(family, level):
    return print_problems(family, PER_LEVEL, SEED, "test", WORK / f"test-{family}-{level}.jsonl", str(level))


def completions(tokenizer, name, ps, count, temperature=1.0, seed=SEED):
    prompts = [prompt_tokens(tokenizer, p) for p in ps]
    groups = sample(SHAPES[name], np.load(MODELS[name]), prompts, count, temperature, 190, [EOS], seed)
    return [[to_answer(tokenizer.decode(t)) for t in g] for g in groups]


def to_answer(text):
    """The text up to its first answer line: the verifier, used as a generator, knows no end of text."""
    lines = text.split("\n")
    end = next((i for i, line in enumerate(lines) if line.startswith("####")), len(lines))
    return "\n".join(lines[: end + 1])


def selection(ps, texts, truth, scores, rng):
    """Accuracy of each rule at each N, averaged over subsets of the samples, with intervals over problems."""
    n, out = len(texts[0]), {}
    size = 1
    while size <= n:
        rows = {how: [] for how in HOW}
        for p, group, y, s in zip(ps, texts, truth, scores):
            keys, parts = [answer_key(p, t) for t in group], {how: [] for how in HOW}
            for _ in range(1 if size == n else 4):
                pick = rng.permutation(n)[:size] if size < n else np.arange(n)
                for how in HOW:
                    parts[how].append(y[pick[choose([keys[i] for i in pick], s[pick], how)]])
            for how in HOW:
                rows[how].append(np.mean(parts[how]))
        out[size] = {how: bootstrap(rows[how], rng) for how in HOW}
        size *= 2
    return out


def level_figures(tokenizer, family, level, rng):
    ps = problems(family, level)
    texts = completions(tokenizer, "pico-s", ps, 64 if level in MANY[family] else 32)
    truth = [np.array([right(p, t) for t in g]) for p, g in zip(ps, texts)]
    scores = line_scores(tokenizer, SHAPES["pico-prm"], np.load(MODELS["pico-prm"]), list(zip(ps, texts)))
    last = [np.array([s[-1] for s in g]) for g in scores]
    within = [a for y, s in zip(truth, last) if (a := auroc(s[y], s[~y])) is not None]
    greedy = lambda name: bootstrap([right(p, g[0]) for p, g in zip(ps, completions(tokenizer, name, ps, 1, 0.0))], rng)
    some = lambda name: bootstrap([np.mean([right(p, t) for t in g]) for p, g in zip(ps, completions(tokenizer, name, ps, 8))], rng)
    figures = {
        "greedy": greedy("pico-s"), "pass@1": bootstrap([y.mean() for y in truth], rng),
        "pass@32": bootstrap([y[:32].any() for y in truth], rng),
        "majority@32": bootstrap([y[choose([answer_key(p, t) for t in g[:32]], np.ones(32), "majority")]
                                  for p, g, y in zip(ps, texts, truth)], rng),
        "selection": selection(ps, texts, truth, last, rng),
        "prm as generator": {"greedy": greedy("pico-prm"), "pass@1": some("pico-prm")},
    }
    if MODELS["pico-l"].exists():
        figures["pico-l"] = {"greedy": greedy("pico-l"), "pass@1": some("pico-l")}
    return figures, within, step_truth(tokenizer, ps, texts, scores)


def step_truth(tokenizer, ps, texts, scores):
    """(score, is the prefix exactly right) for the lines of 8 samples of each problem."""
    verification, pairs = Verification(tokenizer, 1), []
    for p, group, per_text in zip(ps, texts, scores):
        for text, s in list(zip(group, per_text))[:8]:
            labelled = verification.label(p, text.strip().split("\n"))
            ends = [y for t, y in zip(labelled.token, labelled.label) if t == tokenizer.newline]
            pairs += zip(s, ends)
    return pairs


def training(old):
    """What the logs of the training stages say: tokens, FLOPs (6 per parameter that multiplies, and token), minutes, losses on the way."""
    out = dict(old)
    for name in SCHEDULES:
        path = WORK / f"{name}.log.json"
        if path.exists():
            log, shape = json.loads(path.read_text()), SHAPES.get(name, SHAPES["pico-prm"])
            curve = log["curve"] or [{"tokens": log["tokens"], "losses": [None] * 3}]
            places = [curve[i] for i in sorted({round(part * (len(curve) - 1)) for part in (0, 0.1, 0.25, 0.5, 0.75, 1)})]
            out[name] = {"tokens": log["tokens"], "flops": 6 * (shape.non_embedding() + shape.vocab * shape.dim) * log["tokens"], "minutes": round(log["minutes"], 1),
                         "curve": [[p["tokens"], *p["losses"]] for p in places]}
    return out


def main():
    tokenizer, rng, card = Tokenizer(), np.random.default_rng(1), {}
    for family, levels in LEVELS.items():
        within, pairs, table = [], [], {}
        for level in range(1, levels + 1):
            table[level], w, p = level_figures(tokenizer, family, level, rng)
            within, pairs = within + w, pairs + p
            print(family, level, {k: v for k, v in table[level].items() if k != "selection"}, table[level]["selection"][16], flush=True)
        score, truth = np.array([s for s, _ in pairs]), np.array([y for _, y in pairs]) > 0.5
        assert truth.any() and not truth.all(), "both right and wrong steps are needed"
        card[family] = {"levels": table, "within-problem AUROC": bootstrap(within, rng), "problems with both": len(within),
                        "step AUROC": round(auroc(score[truth], score[~truth]), 3), "step ECE": round(calibration_error(score, truth), 3)}
        print(family, {k: v for k, v in card[family].items() if k != "levels"}, flush=True)
    path = HERE / "card.json"
    old = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**old, "training": training(old.get("training", {})), "figures": card, "problems per level": PER_LEVEL, "seed": SEED}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
