import fc from "fast-check";
import { expect, test } from "vitest";
import { rng } from "../../src/random.ts";
import { keepBest } from "../../src/strategies/beam.ts";
import { byPosition, byScore, choose, countOf, vote } from "../../src/strategies/select.ts";
import type { Beam } from "../../src/strategies/steps.ts";
import type { Candidate } from "../../src/types.ts";
import { equivalent } from "../../src/verifiers/answer.ts";
import { candidates, shuffling } from "./worlds.ts";

const RULES = ["majority", "weighted", "best"] as const;
const scoredBy = (all: readonly Candidate[], score: (one: Candidate) => number) =>
  all.map((one) => ({ ...one, score: score(one) }));
const beams = candidates.map((all) => all.map((one): Beam => ({ ...one, count: countOf(one), tree: 0 })));

test("selection ignores the order in which candidates are given", () => {
  fc.assert(
    fc.property(candidates, shuffling, fc.constantFrom(...RULES), (all, shuffle, rule) => {
      expect(choose(shuffle(all), rule)).toEqual(choose(all, rule));
    }),
  );
});

test("with constant scores, weighted best-of-N and best-of-N are majority", () => {
  fc.assert(
    fc.property(candidates, fc.constantFrom(0, 0.1, 0.3, 1), (all, score) => {
      const same = scoredBy(all, () => score);
      const { selected } = choose(same, "majority");
      expect(choose(same, "weighted").selected).toEqual(selected);
      expect(choose(same, "best").selected).toEqual(selected);
    }),
  );
});

test("without any score, both fall back to majority and say so", () => {
  fc.assert(
    fc.property(candidates, fc.constantFrom("weighted", "best" as const), (all, rule) => {
      const unknown = all.map(({ score: _, ...one }) => one);
      const { selected, note } = choose(unknown, rule);
      expect(selected).toEqual(choose(unknown, "majority").selected);
      expect(note === undefined).toBe(all.every(({ answer }) => answer === undefined));
    }),
  );
});

test("a candidate without an answer never wins over one with an answer", () => {
  fc.assert(
    fc.property(candidates, fc.constantFrom(...RULES), (all, rule) => {
      const { selected } = choose(all, rule);
      if (all.length > 0) expect(selected).toBeDefined();
      if (all.some(({ answer }) => answer !== undefined)) expect(selected!.answer).toBeDefined();
    }),
  );
});

test("an oracle is right whenever any candidate is, and so never worse than majority", () => {
  fc.assert(
    fc.property(candidates, fc.constantFrom("1", "2", "x+1"), (all, truth) => {
      const right = ({ answer }: Candidate) => answer !== undefined && equivalent(answer, truth);
      const known = scoredBy(all, (one) => (right(one) ? 1 : 0));
      for (const rule of ["weighted", "best"] as const) {
        const { selected } = choose(known, rule);
        expect(selected !== undefined && right(selected)).toBe(all.some(right));
      }
    }),
  );
});

test("a merged candidate counts as its copies would", () => {
  fc.assert(
    fc.property(candidates, fc.constantFrom(...RULES), (all, rule) => {
      const copies = all.flatMap((one) =>
        Array.from({ length: countOf(one) }, (_, copy) => ({ ...one, id: `${one.id}/${copy}`, count: 1 })),
      );
      const [merged, apart] = [choose(all, rule), choose(copies, rule)];
      expect(apart.selected?.text).toBe(merged.selected?.text);
      expect(apart.why).toBe(merged.why);
    }),
  );
});

test("rounding decides nothing: equal weights are a tie", () => {
  const six = (first: number, answer: string, count: number): Candidate[] =>
    Array.from({ length: 6 / count }, (_, index) => ({
      id: `sample/${first + index}`,
      text: answer,
      complete: true,
      outputTokens: 1,
      answer,
      score: 0.1,
      count,
    }));
  expect(0.1 * 6).not.toBe(0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1);
  expect(choose([...six(0, "1", 6), ...six(1, "2", 1)], "weighted").selected?.answer).toBe("1");
  expect(choose([...six(0, "1", 1), ...six(6, "2", 6)], "weighted").selected?.answer).toBe("1");
});

test("votes are those that counting by hand gives", () => {
  fc.assert(
    fc.property(candidates, (all) => {
      const votes = vote(all);
      for (const { answer, count, candidates: agreeing } of votes) {
        const by = all.filter((one) => one.answer !== undefined && equivalent(one.answer, answer));
        expect([...agreeing]).toEqual(by);
        expect(count).toBe(by.reduce((total, one) => total + countOf(one), 0));
      }
      expect(votes.flatMap((one) => one.candidates)).toHaveLength(
        all.filter(({ answer }) => answer !== undefined).length,
      );
      expect(votes.map(({ count }) => count)).toEqual(votes.map(({ count }) => count).sort((a, b) => b - a));
    }),
  );
});

test("beam selection keeps what sorting all copies would keep, and their width", () => {
  const options = [fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 4 }), shuffling] as const;
  fc.assert(
    fc.property(beams, ...options, (all, places, width, shuffle) => {
      const copies = all.flatMap((one) => Array.from({ length: one.count }, () => one));
      const wanted = new Map<string, number>();
      for (const { id } of copies.sort(byScore).slice(0, places)) wanted.set(id, (wanted.get(id) ?? 0) + 1);
      const state = { round: 0, rng: rng(1), completed: [] };
      const open = all.map((one) => ({ ...one, complete: false }));
      const kept = keepBest(places, width)(shuffle(open), state);
      expect(kept.map(({ beam, width: got }) => [beam.id, got])).toEqual(
        [...wanted].map(([id, count]) => [id, count * width]),
      );
      const whole = keepBest(places, width)(all, state);
      expect(whole.map(({ beam, width: got }) => [beam.id, got])).toEqual([...wanted]);
    }),
  );
});

test("positions are ordered part by part, numbers by value", () => {
  const parts = fc.array(fc.tuple(fc.constantFrom("beam", "child", "round"), fc.nat(20)), { maxLength: 3 });
  const ids = fc.array(
    parts.map((drawn) => drawn.flat().join("/")),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(ids, (drawn) => {
      const sorted = drawn.map((id) => ({ id })).sort(byPosition);
      for (const [at, one] of sorted.entries()) {
        for (const later of sorted.slice(at)) expect(byPosition(one, later)).toBeLessThanOrEqual(0);
      }
    }),
  );
  const few = ["sample/10", "sample/9", "sample/100"].map((id) => ({ id }));
  expect(few.sort(byPosition).map(({ id }) => id)).toEqual(["sample/9", "sample/10", "sample/100"]);
});
