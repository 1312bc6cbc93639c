import { describe, expect, it } from "vitest";
import { type Chains, cachedOf, spread } from "./chains.ts";

const attempt = (answer: number, score: number, right: number) => ({ answer, score, right, cost: 1 });

describe("cachedOf", () => {
  const chain = ["a", "b", "c", "d", "e", "f"].map((name, place) => ({
    text: `${name}\n#### 1`,
    score: 1,
    asked: 100 + 10 * Math.min(4, place),
    tokens: 10,
  }));

  it("is all that was there while the history grows, and the prompt once it moves", () => {
    expect(chain.map((_, place) => cachedOf(chain, place, 100))).toEqual([100, 110, 120, 130, 140, 100]);
  });

  it("keeps leading attempts that are equal texts", () => {
    const same = chain.map((one, place) => (place < 3 ? { ...one, text: "a\n#### 1" } : one));
    // d is where the third a was: prompt and two attempts are held.
    expect(cachedOf(same, 5, 100)).toBe(120);
  });
});

describe("spread", () => {
  const chains: Chains = {
    problem: { id: "p", prompt: "" },
    most: 4,
    start: 5,
    chains: [
      [attempt(1, 0.6, 0), attempt(1, 0.6, 0), attempt(2, 0.9, 1), attempt(1, 0.1, 0)],
      [attempt(2, 0.7, 1), attempt(2, 0.2, 1)],
      [attempt(1, 0.5, 0)],
      [attempt(1, 0.4, 0)],
    ],
  };

  it("chooses flat among parallel attempts", () => {
    // Answer 1: 0.6 + 0.5 + 0.4 against 0.7.
    expect(spread(chains, 4, 1)).toEqual({ weighted: 0, majority: 0, flops: 9 });
  });

  it("chooses within chains, then across them by the score of each chain's best solution", () => {
    // Chains of 2: answer 1 by its best of 0.6, answer 2 by its best of 0.7. All votes: 2 against 2, the first wins.
    expect(spread(chains, 4, 2)).toEqual({ weighted: 1, majority: 0, flops: 9 });
  });

  it("averages over disjoint groups of fewer attempts", () => {
    // Pairs of first attempts: 1 and 2 (2 wins), 1 and 1.
    expect(spread(chains, 2, 1)).toEqual({ weighted: 0.5, majority: 0, flops: 7 });
    expect(spread(chains, 1, 1).weighted).toBe(0.25);
  });
});
