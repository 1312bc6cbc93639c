"""Samples for the bank: python bank.py SPLIT PER_LEVEL SAMPLES SEED writes work/bank-SPLIT/FAMILY-LEVEL.jsonl.

With another model's name behind them the first PER_LEVEL of the same problems go to MODEL-FAMILY-LEVEL.jsonl.
One line per sample of the model, pico-s when none is named, at temperature 1, with the step scores of pico-prm, as `bedacht bank import` reads
them, and one at temperature 0. The kernels of the training draw several hundred samples a second, five times as
many as llama.cpp with these weights; the texts have the same distribution, the seeds are numbers of samples. A
file that is there is kept, so a killed run goes on with the next level.
"""

import json
import subprocess
import sys

from config import HERE, SHAPES, WORK, parameters
from data import print_problems, prompt_tokens
from model import sample
from scoring import line_scores
from tokenizer import EOS, Tokenizer

LEVELS = {"chain": (2, 3, 4, 5, 6), "countdown": (1, 2, 3, 4, 5)}
MOST = 190  # tokens of a sample
AT_ONCE = 20  # problems


def lines(model, problem, prompt, tokens, texts, scores, temperature, known):
    """The records of one problem; a text is scored once, and only the first one reads the prompt."""
    asked, seen = len(prompt), set()
    for seed, (one, text, steps) in enumerate(zip(tokens, texts, scores)):
        record = {"prompt": problem["prompt"], "text": text, "model": model, "fingerprint": known[model],
                  "params": {"temperature": temperature, "maxTokens": MOST}, "seed": seed,
                  "finish": "end" if one and one[-1] == EOS else "length",
                  "inputTokens": asked, "cachedTokens": asked - 1 if seed else 0, "outputTokens": len(one)}
        if text not in seen and steps:
            usage = {"inputTokens": asked + len(one), "cachedTokens": asked if seen else 0, "outputTokens": 0}
            record["scores"] = [{"verifier": "pico-prm", "fingerprint": known["pico-prm"],
                                 "value": steps[-1], "steps": [round(s, 6) for s in steps], "usage": usage}]
        seen.add(text)
        yield json.dumps(record)


def solved(tokenizer, model, ps, count, temperature, seed, known):
    prompts = [prompt_tokens(tokenizer, p) for p in ps]
    drawn = sample(SHAPES[model], parameters(model), prompts, count, temperature, MOST, [EOS], seed)
    texts = [[tokenizer.decode(t).strip("\n") for t in group] for group in drawn]
    scores = line_scores(tokenizer, SHAPES["pico-prm"], parameters("pico-prm"), list(zip(ps, texts)))
    for p, prompt, *rest in zip(ps, prompts, drawn, texts, scores):
        yield from lines(model, p, prompt, *rest, temperature, known)


def main(split, per_level, samples, seed, model="pico-s"):
    per_level, samples, seed = int(per_level), int(samples), int(seed)
    folder, tokenizer = WORK / f"bank-{split}", Tokenizer()
    folder.mkdir(parents=True, exist_ok=True)
    known = json.loads(subprocess.check_output(["node", str(HERE / "fingerprints.ts")]))
    for place, (family, level) in enumerate((f, l) for f, levels in LEVELS.items() for l in levels):
        path = folder / f"{'' if model == 'pico-s' else f'{model}-'}{family}-{level}.jsonl"
        if path.exists():
            continue
        ps = print_problems(family, per_level, seed, split, folder / f"problems-{family}-{level}.json", str(level))[:per_level]
        with open(path.with_suffix(".part"), "w") as out:
            for at in range(0, len(ps), AT_ONCE):
                some = ps[at:at + AT_ONCE]
                for temperature, count in ((0, 1), (1, samples)):
                    for line in solved(tokenizer, model, some, count, temperature, seed + 10_000 * place + at, known):
                        out.write(f"{line}\n")
                print(f"{split} {model} {family} {level}: {at + len(some)} of {len(ps)} problems", flush=True)
        path.with_suffix(".part").rename(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
