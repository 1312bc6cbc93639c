import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { absoluteBins, binOf, quantileBins } from "./bins.ts";

const estimates = fc.array(
  fc.integer({ min: 0, max: 9 }).map((tenths) => tenths / 10),
  {
    minLength: 1,
    maxLength: 30,
  },
);
const sizes = (values: readonly number[], bins: number) => {
  const made = quantileBins(bins)(values);
  const counts = new Array<number>(made.edges.length + 1).fill(0);
  for (const value of values) counts[binOf(made, value)]! += 1;
  return counts;
};

describe("quantileBins", () => {
  it("has equally many problems in each, the easiest in bin 0", () => {
    const bins = quantileBins(5)([0.05, 0.95, 0.15, 0.85, 0.25, 0.75, 0.35, 0.65, 0.45, 0.55]);
    expect(bins.edges.map((edge) => edge.toFixed(2))).toEqual(["0.20", "0.40", "0.60", "0.80"]);
    expect(bins.note).toBeUndefined();
    expect([0.95, 0.55, 0.05].map((value) => binOf(bins, value))).toEqual([0, 2, 4]);
  });

  it("keeps equal estimates together, at the nearest place where they differ", () => {
    // The half of six lies between two of 0.5; they differ next after one problem and after five.
    expect(quantileBins(2)([0, 0.5, 0.5, 0.5, 0.5, 1])).toEqual({ edges: [0.25] });
    expect(quantileBins(2)([0, 0.25, 0.5, 0.5, 0.5, 0.5]).edges).toEqual([0.375]);
  });

  it("says when ties leave fewer bins, or one", () => {
    expect(quantileBins(5)([0, 0, 0, 0, 0, 0, 0, 1])).toEqual({
      edges: [0.5],
      note: "Equal estimates leave 2 bins of 5.",
    });
    expect(quantileBins(5)([0.5, 0.5, 0.5])).toEqual({
      edges: [],
      note: "All 3 problems have the same estimate: there is one bin.",
    });
    expect(quantileBins(1)([0.1, 0.2])).toEqual({ edges: [] });
  });

  it("bins problems that it did not see", () => {
    const bins = quantileBins(2)([0.2, 0.4]);
    expect([-5, 0.3 - 1e-9, 0.31, 7].map((value) => binOf(bins, value))).toEqual([1, 1, 0, 0]);
  });

  it("tells neighbouring numbers apart", () => {
    const [low, high] = [1, 1 + Number.EPSILON];
    const bins = quantileBins(2)([low, high]);
    expect([low, high].map((value) => binOf(bins, value))).toEqual([1, 0]);
  });

  it("leaves no bin empty, keeps the order, and is even without ties", () => {
    fc.assert(
      fc.property(estimates, fc.integer({ min: 1, max: 6 }), (values, bins) => {
        const made = quantileBins(bins)(values);
        expect(Math.min(...sizes(values, bins))).toBeGreaterThan(0);
        expect(made.edges.length < bins - 1).toBe(made.note !== undefined);
        for (const a of values)
          for (const b of values) if (a > b) expect(binOf(made, a)).toBeLessThanOrEqual(binOf(made, b));
        const distinct = [...new Set(values)];
        if (distinct.length < bins) return;
        const even = sizes(distinct, bins);
        expect(Math.max(...even) - Math.min(...even)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("refuses what makes no bins", () => {
    expect(() => quantileBins(0)).toThrow("0 is no number of bins: use 1 or more.");
    expect(() => quantileBins(2.5)).toThrow("2.5 is no number of bins");
    expect(() => quantileBins()([])).toThrow("Bins need a problem at least.");
    expect(() => quantileBins()([0.1, Number.NaN])).toThrow("Problem 1 has no estimate of difficulty");
  });
});

describe("absoluteBins", () => {
  it("is 50 to 100, 10 to 50 and 0 to 10% by default, whatever the problems are", () => {
    const bins = absoluteBins()([0.3]);
    expect([1, 0.5, 0.49, 0.1, 0.09, 0].map((value) => binOf(bins, value))).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it("refuses edges that do not rise", () => {
    expect(() => absoluteBins([0.5, 0.5])).toThrow("Edges of bins must rise.");
    expect(() => absoluteBins([Number.NaN])).toThrow("Edges of bins must rise.");
    expect(() => absoluteBins()([])).toThrow("Bins need a problem at least.");
  });
});
