"""Searches for the reproduction: python searches.py SPLIT PER_LEVEL SEED NAME, NAME one of those in SEARCHES.

Beam search by pico-s and pico-prm as the strategy `beam` has it (src/strategies/beam.ts), and chains of revisions
by pico-rev, which scores them too, with the kernels of the training, ten times as fast as through llama.cpp. One line per problem
in work/bank-SPLIT/NAME-FAMILY-LEVEL.jsonl: every completed candidate with its score, and what was evaluated when
shared prefixes are evaluated once, in tokens and in tokens attended to. A file that is there is kept, and gone on with
when it has fewer problems than PER_LEVEL.
"""

import json
import sys

from bank import LEVELS, MOST
from config import SHAPES, WORK, parameters
from data import print_problems, prompt_tokens
from model import sample
from revise import chains, final_scores, shown
from scoring import line_scores
from tokenizer import EOS, Tokenizer

ROUNDS = 40
SEARCHES = {f"beam-{n}-{m}": ("beam", n, m) for n, m in ((4, 4), (16, 4), (64, 4), (64, 8), (256, 4))}
SEARCHES |= {f"revisions-{n}": ("revisions", n, 0) for n in (16, 32, 64, 128)}
AT_ONCE = 50  # problems


class Spent:
    """Evaluated tokens of one role, and the positions that they attended to."""

    def __init__(self):
        self.tokens = self.attended = 0

    def add(self, before, count):
        self.tokens += count
        self.attended += count * before + count * (count + 1) // 2

    def row(self):
        return {"tokens": self.tokens, "attended": self.attended}


class Beam:
    def __init__(self, tokens, lines, complete):
        self.tokens, self.lines, self.complete, self.count = tokens, lines, complete, 1
        self.score = None


class Search:
    """One problem: its living beams as (beam, width), and all that was completed."""

    def __init__(self, tokenizer, problem, n):
        self.problem, self.prompt = problem, prompt_tokens(tokenizer, problem)
        self.kept, self.completed = [(Beam([], [], False), n)], []
        self.generator, self.verifier = Spent(), Spent()
        self.generator.add(0, len(self.prompt)), self.verifier.add(0, len(self.prompt))

    @property
    def open(self):
        return [(beam, width) for beam, width in self.kept if not beam.complete]


def step(tokenizer, search, parent, tokens):
    """The beam that a sampled step makes, or None when it was cut."""
    search.generator.add(len(search.prompt) + len(parent.tokens), len(tokens))
    if not tokens or tokens[-1] not in (tokenizer.newline, EOS):
        return None
    line = tokenizer.decode(tokens).strip()
    complete = tokens[-1] == EOS or line == "" or line.startswith("####")
    whole = [*parent.tokens, *(t for t in tokens if t != EOS)]
    if not complete and len(whole) >= MOST:
        return None
    return Beam(whole, [*parent.lines, *([line] if line else [])], complete)


def merged(beams):
    first = {}
    for beam in beams:
        key = (beam.complete, tuple(beam.lines))
        if key in first:
            first[key].count += beam.count
        else:
            first[key] = beam
    return list(first.values())


def propose(tokenizer, searches, seed):
    """The next steps of every open beam of every search, merged: a list per search."""
    out = [[] for _ in searches]
    jobs = [(i, beam, width) for i, search in enumerate(searches) for beam, width in search.open]
    for width in sorted({width for _, _, width in jobs}):
        some = [(i, beam) for i, beam, w in jobs if w == width]
        prefixes = [[*searches[i].prompt, *beam.tokens] for i, beam in some]
        drawn = sample(SHAPES["pico-s"], parameters("pico-s"), prefixes, width, 1.0, MOST, [tokenizer.newline, EOS], seed + width)
        for (i, beam), group in zip(some, drawn):
            steps = [step(tokenizer, searches[i], beam, tokens) for tokens in group]
            out[i] += [one for one in steps if one is not None]
    return [merged(beams) for beams in out]


