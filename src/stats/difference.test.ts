import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rng } from "../random.ts";
import { pairedBootstrap, signFlip } from "./difference.ts";

const share = fc.integer({ min: 0, max: 8 }).map((eighths) => eighths / 8);
const pairs = fc.array(fc.tuple(share, share), { minLength: 2, maxLength: 12 });
const few = { resamples: 200 };

describe("pairedBootstrap", () => {
  it("finds no more than the constant where all differences are the same", () => {
    fc.assert(
      fc.property(pairs, share, fc.nat(), (rows, constant, seed) => {
        const second = rows.map(([, value]) => value);
        const first = second.map((value) => value + constant);
        const clusters = rows.map((_, problem) => Math.floor(problem / 2));
        const same = { mean: constant, low: constant, high: constant };
        expect(pairedBootstrap(first, second, rng(seed), few)).toEqual(same);
        if (rows.length > 2)
          expect(pairedBootstrap(first, second, rng(seed), { ...few, clusters })).toEqual(same);
      }),
    );
  });

  it("changes sign when the strategies change places", () => {
    fc.assert(
      fc.property(pairs, fc.nat(), (rows, seed) => {
        const [first, second] = [rows.map(([one]) => one), rows.map(([, other]) => other)];
        const forth = pairedBootstrap(first, second, rng(seed), few);
        const back = pairedBootstrap(second, first, rng(seed), few);
        expect([-back.mean + 0, -back.high + 0, -back.low + 0]).toEqual([
          forth.mean + 0,
          forth.low + 0,
          forth.high + 0,
        ]);
        expect(forth.low).toBeLessThanOrEqual(forth.mean);
        expect(forth.high).toBeGreaterThanOrEqual(forth.mean);
      }),
    );
  });

  it("draws a cluster whole: copies of a problem tell no more than the problem", () => {
    const first = [1, 0, 1, 1, 0, 1];
    const second = [0, 0, 1, 0, 1, 0];
    const once = pairedBootstrap(first, second, rng(1));
    const copies = <T>(values: readonly T[]) => values.flatMap((value) => [value, value, value]);
    const clusters = copies(first.map((_, problem) => `template ${problem}`));
    const thrice = pairedBootstrap(copies(first), copies(second), rng(1), { clusters });
    expect(thrice).toEqual(once);
    const unaware = pairedBootstrap(copies(first), copies(second), rng(1));
    expect(unaware.high - unaware.low).toBeLessThan(0.8 * (once.high - once.low));
  });

  it("weighs problems, not clusters", () => {
    const estimate = pairedBootstrap([1, 1, 1, 0], [0, 0, 0, 0], rng(1), { clusters: ["a", "a", "a", "b"] });
    expect(estimate).toEqual({ mean: 0.75, low: 0, high: 1 });
  });

  it("has the width of Student's interval for well-behaved numbers", () => {
    const random = rng("width");
    const first = Array.from({ length: 60 }, () => random.next());
    const second = first.map(() => random.next());
    const differences = first.map((value, problem) => value - second[problem]!);
    const mean = differences.reduce((sum, one) => sum + one, 0) / 60;
    const variance = differences.reduce((sum, one) => sum + (one - mean) ** 2, 0) / 59;
    const { low, high } = pairedBootstrap(first, second, random);
    // t.ppf(0.975, 59) = 2.001
    expect((high - low) / (2 * 2.001 * Math.sqrt(variance / 60))).toBeCloseTo(1, 1);
  });

  it("refuses what it cannot pair or vary", () => {
    expect(() => pairedBootstrap([1, 0], [1], rng(1))).toThrow("2 problems cannot pair with 1");
    expect(() => pairedBootstrap([1, Number.NaN], [1, 0], rng(1))).toThrow("Problem 1 has no measurement");
    expect(() => pairedBootstrap([1], [0], rng(1))).toThrow(RangeError);
    expect(() => pairedBootstrap([1, 0], [0, 0], rng(1), { clusters: ["a", "a"] })).toThrow(RangeError);
    expect(() => pairedBootstrap([1, 0], [0, 0], rng(1), { clusters: ["a"] })).toThrow(RangeError);
  });
});

describe("signFlip", () => {
  // SciPy 1.17.1: permutation_test((d,), mean, permutation_type="samples", n_resamples=inf).pvalue
  it("tries every pattern where there are few", () => {
    expect(signFlip([0.2, -0.1, 0.5, 0.3, 0, 0.4, -0.3, 0.6], rng(1))).toBe(0.140625);
  });

  it("gives Fisher's p-value of Darwin's maize (1935, The design of experiments, section 21)", () => {
    const maize = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48];
    expect(signFlip(maize, rng(1), { flips: 40_000 })).toBe(1726 / 2 ** 15);
    // Tried at random: a standard error of 0.0022.
    expect(Math.abs(signFlip(maize, rng(1)) - 1726 / 2 ** 15)).toBeLessThan(0.005);
  });

  it("does not depend on sign or unit, and reaches its least value when all agree", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 9 }), (differences) => {
        const p = signFlip(differences, rng(1));
        expect(
          signFlip(
            differences.map((one) => -one / 10),
            rng(1),
          ),
        ).toBe(p);
        const some = differences.filter((one) => one !== 0).length;
        expect(signFlip(differences.map(Math.abs), rng(1))).toBe(some === 0 ? 1 : 2 / 2 ** some);
      }),
    );
  });

  it("flips a cluster whole, and is never 0", () => {
    expect(signFlip([1, 1, 1, 1, 1, 1], rng(1), { clusters: ["a", "a", "a", "b", "b", "b"] })).toBe(0.5);
    expect(signFlip(new Array<number>(100).fill(1), rng(1), { flips: 99 })).toBe(0.01);
  });

  it("uses every bit of many problems", () => {
    const differences = Array.from({ length: 200 }, (_, problem) => (problem % 10 < 6 ? 1 : -1));
    // 120 against 80: binomtest(80, 200).pvalue = 0.00568 (SciPy 1.17.1), and 0.0057 within three standard errors.
    expect(Math.abs(signFlip(differences, rng(3)) - 0.00568)).toBeLessThan(3 * 0.00075);
  });
});
