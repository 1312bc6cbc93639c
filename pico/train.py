"""The recipe, stage by stage: python train.py [stage ...]; finished stages are kept, a killed one goes on.

pico-s -> samples -> verify -> samples-2 -> verify-2 -> rollouts -> pico-prm -> pico-l
-> rev-samples -> revise -> rev-chains -> pico-rev -> export
"""

import json
import random
import sys

import numpy as np

import gguf
from config import (CALIBRATE, EASY_LEVEL, EASY_TOKENS, FAMILIES, FLAGS, HERE, LANGUAGE_LEVELS, MODELS, PROBLEM_SEED, PROBLEMS, REVISE,
                    REVISE_CHAINS, REVISE_CHECK, REVISE_HELD, REVISE_LEVELS, REVISE_REAL, ROLLOUTS, SAMPLED_SHARE, SAMPLES, SAMPLES_EACH, SCHEDULES, SHAPES,
                    VERIFY_FAMILIES, VERIFY_LEVELS, WORK, parameters)
from data import drawn, language_batch, mixed, print_problems, prompt_tokens
from loop import train
from model import Batch, run, sample
from revise import attempts_file
from revise_data import Revisions, chained_histories, rows_of, sampled_histories, spoiled_histories
from rollouts import MOST, rollouts, soft_solution
from start import spaced_pairs
from tokenizer import BAD, EOS, GOOD, Tokenizer
from verify_data import Verification


def training_problems():
    return {f: print_problems(f, n, PROBLEM_SEED, "train", WORK / f"{f}.train.jsonl") for f, n in PROBLEMS.items()}


def language_stage(name):
    """A generator: cross-entropy on reference solutions."""
    tokenizer, problems, seen = Tokenizer(), training_problems(), [0.0]
    easy = lambda f: (lambda: EASY_LEVEL[f] if seen[0] < EASY_TOKENS else 99)
    streams = [drawn(problems[f], LANGUAGE_LEVELS[f], i, easy(f)) for i, f in enumerate(FAMILIES)]
    stream = mixed(streams, list(FAMILIES.values()), 5)

    def make(now):
        seen[0] = now
        return language_batch(tokenizer, stream, SCHEDULES[name].batch)

    train(WORK, name, SHAPES[name], SCHEDULES[name], make, same=spaced_pairs(tokenizer))


def samples_stage(name):
    """Solutions that the generator writes for training problems: the mistakes that the verifier will meet."""
    path = WORK / f"{name}.jsonl"
    if path.exists():
        return
    tokenizer, flat, rows = Tokenizer(), parameters("pico-s"), []
    for f, problems in training_problems().items():
        chosen = problems[-SAMPLES[name]:]
        for at in range(0, len(chosen), 500):
            part = chosen[at:at + 500]
            groups = sample(SHAPES["pico-s"], flat, [prompt_tokens(tokenizer, p) for p in part], SAMPLES_EACH, 1.0, MOST, [EOS], at)
            rows += [json.dumps({"id": p["id"], "samples": [tokenizer.decode(t) for t in g]}) for p, g in zip(part, groups)]
            print(f"{name}: {f} {at + len(part)} of {len(chosen)}", flush=True)
    path.write_text("\n".join(rows) + "\n")


def verification_stream(verification, problems, seed):
    """Verification items; a share of the problems are those with samples of the generator."""
    sampled = {f: [p for p in ps if p["id"] in verification.samples] for f, ps in problems.items()}
    streams, odds = [], []
    for i, (f, share) in enumerate(VERIFY_FAMILIES.items()):
        streams += [drawn(problems[f], VERIFY_LEVELS[f], seed + i), drawn(sampled[f], VERIFY_LEVELS[f], seed + 10 + i)]
        odds += [share * (1 - SAMPLED_SHARE), share * SAMPLED_SHARE]
    return mixed(streams, odds, seed + 20)


def verification(seed, samples):
    rows = (json.loads(line) for line in open(WORK / f"{samples}.jsonl"))
    return Verification(Tokenizer(), seed, {r["id"]: r["samples"] for r in rows})


def verify_stage(name, start, samples, seed):
    """The verifier: language loss on right prefixes, exact labels on every token; the second round starts where the first ended."""
    v, schedule = verification(seed, samples), SCHEDULES[name]
    stream = verification_stream(v, training_problems(), 10 + 100 * (seed - 3))
    train(WORK, name, SHAPES["pico-prm"], schedule, lambda _: v.batch(stream, schedule.batch), np.load(WORK / f"{start}.npy"))


def rollouts_stage():
    path = WORK / "rollouts.json"
    if path.exists():
        return
    tokenizer, flat, rows, n = Tokenizer(), parameters("pico-s"), [], ROLLOUTS["problems"]
    for f, problems in training_problems().items():
        chosen = list(p for _, p in zip(range(n), drawn(problems, VERIFY_LEVELS[f], 99)))
        for at in range(0, n, 100):
            rows += rollouts(SHAPES["pico-s"], flat, tokenizer, chosen[at:at + 100], ROLLOUTS["solutions"], ROLLOUTS["each"], 7 + at)
            print(f"rollouts: {f} {at + 100} of {n}", flush=True)
    path.write_text(json.dumps([(p["id"], p["family"], p["prompt"], lines, soft) for p, lines, soft in rows]))


