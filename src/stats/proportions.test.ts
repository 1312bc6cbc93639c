import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clopperPearson, wilson } from "./proportions.ts";

const counts = fc
  .integer({ min: 1, max: 400 })
  .chain((total) => fc.tuple(fc.integer({ min: 0, max: total }), fc.constant(total)));

describe("wilson", () => {
  it("gives the published intervals", () => {
    // Newcombe 1998, table I, method 3: 81/263, 15/148, 0/20, 1/29.
    const rounded = (right: number, total: number) =>
      wilson(right, total).map((end) => Number(end.toFixed(4)));
    expect(rounded(81, 263)).toEqual([0.2553, 0.3662]);
    expect(rounded(15, 148)).toEqual([0.0624, 0.1605]);
    expect(rounded(0, 20)).toEqual([0, 0.1611]);
    expect(rounded(1, 29)).toEqual([0.0061, 0.1718]);
  });
});

describe("clopperPearson", () => {
  // SciPy 1.17.1: binomtest(k, n).proportion_ci(level, "exact"); the first is an example of its documentation.
  it.each([
    [7, 50, 0.95, 0.05819170033997344, 0.26739600249700846],
    [7, 50, 0.99, 0.042468787378833785, 0.3091069659648189],
    [3, 15, 0.95, 0.04331200510583602, 0.48089113380685317],
    [81, 263, 0.95, 0.25273674558504267, 0.36762192260134746],
    [1, 1000, 0.95, 2.5317487491674634e-5, 0.0055589242798499],
    [0, 20, 0.95, 0, 0.16843347098308548],
    [20, 20, 0.95, 0.8315665290169145, 1],
  ])("of %d out of %d is the one of SciPy", (right, total, level, low, high) => {
    const [from, to] = clopperPearson(right, total, level);
    expect(from).toBeCloseTo(low, 12);
    expect(to).toBeCloseTo(high, 12);
  });

  it("holds the share, and mirrors when right and wrong change places", () => {
    fc.assert(
      fc.property(counts, ([right, total]) => {
        const [low, high] = clopperPearson(right, total);
        expect(low).toBeLessThanOrEqual(right / total);
        expect(high).toBeGreaterThanOrEqual(right / total);
        const [mirrored, above] = clopperPearson(total - right, total);
        expect(mirrored).toBeCloseTo(1 - high, 12);
        expect(above).toBeCloseTo(1 - low, 12);
      }),
    );
  });

  it("knows nothing from nothing", () => {
    expect(clopperPearson(0, 0)).toEqual([0, 1]);
    expect(wilson(0, 0)).toEqual([0, 1]);
  });

  it.each([
    [3, 2],
    [-1, 2],
    [0.5, 2],
  ])("refuses %d of %d", (right, total) => {
    expect(() => clopperPearson(right, total)).toThrow(RangeError);
  });
});
