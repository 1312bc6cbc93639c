"""The recipe, stage by stage: python train.py [stage ...]; finished stages are kept, a killed one goes on.

pico-s -> samples -> verify -> samples-2 -> verify-2 -> rollouts -> pico-prm -> pico-l
-> rev-samples -> pico-rev -> rev-chains -> pico-rev-orm -> export
"""

import json
import random
import sys

import numpy as np

import gguf
from config import (CALIBRATE, EASY_LEVEL, EASY_TOKENS, FAMILIES, HERE, LANGUAGE_LEVELS, MODELS, PROBLEM_SEED, PROBLEMS, REVISE,
                    REVISE_CHAINS, REVISE_LEVELS, ROLLOUTS, SAMPLED_SHARE, SAMPLES, SAMPLES_EACH, SCHEDULES, SHAPES, VERIFY_FAMILIES, VERIFY_LEVELS, WORK)
from data import drawn, language_batch, mixed, print_problems, prompt_tokens
from loop import train
from model import Batch, run, sample
from revise import chains_file
from revise_data import Chains, Trajectories, samples_file, sorted_samples
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
    tokenizer, flat, rows = Tokenizer(), np.load(MODELS["pico-s"]), []
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
    tokenizer, flat, rows, n = Tokenizer(), np.load(MODELS["pico-s"]), [], ROLLOUTS["problems"]
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
    """Many solutions by pico-s at a higher temperature."""
    samples_file(WORK / "rev-samples.jsonl", SHAPES["pico-s"], np.load(MODELS["pico-s"]), Tokenizer(),
                 revise_problems(REVISE["problems"], 50), REVISE["samples"], REVISE["temperature"])


def revise_chains():
    """Chains by the reviser: what its verifier will meet."""
    chains_file(WORK / "rev-chains.jsonl", SHAPES["pico-rev"], np.load(MODELS["pico-rev"]), Tokenizer(),
                revise_problems(REVISE_CHAINS["problems"], 70), REVISE_CHAINS["chains"], REVISE_CHAINS["links"])


def rows_of(name):
    return [json.loads(line) for line in open(WORK / f"{name}.jsonl")]


def revise_few():
    """The samples that the verifier has too: few of each problem, but of many; those that hold right and wrong ones."""
    problems = {p["id"]: p for ps in training_problems().values() for p in ps[-SAMPLES["samples-2"]:]}
    rows = [sorted_samples(problems[row["id"]], row["samples"]) for row in rows_of("samples-2")]
    return [row for row in rows if row["right"] and row["wrong"]]


def revise_stage(name, start, natural):
    """The reviser: cross-entropy on the right solution behind wrong ones, until the validation loss turns."""
    rows, schedule, held = rows_of("rev-samples"), SCHEDULES["pico-rev"], REVISE["held out"]
    drawn_from = Trajectories(Tokenizer(), [rows[held:], revise_few()], 61, natural)
    other = Trajectories(Tokenizer(), [rows[:held]], 62)
    check = other.batch(REVISE["held out tokens"])

    def validate(flat):
        sums = run(SHAPES["pico-rev"], flat, check, GOOD, BAD).sums
        return float(sums[0] / sums[1])

    train(WORK, name, SHAPES["pico-rev"], schedule, lambda _: drawn_from.batch(schedule.batch), np.load(WORK / f"{start}.npy"),
          validate=validate)


def revise_verifier_stage():
    """The reviser's verifier: exact labels on every token, the outcome at the end, the earlier attempts in context."""
    chains = [(row["problem"], attempts) for row in rows_of("rev-chains") for attempts in row["chains"]]
    rng = random.Random(80)
    samples = [(row["problem"], mixed_samples(row, rng)) for row in rows_of("rev-samples")]
    schedule, shape = SCHEDULES["pico-rev-orm"], SHAPES["pico-rev-orm"]
    items = Chains(Verification(Tokenizer(), 81), [*chains, *samples], 82, shape.context)
    train(WORK, "pico-rev-orm", shape, schedule, lambda _: items.batch(schedule.batch), np.load(MODELS["pico-prm"]))


def mixed_samples(row, rng):
    attempts = row["right"] + row["wrong"]
    return rng.sample(attempts, len(attempts))


def export_stage():
    about = {"pico-s": ("generator", "F16"), "pico-prm": ("process reward model", "F16"), "pico-l": ("larger generator", "Q8_0")}
    for name, (role, kind) in about.items():
        if MODELS[name].exists():
            gguf.write(HERE / f"{name}.gguf", SHAPES[name], np.load(MODELS[name]), Tokenizer(), name,
                       f"{role} for chain and countdown problems", kind)


STAGES = {
    "pico-s": lambda: language_stage("pico-s"), "samples": lambda: samples_stage("samples"),
    "verify": lambda: verify_stage("verify", "pico-s", "samples", 3), "samples-2": lambda: samples_stage("samples-2"),
    "verify-2": lambda: verify_stage("verify-2", "verify", "samples-2", 5), "rollouts": rollouts_stage,
    "pico-prm": calibrate_stage, "pico-l": lambda: language_stage("pico-l"), "rev-samples": revise_samples,
    "pico-rev": lambda: revise_stage("pico-rev", "pico-s", 0.0), "rev-chains": revise_chains,
    "pico-rev-orm": revise_verifier_stage, "export": export_stage,
}


def main(names):
    WORK.mkdir(parents=True, exist_ok=True)
    for name in names or STAGES:
        print(f"== {name}", flush=True)
        STAGES[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
