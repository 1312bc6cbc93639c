"""Whether a completion is right, as the product's gradeProblem decides (src/problems/grade.ts)."""

import re
from fractions import Fraction

from facts import parse_countdown

STEP = re.compile(r"^\s*(\d{1,9})\s*([-+*/])\s*(\d{1,9})\s*=\s*(\d{1,9})(?!\d)")


def right(problem, text):
    if problem["family"] == "chain":
        at = text.rfind("####")
        m = re.match(r"\s*(-?\d+)\b", text[at + 4:]) if at >= 0 else None
        return bool(m) and int(m[1]) == int(problem["answer"])
    numbers, target = parse_countdown(problem["prompt"])
    return exact(numbers, text.split("\n")) == target


def exact(numbers, lines):
    """What the steps truly compose when every number is used once, else None: false arithmetic is not repaired."""
    terms = [(n, Fraction(n)) for n in numbers]  # (the number as it is written, what it truly is)
    for line in lines:
        m = STEP.match(line)
        if not m:
            continue
        taken = []
        for stated in (int(m[1]), int(m[3])):
            term = next((t for t in terms if t[0] == stated), None)
            if term is None:
                return None
            terms.remove(term)
            taken.append(term[1])
        a, b = taken
        if m[2] == "/" and b == 0:
            return None
        true = a + b if m[2] == "+" else a - b if m[2] == "-" else a * b if m[2] == "*" else a / b
        terms.insert(0, (int(m[4]), true))
    return terms[0][1] if len(terms) == 1 else None
