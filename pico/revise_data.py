"""Data of the reviser (Snell et al. 2024, section 6.1): attempts in a row, and the right solution that should follow each of them."""

import json
import random

from corrupt import spoiled
from data import prompt_tokens
from facts import STEP, parse_countdown, reachable, steps, value, without
from grade import right
from labels import STEP_END
from model import Batch
from tokenizer import EOS

HISTORY = 4     # earlier attempts in context, at most
JUDGING = 0.5   # weight of the verification losses of attempts, against the language loss of solutions
AGAIN = 0.12    # of the attempts made up for a fresh problem, those that are the reference solution


def valid(text):
    """It ends with an answer line, as every attempt of a history does."""
    return text.split("\n")[-1].startswith("#### ")


def history_tokens(tokenizer, problem, history):
    """The prompt, then earlier attempts, each closed by a line break."""
    return [*prompt_tokens(tokenizer, problem), *tokenizer.encode("".join(text + "\n" for text in history))]


def rows_of(path):
    return [json.loads(line) for line in open(path)]


def sampled_histories(rows, rng):
    """Endless (problem, attempts) from independent samples, in any order."""
    rows = [row for row in rows if any(map(valid, row["attempts"]))]
    while True:
        row = rng.choice(rows)
        texts = [text for text in row["attempts"] if valid(text)]
        yield row["problem"], rng.sample(texts, min(HISTORY, len(texts)))


def chained_histories(rows, rng):
    """Endless (problem, attempts) from chains of a reviser, in their order, from any attempt on."""
    rows = [row for row in rows if any(map(valid, row["attempts"]))]
    while True:
        row = rng.choice(rows)
        texts = [text for text in row["attempts"] if valid(text)]
        begin = rng.randrange(max(1, len(texts) - HISTORY + 1))
        yield row["problem"], texts[begin:begin + HISTORY]


def spoiled_histories(problems, rng):
    """(problem, attempts) from reference solutions, most of them spoiled."""
    for problem in problems:
        made = ["\n".join(spoiled(problem, rng)) if rng.random() >= AGAIN else problem["solution"] for _ in range(rng.randint(0, HISTORY))]
        yield problem, [text for text in made if valid(text)]


def revised(problem, history, rng):
    """The right solution that should follow: the last right attempt, else the attempt that stays right for longest, mended."""
    for text in reversed(history):
        if right(problem, text):
            return text
    if problem["family"] == "chain" or not history:
        return problem["solution"]
    numbers, target = parse_countdown(problem["prompt"])
    kept = max((alive_lines(text, numbers, target) for text in reversed(history)), key=lambda lines: len(lines[0]))
    return completed(*kept, problem["solution"], target, rng)


def alive_lines(text, numbers, target):
    """The first lines of a countdown attempt that are right and can still reach the target, and the numbers left."""
    left, lines = list(numbers), []
    for line in text.split("\n"):
        m = STEP.fullmatch(line)
        rest = without(left, int(m[1]), int(m[3])) if m else None
        c = value(m[2], int(m[1]), int(m[3])) if rest is not None else None
        if c is None or int(m[4]) != c or not reachable([*rest, c], target):
            break
        now = sorted([*rest, c])
        if line.split(" (left: ")[1] != " ".join(map(str, now)) + ")":
            break
        left, lines = now, [*lines, line]
    return lines, left


def completed(lines, left, reference, target, rng):
    """Goes on as the reference solution where that begins alike, else by any right steps."""
    plan = reference.split("\n")
    if plan[:len(lines)] == lines:
        return reference
    lines = list(lines)
    while len(left) > 1:
        a, op, b, c = rng.choice(list(steps(left, target)))
        left = sorted([*without(left, a, b), c])
        lines.append(f"{a} {op} {b} = {c} (left: {' '.join(map(str, left))})")
    return "\n".join([*lines, f"#### {target}"])


class Revisions:
    """Items of attempts in a row. Behind each of them, and before the first, stands the right solution that should follow; it sees
    the prompt and the attempts before it, and carries the language loss. The attempts carry the verification losses only."""

    def __init__(self, tokenizer, verification, histories, seed, context):
        """histories: endless (problem, attempts, the oldest first)."""
        self.tokenizer, self.verification, self.histories, self.context = tokenizer, verification, histories, context
        self.rng = random.Random(seed)

    def item(self, batch):
        problem, history = next(self.histories)
        judged = [self.judged(problem, text) for text in history]
        solutions = [[*self.tokenizer.encode(revised(problem, history[:n], self.rng)), EOS] for n in range(len(history) + 1)]
        room, longest = self.context - len(prompt_tokens(self.tokenizer, problem)), max(map(len, solutions))
        while sum(len(one.token) for one in judged) + longest > room:
            judged.pop()
        batch.prompt(prompt_tokens(self.tokenizer, problem))
        ends = [batch.size()]
        for one in judged:
            start = len(batch.token)
            batch.extend(one.token)
            batch.label[start:], batch.binary[start:] = one.label, one.binary
            ends.append(batch.size())
        for end, tokens in zip(ends, solutions):
            batch.branch(end, tokens)
        batch.close()

    def judged(self, problem, text):
        """The attempt with a verification loss on every token; its last one says whether the answer is right."""
        one = self.verification.label(problem, text.split("\n"))
        one.binary = [JUDGING * max(weight, end) for weight, end in zip(one.binary, one.reserved)]
        one.label[-1], one.binary[-1] = float(right(problem, text)), JUDGING * STEP_END
        return one

    def batch(self, tokens):
        batch = Batch()
        while len(batch.token) < tokens:
            self.item(batch)
        return batch
