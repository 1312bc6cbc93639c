"""Batches that teach checking: right, spoiled and sampled solutions of one prompt in one item."""

import random

from corrupt import spoiled
from data import prompt_tokens
from labels import label_chain, label_countdown
from model import Batch

ROOM = 300  # tokens of an item, about


class Verification:
    """Draws items from problems; `samples` maps a problem's id to solutions (text) that a generator wrote."""

    def __init__(self, tokenizer, seed, samples=None, truncate=0.6):
        self.tokenizer, self.rng, self.samples = tokenizer, random.Random(seed), samples or {}
        self.truncate = truncate

    def encode_lines(self, lines):
        return [t for line in lines for t in (*self.tokenizer.encode(line), self.tokenizer.newline)]

    def label(self, problem, lines):
        newline = self.tokenizer.newline
        if problem["family"] == "chain":
            return label_chain(self.encode_lines(lines), self.encode_lines(problem["solution"].split("\n")), newline)
        return label_countdown(lines, problem["prompt"], self.tokenizer.encode, newline)

    def cut(self, solution):
        """Often ends a wrong solution at the end of its first wrong line."""
        wrong = next((i for i, y in enumerate(solution.label) if y == 0), None)
        if wrong is None or self.rng.random() >= self.truncate:
            return solution
        end = next((i for i in range(wrong, len(solution.token)) if solution.token[i] == self.tokenizer.newline), wrong)
        for name in ("token", "target", "lm", "label", "binary", "reserved"):
            setattr(solution, name, getattr(solution, name)[: end + 1])
        return solution

    def item(self, batch, problem):
        batch.prompt(prompt_tokens(self.tokenizer, problem))
        used, right, first = len(batch.token) - batch.offset[-1], True, None
        while first is None or used < ROOM:
            sampled = self.samples.get(problem["id"]) if not right else None
            if sampled and self.rng.random() < 0.5:
                solution = self.label(problem, self.rng.choice(sampled).strip().split("\n"))
            elif right:
                solution = self.label(problem, problem["solution"].split("\n"))
            else:
                solution = self.cut(self.label(problem, spoiled(problem, self.rng)))
            if first is not None and used + len(solution.token) > ROOM + 60:
                break
            if first is None:
                first = solution
                batch.last_prompt_target(solution.token[0], 1.0)
            batch.solution(solution.token, solution.target, solution.lm, solution.label, solution.binary, solution.reserved)
            used += len(solution.token)
            right = self.rng.random() < 0.2
        batch.close()

    def batch(self, problems, tokens):
        batch = Batch()
        while len(batch.token) < tokens:
            self.item(batch, next(problems))
        return batch
