"""Plausible wrong solutions: one place is spoiled, and what follows is consistent with it."""

from facts import SIGN, STEP, apply, chain_line, parse_chain, parse_countdown, steps, without


def spoiled(problem, rng):
    """Lines of a wrong solution of a problem."""
    if problem["family"] == "chain":
        if "facts" not in problem:
            problem["facts"] = parse_chain(problem["prompt"])
        return corrupt_chain(problem["facts"], rng)
    numbers, target = parse_countdown(problem["prompt"])
    reference = [(int(m[1]), m[2], int(m[3]), int(m[4])) for m in map(STEP.fullmatch, problem["solution"].split("\n")) if m]
    return corrupt_countdown(numbers, target, reference, rng)


def near(rng, n):
    """A number that could be mistaken for n: off by a little, by ten, or in one digit."""
    kind = rng.random()
    if kind < 0.4:
        return max(1, n + rng.choice((-1, 1, -2, 2)))
    if kind < 0.65:
        return max(1, n + rng.choice((-10, 10)))
    digits = list(str(n))
    digits[rng.randrange(len(digits))] = rng.choice("123456789")
    return int("".join(digits))


def other(rng, options, n):
    options = [x for x in options if x != n]
    return rng.choice(options) if options else near(rng, n)


CHAIN_KINDS = ("k", "k text", "k sum", "op", "op text", "sign", "from", "from text", "carry", "carry", "carry", "sum", "sum", "sum",
               "person", "person", "person", "early", "answer")


def corrupt_chain(facts, rng):
    """Lines of a wrong solution of a chain problem (facts.Chain)."""
    path = facts.path()
    kind = rng.choice(CHAIN_KINDS)
    at = len(path) if kind == "answer" else rng.randrange(len(path))
    known, lines, i = dict(facts.amounts), [], 0
    numbers = [*facts.amounts.values(), *(r[1] for r in facts.relations.values())]
    amount = None
    while i < len(path):
        spoil = kind if i == at and len(lines) >= i else None
        who = path[i]
        if spoil == "early" and i > 0:
            break
        if spoil == "person":
            who, i = wrong_person(facts, path, i, known, rng)
        op, k, source = facts.relations.get(who, ("more", rng.choice(numbers), path[0]))
        a = known.get(source, amount if amount is not None else rng.choice(list(facts.amounts.values())))
        line, amount = spoiled_line(spoil, who, op, k, source, a, known, numbers, facts, rng)
        known[who] = amount
        lines.append(line)
        i += 1
        if spoil == "person" and rng.random() < 0.25:
            break
    if amount is None:
        amount = rng.choice(list(facts.amounts.values()))
    if kind == "answer":
        amount = near(rng, amount) if rng.random() < 0.5 else other(rng, list(known.values()), amount)
    return [*lines, f"#### {amount}"]


def wrong_person(facts, path, i, known, rng):
    """Somebody who is not next, and the index from which the path goes on."""
    off = [p for p, r in facts.relations.items() if p not in path and r[2] in known and p not in known]
    choice = rng.random()
    if off and choice < 0.6:
        return rng.choice(off), i if rng.random() < 0.3 else i - 1 if rng.random() < 0.3 else i
    if i + 1 < len(path) and choice < 0.85:
        return path[rng.randrange(i + 1, len(path))], i + 1
    rest = [p for p in {*facts.amounts, *facts.relations} if p != path[i]]
    return rng.choice(rest), i


def spoiled_line(spoil, who, op, k, source, a, known, numbers, facts, rng):
    """One line, spoiled in the named way or right, and the amount it claims."""
    told_k, told_op, told_source, b, sign_op = k, op, source, k, op
    if spoil == "k":
        told_k = b = other(rng, numbers, k) if rng.random() < 0.6 else near(rng, k)
    elif spoil == "k text":
        told_k = other(rng, numbers, k)
    elif spoil == "k sum":
        b = other(rng, numbers, k) if rng.random() < 0.5 else near(rng, k)
    elif spoil in ("op", "op text", "sign"):
        wrong = rng.choice([o for o in SIGN if o != op])
        told_op = wrong if spoil != "sign" else op
        sign_op = wrong if spoil != "op text" else op
    elif spoil in ("from", "from text"):
        told_source = rng.choice([p for p in (*known, *facts.relations) if p != source])
        if spoil == "from":
            a = known.get(told_source, a)
    elif spoil == "carry":
        a = other(rng, [*known.values(), *numbers] if rng.random() < 0.4 else list(known.values()), a) if rng.random() < 0.6 else near(rng, a)
    c = apply(sign_op, a, b)
    if c < 1:
        c = a + 1
    if spoil == "sum":
        c = other(rng, [apply(o, a, b) for o in SIGN if apply(o, a, b) > 0], c) if rng.random() < 0.2 else near(rng, c)
    return chain_line(who, told_op, told_k, told_source, a, b, SIGN[sign_op], c), c


COUNTDOWN_KINDS = ("dead", "dead", "dead", "dead", "sum", "sum", "left", "left", "missing", "force", "answer", "alive")


def corrupt_countdown(numbers, target, reference, rng):
    """Lines of a countdown solution with a mistake, a dead end, or (kind "alive") another right way on."""
    kind = rng.choice(COUNTDOWN_KINDS)
    last = len(reference) - 1
    at = last if kind in ("force", "answer") else rng.randrange(last + 1)
    left, lines = list(numbers), []
    for i in range(len(numbers) - 1):
        on_reference = i < at or kind == "answer"
        if on_reference:
            a, op, b, c = reference[i]
            told = c
        else:
            spoil = kind if i == at else "dead"
            a, op, b, c = pick_step(left, target, spoil, rng)
            final = len(left) == 2
            lie = final and c != target and rng.random() < (1.0 if spoil == "force" else 0.75)
            told = target if lie else near(rng, c) if spoil == "sum" else c
            if spoil == "missing":
                a = near(rng, a) if rng.random() < 0.5 else rng.choice([*numbers, target])
        rest = without(left, a, b)
        rest = (rest if rest is not None else without(left, b) or list(left))[: len(left) - 2]
        left = sorted([*rest, told])
        if i == at and kind == "left":
            left = spoil_list(left, numbers, rng)
        lines.append(f"{a} {op} {b} = {told} (left: {' '.join(map(str, left))})")
        if len(left) < 2:
            break
    answer = target if rng.random() < 0.9 else left[-1]
    if kind == "answer":
        answer = near(rng, target)
    return [*lines, f"#### {answer}"]


def pick_step(left, target, spoil, rng):
    if spoil == "alive" and len(left) <= 4:
        good = list(steps(left, target))
        if good:
            return rng.choice(good)
    options = list(steps(left, target, alive=False))
    plain = [s for s in options if not (s[2] == 1 and s[1] in "*/")] or options
    if not plain:
        a, b = max(left[:2]), min(left[:2])
        return a, "+", b, a + b
    return rng.choice(plain)


def spoil_list(left, numbers, rng):
    left, kind = list(left), rng.random()
    i = rng.randrange(len(left))
    if kind < 0.3 and len(left) > 1:
        del left[i]
    elif kind < 0.6:
        left[i] = near(rng, left[i])
    else:
        left[i] = rng.choice(numbers)
    return sorted(left)
