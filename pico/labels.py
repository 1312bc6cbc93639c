"""Exact labels: for every token of a solution, is the prefix up to it still right?"""

from dataclasses import dataclass

from facts import STEP, parse_countdown, reachable, value, without

# Weights of the verification losses.
TOKEN, FIRST_WRONG, AFTER, STEP_END = 1.0, 2.0, 0.3, 3.0


@dataclass
class Labelled:
    token: list
    target: list    # next token under the language loss
    lm: list
    label: list     # 1 right, 0 wrong
    binary: list    # weight of the token's verification loss
    reserved: list  # weight at a line's end


def finish(tokens, first_wrong, unknown, targets, newline):
    """`first_wrong`: index of the first wrong token (or the length); `unknown`: indices without a label;
    `targets`: {index: next token} for the language loss."""
    n = len(tokens)
    label = [1.0 if i < first_wrong else 0.0 for i in range(n)]
    binary = [TOKEN if i < first_wrong else AFTER for i in range(n)]
    for i in range(first_wrong, min(n, first_wrong + 2)):
        binary[i] = FIRST_WRONG
    reserved = [0.0] * n
    lm, target = [0.0] * n, [0] * n
    for i, t in targets.items():
        lm[i], target[i] = 1.0, t
    for i, t in enumerate(tokens):
        if t == newline:
            reserved[i], binary[i], lm[i] = STEP_END, 0.0, lm[i] * 0.25
    for i in unknown:
        binary[i] = reserved[i] = 0.0
    return Labelled(list(tokens), target, lm, label, binary, reserved)


def label_chain(tokens, reference, newline):
    """The solution of a chain is unique, so a prefix is right when it is a prefix of the reference."""
    n = 0
    while n < len(tokens) and n < len(reference) and tokens[n] == reference[n]:
        n += 1
    targets = {i: reference[i + 1] for i in range(min(n, len(reference) - 1))}
    return finish(tokens, n, (), targets, newline)


def label_countdown(lines, prompt, encode, newline):
    """Lines of text -> labels. Within a legal step that loses the target, the tokens before `=` stay unlabelled."""
    left, target = parse_countdown(prompt)
    tokens, unknown, targets, wrong = [], [], {}, None
    for text in lines:
        start = len(tokens)
        tokens += [*encode(text), newline]
        if wrong is not None:
            continue
        m = STEP.fullmatch(text)
        rest = without(left, int(m[1]), int(m[3])) if m else None
        c = value(m[2], int(m[1]), int(m[3])) if rest is not None else None
        if text.startswith("####"):
            right = [*encode(f"#### {target}"), newline] if left == [target] else []
            wrong = first_difference(tokens, start, right, targets)
        elif c is None:
            head = encode(text.split(" =")[0])
            wrong = start + max(1, len(head))
            unknown += range(start, wrong)
        else:
            head = encode(f"{m[1]} {m[2]} {m[3]}")
            now = sorted([*rest, c])
            tail = [*encode(f" = {c} (left: {' '.join(map(str, now))})"), newline]
            equals = start + len(head)
            local = first_difference(tokens, equals, tail, targets)
            if reachable(now, target):
                for i in range(max(0, start - 1), equals - 1):
                    targets[i] = tokens[i + 1]
                wrong = local
            else:
                unknown += range(start, equals)
                wrong = equals
            left = now
    return finish(tokens, len(tokens) if wrong is None else wrong, unknown, targets, newline)


def first_difference(tokens, start, right, targets):
    """Where tokens[start:] leaves `right` (None: nowhere); right next tokens are added to `targets`."""
    for i, t in enumerate(right):
        if start + i > 0:
            targets[start + i - 1] = t
        if start + i >= len(tokens):
            return None
        if tokens[start + i] != t:
            return start + i
    return None if right else start
