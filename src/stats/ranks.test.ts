import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rankCorrelation } from "./ranks.ts";

const pairs = fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { minLength: 2, maxLength: 12 });

describe("rankCorrelation", () => {
  it("is 1 - 6·Σd²/(n(n²-1)) without ties", () => {
    // Ranks 1 2 3 4 5 against 2 1 4 3 5: Σd² = 4.
    expect(rankCorrelation([10, 20, 30, 40, 50], [2, 1, 4, 3, 5])).toBeCloseTo(1 - 24 / 120, 14);
  });

  it("shares the rank among equal values", () => {
    // Ranks 1.5 1.5 3 against 1 2 3: covariance 1.5, variances 1.5 and 2.
    expect(rankCorrelation([0, 0, 1], [5, 6, 7])).toBeCloseTo(1.5 / Math.sqrt(3), 14);
  });

  it("is unknown where one side is the same everywhere", () => {
    expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBeUndefined();
    expect(rankCorrelation([1], [2])).toBeUndefined();
  });

  it("is symmetric, within [-1, 1], and blind to what keeps the order", () => {
    fc.assert(
      fc.property(pairs, (all) => {
        const [a, b] = [all.map(([one]) => one), all.map(([, other]) => other)];
        const value = rankCorrelation(a, b);
        expect(rankCorrelation(b, a)).toBe(value);
        expect(rankCorrelation(a.map(Math.exp), b)).toBe(value);
        if (value !== undefined) expect(Math.abs(value)).toBeLessThanOrEqual(1 + 1e-12);
      }),
    );
  });

  it("refuses what cannot be ranked", () => {
    expect(() => rankCorrelation([1, 2], [1])).toThrow("2 values cannot pair with 1.");
    expect(() => rankCorrelation([1, Number.NaN], [1, 2])).toThrow("Value 1 is missing: leave its pair out.");
  });
});