def calibrate_stage():
    """A short fine-tune on soft Monte-Carlo labels, mixed with the exact ones."""
    v, schedule, tokenizer = verification(4, "samples-2"), SCHEDULES["pico-prm"], Tokenizer()
    rows, rng = json.loads((WORK / "rollouts.json").read_text()), np.random.default_rng(8)
    stream = verification_stream(v, training_problems(), 40)

    def make(_):
        batch = v.batch(stream, schedule.batch * (1 - CALIBRATE["share"]))
        full = len(batch.token) + schedule.batch * CALIBRATE["share"]
        while len(batch.token) < full:
            add_soft(batch, tokenizer, rows[rng.integers(len(rows))])
        return batch

    train(WORK, "pico-prm", SHAPES["pico-prm"], schedule, make, np.load(WORK / "verify-2.npy"))


def add_soft(batch: Batch, tokenizer, row):
    _, _, prompt, lines, soft = row
    s = soft_solution(tokenizer, lines, soft)
    batch.prompt(prompt_tokens(tokenizer, {"prompt": prompt}))
    batch.solution(s.token, s.target, s.lm, s.label, s.binary, s.reserved)
    batch.close()


def revise_problems(count, seed):
    """Training problems that the verifier's samples do not use, the families in turns."""
    streams = [drawn(problems[:-SAMPLES["samples-2"]], REVISE_LEVELS[f], seed) for f, problems in training_problems().items()]
    return [next(stream) for _ in range(count) for stream in streams]


def revise_samples():
    """Attempts of the first round: independent solutions by pico-s."""
    attempts_file(WORK / "rev-samples.jsonl", SHAPES["pico-s"], parameters("pico-s"), Tokenizer(),
                  revise_problems(REVISE["problems"], 50), REVISE["samples"])


def revise_chains():
    """Attempts of the second round: chains by the reviser of the first."""
    attempts_file(WORK / "rev-chains.jsonl", SHAPES["pico-rev"], np.load(WORK / "revise.npy"), Tokenizer(),
                  revise_problems(REVISE_CHAINS["problems"], 70), 1, REVISE_CHAINS["links"])


def revise_stage(name, start, real, seed):
    """The reviser: cross-entropy on the right solution behind attempts, which carry exact labels."""
    tokenizer, schedule, shape, rng = Tokenizer(), SCHEDULES[name], SHAPES["pico-rev"], random.Random(seed)
    held = sampled_histories(rows_of(WORK / "rev-samples.jsonl")[:REVISE_HELD], random.Random(seed + 6))
    check = Revisions(tokenizer, Verification(tokenizer, seed + 7), held, seed + 8, shape.context).batch(REVISE_CHECK)

    def validate(flat):
        sums = run(shape, flat, check, GOOD, BAD).sums
        return float(sums[0] / sums[1])

    problems = mixed([drawn(ps, REVISE_LEVELS[f], seed + 1) for f, ps in training_problems().items()], [0.5, 0.5], seed + 2)
    sources = [*real(rng), spoiled_histories(problems, rng)]
    odds = [REVISE_REAL / (len(sources) - 1)] * (len(sources) - 1) + [1 - REVISE_REAL]
    items = Revisions(tokenizer, Verification(tokenizer, seed + 3), mixed(sources, odds, seed + 4), seed + 5, shape.context)
    train(WORK, name, shape, schedule, lambda _: items.batch(schedule.batch), start, validate=validate)


def first_round(rng):
    return [sampled_histories(rows_of(WORK / "rev-samples.jsonl")[REVISE_HELD:], rng)]


def second_round(rng):
    return [*first_round(rng), chained_histories(rows_of(WORK / "rev-chains.jsonl"), rng)]


def export_stage():
    about = {"pico-s": ("generator", "F16"), "pico-prm": ("process reward model", "F16"), "pico-l": ("larger generator", "Q8_0"),
             "pico-rev": ("reviser, and verifier of revisions,", "F16")}
    for name, (role, kind) in about.items():
        if MODELS[name].exists():
            gguf.write(HERE / f"{name}.gguf", SHAPES[name], np.load(MODELS[name]), Tokenizer(), name,
                       f"{role} for chain and countdown problems", kind, FLAGS.get(name, ()))


STAGES = {
    "pico-s": lambda: language_stage("pico-s"), "samples": lambda: samples_stage("samples"),
    "verify": lambda: verify_stage("verify", "pico-s", "samples", 3), "samples-2": lambda: samples_stage("samples-2"),
    "verify-2": lambda: verify_stage("verify-2", "verify", "samples-2", 5), "rollouts": rollouts_stage,
    "pico-prm": calibrate_stage, "pico-l": lambda: language_stage("pico-l"), "rev-samples": revise_samples,
    "revise": lambda: revise_stage("revise", parameters("pico-prm"), first_round, 60), "rev-chains": revise_chains,
    "pico-rev": lambda: revise_stage("pico-rev", np.load(WORK / "revise.npy"), second_round, 80), "export": export_stage,
}


def main(names):
    WORK.mkdir(parents=True, exist_ok=True)
    for name in names or STAGES:
        print(f"== {name}", flush=True)
        STAGES[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
