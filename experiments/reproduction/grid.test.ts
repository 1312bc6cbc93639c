import { describe, expect, it } from "vitest";
import { rng } from "../../src/random.ts";
import { byProblem, cellsOf, rowsOf, sizesUpTo } from "./grid.ts";
import type { Recording } from "./recordings.ts";

/** Four equal samples of 10 FLOPs each, of which a verifier reads 3 FLOPs once; a prompt of 8; a search of 25. */
const recording = (id: string, right: number): Recording => {
  const searched = { answer: [1], score: [0.9], right: [1], count: [4], cost: 25 };
  return {
    problem: { id, prompt: "How many pens are 2 and 3 pens?", family: "chain", level: 2 },
    samples: {
      promptLength: 31,
      answer: [0, 0, 0, 0],
      score: [0.5, 0.5, 0.5, 0.5],
      right: [right, right, right, right],
      tokens: [5, 5, 5, 5],
      start: 8,
      cost: [10, 10, 10, 10],
      reading: { pieces: [0, 0, 0, 0], cost: [3, 3, 3, 3], ends: [1, 2, 3, 4] },
      searches: [searched],
    },
    passAt1: right,
    meanScore: 0.5,
    greedy: { right: 1, flops: 12 },
    searches: new Map([["beam-4-4", searched]]),
  };
};

const rows = rowsOf([recording("a", 0), recording("b", 1)], 4, 2, rng(1));
const cell = (plan: string, pays: boolean, unit: "flops" | "generations" = "flops") =>
  cellsOf(rows, unit, pays).find((one) => one.plan === plan)!;

describe("the grid of plans", () => {
  it("has sizes between the powers of two", () => expect(sizesUpTo(8)).toEqual([1, 2, 3, 4, 6, 8]));

  it("charges prompt, samples and what is read once; votes are read by nobody", () => {
    expect(Array.from(cell("weighted best-of-4", false).cost)).toEqual([51, 51, 51, 51]);
    expect(Array.from(cell("weighted best-of-1", false).cost)).toEqual([21, 21, 21, 21]);
    expect(Array.from(cell("majority of 4", false).cost)).toEqual([44, 44, 44, 44]);
    expect(Array.from(cell("beam-4-4", false).cost)).toEqual([33, 33, 33, 33]);
    expect(Array.from(cell("beam-4-4", false, "generations").cost)).toEqual([4, 4, 4, 4]);
  });

  it("charges the probe of 4 samples to every plan, less what the plan uses again", () => {
    expect(cell("weighted best-of-4", true).cost[0]).toBe(51);
    expect(cell("weighted best-of-1", true).cost[0]).toBe(51);
    expect(cell("beam-4-4", true).cost[0]).toBe(51 + 25);
    expect(cell("greedy", true).cost[0]).toBe(51 + 12);
    expect(cell("greedy", true, "generations").cost[0]).toBe(5);
    expect(cell("weighted best-of-4", true, "generations").cost[0]).toBe(4);
  });

  it("knows what is right, and averages the rows of a problem", () => {
    expect([...byProblem(rows, cell("weighted best-of-2", false).accuracy)]).toEqual([0, 1]);
    expect([...byProblem(rows, cell("beam-4-4", false).accuracy)]).toEqual([1, 1]);
    expect(rows.map(({ signs }) => signs.agreement)).toEqual([1, 1, 1, 1]);
  });
});
