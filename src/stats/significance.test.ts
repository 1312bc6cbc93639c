import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { discordance, holm, mcnemar } from "./significance.ts";

describe("mcnemar", () => {
  // statsmodels 0.15.0: mcnemar([[10, b], [c, 10]], exact=True).pvalue
  it.each([
    [5, 15, 0.04138946533203125],
    [0, 6, 0.03125],
    [8, 8, 1],
    [60, 90, 0.017597691928785828],
    [121, 59, 4.4344492637551645e-6],
  ])("of %d and %d has the exact p-value of statsmodels", (first, second, expected) => {
    expect(mcnemar(first, second).exact / expected).toBeCloseTo(1, 10);
  });

  it("takes off half of what is exactly as extreme for mid-p", () => {
    // 0 against 6: both ends of 2^-6 count half. 1 against 1: 1 - C(2, 1) / 2^2 / 2.
    expect(mcnemar(0, 6).mid).toBeCloseTo(1 / 64, 15);
    expect(mcnemar(1, 1).mid).toBeCloseTo(0.75, 15);
    // Fagerland et al. 2013 (airway hyper-responsiveness, 1 against 7): exact 0.070, mid-p 0.039.
    expect(mcnemar(1, 7).exact.toFixed(3)).toBe("0.070");
    expect(mcnemar(1, 7).mid.toFixed(3)).toBe("0.039");
  });

  it("does not care which strategy is the first, and mid-p is the smaller", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (first, second) => {
        const test = mcnemar(first, second);
        expect(mcnemar(second, first)).toEqual(test);
        expect(test.mid).toBeLessThanOrEqual(test.exact);
        expect(test.mid).toBeGreaterThan(0);
        expect(test.exact).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("never rejects too often: the exact test keeps its level, mid-p nearly does", () => {
    for (const total of [10, 25, 60]) {
      let chance = 0.5 ** total;
      let [exact, mid] = [0, 0];
      for (let first = 0; first <= total; first += 1) {
        const test = mcnemar(first, total - first);
        if (test.exact <= 0.05) exact += chance;
        if (test.mid <= 0.05) mid += chance;
        chance *= (total - first) / (first + 1);
      }
      expect(exact).toBeLessThanOrEqual(0.05);
      expect(mid).toBeGreaterThanOrEqual(exact);
      expect(mid).toBeLessThan(0.06);
    }
  });

  it("refuses what is no count", () => {
    expect(() => mcnemar(-1, 2)).toThrow(RangeError);
    expect(() => mcnemar(0.5, 2)).toThrow(RangeError);
  });
});

describe("discordance", () => {
  it("counts what only one gets right", () => {
    expect(discordance([true, true, true, false, false], [true, false, false, true, false])).toEqual([2, 1]);
    expect(() => discordance([true], [])).toThrow(RangeError);
  });
});

describe("holm", () => {
  // statsmodels 0.15.0: multipletests(p, method="holm")[1]
  it.each([
    [
      [0.01, 0.04, 0.03, 0.005],
      [0.03, 0.06, 0.06, 0.02],
    ],
    [
      [0.5, 0.001, 0.02, 0.9, 0.013, 0.02],
      [1, 0.006, 0.08, 1, 0.065, 0.08],
    ],
    [[], []],
  ])("adjusts %j as statsmodels does", (pValues, expected) => {
    const adjusted = holm(pValues);
    expect(adjusted).toHaveLength(expected.length);
    for (const [index, value] of adjusted.entries()) expect(value).toBeCloseTo(expected[index]!, 12);
  });

  it("keeps the order of p-values, never lowers one and is never stricter than Bonferroni", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }), (pValues) => {
        const adjusted = holm(pValues);
        for (const [index, value] of pValues.entries()) {
          expect(adjusted[index]).toBeGreaterThanOrEqual(value);
          expect(adjusted[index]).toBeLessThanOrEqual(Math.min(1, pValues.length * value));
          for (const [other, its] of pValues.entries())
            if (value <= its) expect(adjusted[index]).toBeLessThanOrEqual(adjusted[other]!);
        }
      }),
    );
  });

  it("refuses what is no p-value", () => {
    expect(() => holm([0.1, 1.1])).toThrow(RangeError);
    expect(() => holm([Number.NaN])).toThrow(RangeError);
  });
});
