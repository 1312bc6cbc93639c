"""What a printed problem says, and which prefixes of a solution are right."""

import re
from dataclasses import dataclass, field

from model import reachable

SIGN = {"more": "+", "fewer": "-", "times": "*"}
NAME = r"([A-Z][a-z]+)"
COUNT = r"(?:(twice)|(\d+) times)"
FORMS = [
    (re.compile(rf"{NAME} \w+ (\d+) (more|fewer) \w+ than {NAME}"), lambda m: (m[1], m[3], int(m[2]), m[4])),
    (re.compile(rf"{NAME} \w+ (\d+) \w+ (more|fewer) than {NAME}"), lambda m: (m[1], m[3], int(m[2]), m[4])),
    (re.compile(rf"Compared with {NAME}, {NAME} \w+ (\d+) (more|fewer) \w+"), lambda m: (m[2], m[4], int(m[3]), m[1])),
    (re.compile(rf"{NAME} \w+ {COUNT} as many \w+ as {NAME}(?: \w+)?"), lambda m: (m[1], "times", int(m[3] or 2), m[4])),
    (re.compile(rf"Compared with {NAME}, {NAME} \w+ {COUNT} as many \w+"), lambda m: (m[2], "times", int(m[4] or 2), m[1])),
]
STATED = re.compile(rf"{NAME} \w+ (\d+) \w+")


@dataclass
class Chain:
    amounts: dict = field(default_factory=dict)    # person -> stated amount
    relations: dict = field(default_factory=dict)  # person -> (op, k, from)
    asked: str = ""

    def path(self):
        people, who = [], self.asked
        while who in self.relations:
            people.append(who)
            who = self.relations[who][2]
        return people[::-1]


def parse_chain(prompt):
    facts = Chain()
    *sentences, question = prompt.split(". ")
    for sentence in sentences:
        for form, read in FORMS:
            m = form.fullmatch(sentence)
            if m:
                who, op, k, source = read(m)
                facts.relations[who] = (op, k, source)
                break
        else:
            m = STATED.fullmatch(sentence)
            facts.amounts[m[1]] = int(m[2])
    facts.asked = re.search(rf" {NAME} \w+\?$", question)[1]
    return facts


def apply(op, a, k):
    return a + k if op == "more" else a - k if op == "fewer" else a * k


def chain_line(who, op, k, source, a, b, sign, c):
    words = "times" if op == "times" else f"{op} than"
    return f"{who}: {k} {words} {source}, {a}{sign}{b}={c}"


TARGET = re.compile(r"(?:make|Make|Reach) (\d+)\b")


def parse_countdown(prompt):
    """(sorted numbers, target)"""
    target = TARGET.search(prompt)
    rest = prompt[:target.start()] + prompt[target.end():]
    return sorted(int(n) for n in re.findall(r"\d+", rest)), int(target[1])


def value(op, a, b):
    """The result of a legal step, else None."""
    if op == "/":
        c = a // b if b and a % b == 0 else 0
    else:
        c = a + b if op == "+" else a - b if op == "-" else a * b
    return c if 1 <= c <= 199 else None


def without(left, *numbers):
    """The list without these numbers, or None where one is missing."""
    rest = list(left)
    for n in numbers:
        if n not in rest:
            return None
        rest.remove(n)
    return rest


def steps(left, target, alive=True):
    """All plain legal steps (a, op, b, c), larger number first; with `alive` only those that keep the target reachable."""
    seen = set()
    for i, x in enumerate(left):
        for j in range(i):
            a, b = max(x, left[j]), min(x, left[j])
            for op in "+-*/":
                c = value(op, a, b)
                if c is not None and (a, op, b) not in seen:
                    seen.add((a, op, b))
                    if not alive or reachable([*without(left, a, b), c], target):
                        yield a, op, b, c


STEP = re.compile(r"(\d+) ([-+*/]) (\d+) = (\d+) \(left: (\d+(?: \d+)*)\)")
