"""Data of the reviser and its verifier (Snell et al. 2024, section 6.1): solutions in a row, each revised into the next."""

import json
import random
from functools import lru_cache

from data import add_solution, prompt_tokens
from grade import right
from model import Batch, sample
from tokenizer import EOS

HISTORY = 4  # earlier solutions in context, at most
ROOM = 190   # tokens of one solution, at most


def valid(text):
    """It ends with an answer line, as every solution of a history does."""
    return text.split("\n")[-1].startswith("#### ")


def sorted_samples(problem, texts):
    """A problem with its valid samples, right and wrong ones apart."""
    kept = [t for t in map(str.strip, texts) if valid(t)]
    truth = [right(problem, t) for t in kept]
    return {"problem": problem, "right": [t for t, y in zip(kept, truth) if y], "wrong": [t for t, y in zip(kept, truth) if not y]}


def samples_file(path, shape, flat, tokenizer, problems, count, temperature):
    """Solves `problems` `count` times each; a file that is there is gone on with."""
    part, done = 100, len(open(path).readlines()) if path.exists() else 0
    for at in range(done, len(problems), part):
        some = problems[at:at + part]
        groups = sample(shape, flat, [prompt_tokens(tokenizer, p) for p in some], count, temperature, ROOM, [EOS], at)
        rows = [sorted_samples(p, [tokenizer.decode(t) for t in g]) for p, g in zip(some, groups)]
        with open(path, "a") as out:
            out.write("".join(json.dumps(row) + "\n" for row in rows))
        print(f"{path.name}: {at + len(some)} of {len(problems)}", flush=True)
    return [json.loads(line) for line in open(path)]


@lru_cache(maxsize=1_000_000)
def distance(a, b):
    """Edit distance in characters (Myers 1999, as Hyyrö writes it: a column of the table is the bits of two integers)."""
    at, full, last = {}, (1 << len(a)) - 1, 1 << len(a) >> 1
    for i, c in enumerate(a):
        at[c] = at.get(c, 0) | 1 << i
    more, less, edits = full, 0, len(a)
    for c in b:
        same = at.get(c, 0)
        across = (((same & more) + more) ^ more) | same
        up, down = (less | ~(across | more)) & full, more & across
        edits += bool(up & last) - bool(down & last)
        up, down = (up << 1 | 1) & full, down << 1 & full
        more, less = (down | ~(same | less | up)) & full, up & (same | less)
    return edits if a else len(b)


def history_tokens(tokenizer, problem, history):
    """The prompt, then earlier solutions, each closed by a line break."""
    return [*prompt_tokens(tokenizer, problem), *tokenizer.encode("".join(text + "\n" for text in history))]


class Trajectories:
    """Draws (problem, history, right solution), from each source of rows as often; `natural` is the share of histories that hold right
    solutions too, as often as they were sampled, the others are the paper's: only wrong ones, the last the nearest."""

    def __init__(self, tokenizer, sources, seed, natural=0.0):
        self.tokenizer, self.rng, self.natural = tokenizer, random.Random(seed), natural
        self.sources = [[row for row in rows if row["right"]] for rows in sources]

    def draw(self):
        row, count = self.rng.choice(self.rng.choice(self.sources)), self.rng.randint(0, HISTORY)
        answer = self.rng.choice(row["right"])
        if self.rng.random() < self.natural:
            return self.revised(row, answer, count)
        wrong = list(row["wrong"])
        count = min(count, len(wrong))
        if count == 0:
            return row["problem"], [], answer
        last = min(wrong, key=lambda text: distance(answer, text))
        wrong.remove(last)
        return row["problem"], [*self.rng.sample(wrong, count - 1), last], answer

    def revised(self, row, answer, count):
        """Any samples as the history; the last right one of it is to be kept, a wrong last one is often the nearest."""
        history = self.rng.sample(row["right"] + row["wrong"], min(count, len(row["right"] + row["wrong"])))
        kept = [text for text in history if text in row["right"]]
        answer = kept[-1] if kept else answer
        if history and history[-1] in row["wrong"] and self.rng.random() < 0.5:
            history[-1] = min(row["wrong"], key=lambda text: distance(answer, text))
        return row["problem"], history, answer

    def add(self, batch):
        problem, history, answer = self.draw()
        batch.prompt(history_tokens(self.tokenizer, problem, history))
        add_solution(batch, [*self.tokenizer.encode(answer), EOS])
        batch.close()

    def batch(self, tokens):
        batch = Batch()
        while len(batch.token) < tokens:
            self.add(batch)
        return batch


class Chains:
    """Items that teach the verifier: attempts of a chain in a row, each judged behind the earlier ones."""

    def __init__(self, verification, rows, seed, context):
        """rows: (problem, attempts in their order), any number of rows per problem."""
        self.verification, self.rows, self.rng, self.context = verification, rows, random.Random(seed), context

    def add(self, batch):
        problem, attempts = self.rng.choice(self.rows)
        begin = self.rng.randrange(max(1, len(attempts) - 1))
        batch.prompt(prompt_tokens(self.verification.tokenizer, problem))
        for text in attempts[begin:begin + HISTORY + 1]:
            one = self.verification.label(problem, text.split("\n"))
            if batch.size() + len(one.token) > self.context:
                break
            place = len(batch.token)
            batch.extend(one.token)
            batch.label[place:], batch.binary[place:], batch.reserved[place:] = one.label, one.binary, one.reserved
            batch.label[-1] = float(right(problem, text))
        batch.close()

    def batch(self, tokens):
        batch = Batch()
        while len(batch.token) < tokens:
            self.add(batch)
        return batch
