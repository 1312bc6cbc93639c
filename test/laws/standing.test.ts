import fc from "fast-check";
import { expect, test } from "vitest";
import { EXPANDED, expanded, FEATURES, featuresOf, scaleOf } from "../../src/policy/features.ts";
import { createVotes, type Standing } from "../../src/policy/standing.ts";
import { choose, countOf, vote } from "../../src/strategies/select.ts";
import type { Candidate } from "../../src/types.ts";
import { answerClasses } from "../../src/verifiers/answer.ts";
import { candidates } from "./worlds.ts";

/** How candidates stand, class by class as a policy gives them. */
function standingOf(all: readonly Candidate[]): Standing {
  const answered = all.flatMap(({ answer }) => (answer === undefined ? [] : [answer]));
  const classes = answerClasses(answered).values();
  const votes = createVotes();
  for (const { answer, score, count } of all)
    votes.add(answer === undefined ? -1 : classes.next().value!, score ?? Number.NaN, count);
  return votes.standing();
}

/** Scores that add up to nearly the same. */
const tied: typeof candidates = candidates.map((all) =>
  all.map((one) => (one.score === undefined ? one : { ...one, score: one.score / 7 + 0.1 })),
);

test("votes stand as weighted best-of-N counts them, or majority where no answer is scored", () => {
  fc.assert(
    fc.property(fc.oneof(candidates, tied), (all) => {
      const { leader, runnerUp, weight, samples, answered, classes } = standingOf(all);
      const { selected, votes } = choose(all, "weighted");
      expect(samples).toBe(all.map(countOf).reduce((sum, one) => sum + one, 0));
      expect(answered).toBe(votes.reduce((sum, one) => sum + one.count, 0));
      expect(classes).toBe(votes.length);
      expect(weight).toBeCloseTo(
        votes.reduce((sum, one) => sum + one.weight, 0),
        9,
      );
      if (selected?.answer === undefined) {
        expect(leader).toBeUndefined();
        return;
      }
      expect(all[leader!.best]).toBe(selected);
      for (const [place, one] of [leader, runnerUp].entries()) {
        expect(one?.votes).toBe(votes[place]?.count);
        if (one !== undefined) expect(one.weight).toBeCloseTo(votes[place]!.weight, 9);
      }
    }),
    { numRuns: 500 },
  );
});

test("without scores the leader has the most votes", () => {
  fc.assert(
    fc.property(candidates, (all) => {
      const unknown = all.map(({ score: _, ...one }) => one);
      const { leader, weight, answered, odds } = standingOf(unknown);
      const [first] = vote(unknown);
      expect(leader?.votes).toBe(first?.count);
      expect(leader?.weight).toBe(first?.weight);
      expect({ weight, odds }).toEqual({ weight: answered, odds: 0 });
      if (leader !== undefined) expect(unknown[leader.best]).toBe(choose(unknown, "majority").selected);
    }),
  );
});

test("a score of a solution without an answer changes no weight", () => {
  const votes = createVotes();
  votes.add(-1, 0.9);
  votes.add(0, Number.NaN, 2);
  votes.add(1, Number.NaN);
  expect(votes.standing()).toMatchObject({ weight: 3, leader: { answer: 0, weight: 2, votes: 2, odds: 0 } });
});

const everything = fc.array(
  fc.record({
    answer: fc.integer({ min: -1, max: 3 }),
    score: fc.oneof(
      fc.constantFrom(0, 1, Number.NaN, 1 + 1e-12, -1e-12),
      fc.double({ min: 0, max: 1, noNaN: true }),
    ),
    count: fc.integer({ min: 1, max: 100 }),
  }),
  { minLength: 1, maxLength: 30 },
);

test("features are finite however answers stand, and so are their products", () => {
  fc.assert(
    fc.property(everything, fc.nat(3), fc.nat(5000), (all, searches, promptLength) => {
      const votes = createVotes();
      for (const { answer, score, count } of all) votes.add(answer, score, count);
      for (let search = 0; search < searches; search += 1) votes.searched();
      const features = featuresOf(votes.standing(), promptLength);
      expect(features).toHaveLength(FEATURES.length);
      expect(features.filter((one) => !Number.isFinite(one))).toEqual([]);
      const row = expanded(features, scaleOf([features, features.map((one) => one + 1)]));
      expect(row).toHaveLength(EXPANDED);
      expect(row.every(Number.isFinite)).toBe(true);
    }),
  );
});

test("expanded features are the scaled ones, then every product of two", () => {
  const features = FEATURES.map((_, place) => place);
  const scale = { mean: FEATURES.map(() => 1), deviation: FEATURES.map(() => 2) };
  const scaled = features.map((one) => (one - 1) / 2);
  const row = [...expanded(features, scale)];
  expect(row.slice(0, FEATURES.length)).toEqual(scaled);
  const products = scaled.flatMap((one, place) => scaled.slice(0, place + 1).map((other) => one * other));
  expect(row.slice(FEATURES.length)).toEqual(products);
});

test("a scale brings features to mean 0 and deviation 1, and leaves constant ones alone", () => {
  const rows = [1, 3].map((value) => FEATURES.map((_, place) => (place === 0 ? 7 : value * (place + 1))));
  const { mean, deviation } = scaleOf(rows);
  expect([mean[0], deviation[0], mean[1], deviation[1]]).toEqual([7, 1, 4, 2]);
});