def score(tokenizer, searches, proposed):
    items = [(s.problem, ["\n".join(b.lines) for b in beams]) for s, beams in zip(searches, proposed) if beams]
    found = iter(line_scores(tokenizer, SHAPES["pico-prm"], parameters("pico-prm"), items))
    for search, beams in zip(searches, proposed):
        if not beams:
            continue
        for beam, steps in zip(beams, next(found)):
            beam.score = steps[-1] if steps else 0.0
            new = len(tokenizer.encode(beam.lines[-1])) + 1 if beam.lines else 0
            search.verifier.add(len(search.prompt) + max(0, len(beam.tokens) - new), new)


def select(beams, places, width):
    kept, left = [], places
    for beam in sorted(beams, key=lambda one: -one.score):
        taken = min(left, beam.count)
        if taken == 0:
            break
        kept.append((beam, taken if beam.complete else taken * width))
        left -= taken
    return kept


def beam_searches(tokenizer, problems, n, width, seed):
    searches = [Search(tokenizer, p, n) for p in problems]
    for at in range(ROUNDS):
        living = [s for s in searches if s.open]
        if not living:
            break
        proposed = propose(tokenizer, living, seed + 1000 * at)
        score(tokenizer, living, proposed)
        for search, beams in zip(living, proposed):
            search.completed += [(b.lines, b.score, b.count) for b in beams if b.complete]
            carried = []
            for beam, taken in search.kept:
                if beam.complete:
                    beam.count = taken
                    carried.append(beam)
            search.kept = select([*carried, *beams], n // width, width)
    for search in searches:
        candidates = [{"text": "\n".join(lines), "score": s, "count": count} for lines, s, count in search.completed]
        yield {"id": search.problem["id"], "generator": search.generator.row(), "verifier": search.verifier.row(), "candidates": candidates}


def revision_chains(tokenizer, problems, n, seed):
    """For every length r of 1, 2, 4, ..., n as many chains as make n attempts of it; shorter ones are the starts of longer ones."""
    shape, flat = SHAPES["pico-rev"], parameters("pico-rev")
    found, links = [[] for _ in problems], n
    while links >= 1:
        missing = n // links - (len(found[0]) if found[0] else 0)
        for rows, group in zip(found, chains(shape, flat, tokenizer, problems, missing, links, 1.0, seed + links)):
            rows += group
        links //= 2
    for problem, rows in zip(problems, found):
        asked = [[tuple(shown(tokenizer, problem, texts[:k], shape.context)) for k in range(len(texts))] for texts in rows]
        items = {(before, text): (problem, texts[:k], text) for texts, befores in zip(rows, asked) for k, (text, before) in enumerate(zip(texts, befores))}
        scores = dict(zip(items, final_scores(shape, flat, tokenizer, list(items.values()))))
        yield {"id": problem["id"], "chains": [[{"text": text, "score": float(scores[before, text]), "asked": len(before), "tokens": len(tokenizer.encode(text)) + 1}
                                                for text, before in zip(texts, befores)] for texts, befores in zip(rows, asked)]}


def main(split, per_level, seed, name):
    per_level, seed = int(per_level), int(seed)
    kind, n, width = SEARCHES[name]
    folder, tokenizer = WORK / f"bank-{split}", Tokenizer()
    for place, (family, level) in enumerate((f, l) for f, levels in LEVELS.items() for l in levels):
        path = folder / f"{name}-{family}-{level}.jsonl"
        ps = print_problems(family, per_level, seed, split, folder / f"problems-{family}-{level}.json", str(level))[:per_level]
        kept = path.read_text() if path.exists() else ""
        done = kept.count("\n")
        if done >= len(ps):
            continue
        with open(path.with_suffix(".part"), "w") as out:
            out.write(kept)
            for at in range(done, len(ps), AT_ONCE):
                some, start = ps[at:at + AT_ONCE], seed + 1_000_000 * (place + 1) + 10_000 * at
                rows = beam_searches(tokenizer, some, n, width, start) if kind == "beam" else revision_chains(tokenizer, some, n, start)
                for row in rows:
                    out.write(f"{json.dumps(row)}\n")
        path.with_suffix(".part").rename(path)
        print(f"{split} {name} {family} {level}: {len(ps)} problems", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
