import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rng } from "../random.ts";
import { budgetRatio, type Curve } from "./budget-ratio.ts";
import { fitCurve, isotonic, reach } from "./curves.ts";

const BUDGETS = [1, 2, 4, 8, 16, 32];
const few = { resamples: 200 };

/** Problems that turn right at a budget, and stay so; costs are the budgets times `factor`. */
const thresholds = fc.array(fc.nat(BUDGETS.length), { minLength: 2, maxLength: 20 });
function curveOf(turns: readonly number[], factor = 1): Curve {
  return {
    accuracy: BUDGETS.map((_, index) => turns.map((turn) => Number(index >= turn))),
    cost: BUDGETS.map((budget) => turns.map(() => factor * budget)),
  };
}

/** The same accuracy for all problems, so that every resample has the same curve. */
function flat(accuracies: readonly number[], costs: readonly number[]): Curve {
  const problems = [0, 1, 2, 3];
  return {
    accuracy: accuracies.map((accuracy) => problems.map(() => accuracy)),
    cost: costs.map((cost) => problems.map(() => cost)),
  };
}

describe("isotonic", () => {
  it("is the fit of scikit-learn", () => {
    // scikit-learn 1.9.1: IsotonicRegression().fit_transform(range(8), y)
    expect(isotonic([1, 3, 2, 4, 3.5, 3, 6, 5])).toEqual([1, 2.5, 2.5, 3.5, 3.5, 3.5, 5.5, 5.5]);
  });

  it("never falls, keeps the mean, keeps what rises, and is no farther than any other that never falls", () => {
    const values = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(
        values,
        fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 9, maxLength: 9 }),
        (all, some) => {
          const fit = isotonic(all);
          const rising = [...some].sort((a, b) => a - b);
          const squares = (other: readonly number[]) =>
            all.reduce((sum, value, index) => sum + (value - other[index]!) ** 2, 0);
          expect(fit).toEqual([...fit].sort((a, b) => a - b));
          const sum = (numbers: readonly number[]) => numbers.reduce((one, other) => one + other, 0);
          expect(sum(fit)).toBeCloseTo(sum(all), 9);
          expect(squares(fit)).toBeLessThanOrEqual(squares(rising) + 1e-9);
          expect(isotonic(rising)).toEqual(rising);
        },
      ),
    );
  });
});

describe("reach", () => {
  const fit = fitCurve([0.2, 0.6, 0.4, 0.9], [1, 4, 16, 64]);

  it("is linear in log2 of the cost, on the pooled fit", () => {
    expect(fit.accuracies).toEqual([0.2, 0.5, 0.5, 0.9]);
    expect(reach(fit, 0.35).low).toBeCloseTo(1, 12);
    expect(reach(fit, 0.35).high).toBe(reach(fit, 0.35).low);
    expect(reach(fit, 0.7).low).toBeCloseTo(5, 12);
    expect(reach(fit, 0.2)).toEqual({ low: 0, high: 0 });
  });

  it("takes the least cost on a level stretch", () => {
    expect(reach(fit, 0.5).low).toBe(2);
  });

  it("takes what only rounding tells apart as reached", () => {
    expect(reach(fit, 0.9 + 1e-15)).toEqual({ low: 6, high: 6 });
    expect(reach(fit, 0.2 - 1e-15)).toEqual({ low: 0, high: 0 });
  });

  it("says between which bounds the cost lies where the curve does not tell", () => {
    expect(reach(fit, 0.1)).toEqual({ low: Number.NEGATIVE_INFINITY, high: 0 });
    expect(reach(fit, 0.95)).toEqual({ low: 6, high: Number.POSITIVE_INFINITY });
  });
});

describe("budgetRatio", () => {
  it("of a curve with itself is 1, of a curve at c times the cost is c, in every resample", () => {
    fc.assert(
      fc.property(thresholds, fc.integer({ min: 1, max: 9 }), fc.nat(), (turns, factor, seed) => {
        const [curve, dear] = [curveOf(turns), curveOf(turns, factor)];
        const at = { curve: "second", budget: 2 } as const;
        const itself = budgetRatio(curve, curve, at, rng(seed), few);
        expect(itself).toMatchObject({ ratio: 1, low: 1, high: 1, undefinedResamples: 0 });
        const { ratio, low, high, reason } = budgetRatio(dear, curve, at, rng(seed), few);
        for (const value of [ratio, low, high]) expect(value).toBeCloseTo(factor, 9);
        expect(reason).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  it("turns upside down when the strategies change places", () => {
    const random = rng("turns");
    const turns = () => Array.from({ length: 60 }, () => random.int(0, BUDGETS.length));
    const [one, other] = [curveOf(turns()), curveOf(turns())];
    const forth = budgetRatio(one, other, 0.5, rng(1));
    const back = budgetRatio(other, one, 0.5, rng(1));
    expect(back.ratio).toBeCloseTo(1 / forth.ratio!, 9);
    expect(back.low).toBeCloseTo(1 / forth.high!, 9);
    expect(back.high).toBeCloseTo(1 / forth.low!, 9);
    expect([back.openBelow, back.openAbove]).toEqual([forth.openAbove, forth.openBelow]);
    expect(forth.low).toBeLessThan(forth.ratio!);
    expect(forth.high).toBeGreaterThan(forth.ratio!);
  });

  it("does not depend on the order of budgets, and weighs the problems of unequal clusters alike", () => {
    const curve = flat([0.1, 0.5, 0.9], [1, 4, 16]);
    const mixed = flat([0.9, 0.1, 0.5], [32, 2, 8]);
    const clusters = ["a", "a", "a", "b"];
    const { ratio, low, high } = budgetRatio(mixed, curve, 0.7, rng(1), { ...few, clusters });
    for (const value of [ratio, low, high]) expect(value).toBeCloseTo(2, 9);
  });

  it("has no ratio, no interval and a reason where the curves do not both reach the accuracy", () => {
    const low = flat([0.1, 0.4], [1, 4]);
    const high = flat([0.5, 0.8], [1, 4]);
    const none = { ratio: undefined, low: undefined, high: undefined, undefinedResamples: 200 };
    expect(budgetRatio(low, high, 0.6, rng(1), few)).toMatchObject({
      ...none,
      openBelow: 0,
      openAbove: 200,
      reason: "the first never reaches 60.0%: its best is 40.0%",
    });
    expect(budgetRatio(high, low, 0.3, rng(1), few)).toMatchObject({
      ...none,
      openBelow: 200,
      openAbove: 0,
      reason: "the first starts above 30.0%, at 50.0%",
    });
    expect(budgetRatio(low, high, 0.45, rng(1), few)).toMatchObject({
      reason: "the first never reaches 45.0%: its best is 40.0%; the second starts above 45.0%, at 50.0%",
    });
    expect(budgetRatio(low, low, 0.9, rng(1), few)).toMatchObject({ openBelow: 200, openAbove: 200 });
  });

  it("leaves an end open once more than 2.5% of resamples are open on its side", () => {
    // Of 100 problems the first strategy solves `most` in the end, the second 80 from the second budget on.
    const first = (most: number) =>
      curveOf(Array.from({ length: 100 }, (_, i) => (i < most ? (i % 5) + 1 : 6)));
    const second = curveOf(Array.from({ length: 100 }, (_, i) => (i < 20 ? 6 : i % 2)));
    const [bare, ample] = [58, 75].map((most) => budgetRatio(first(most), second, 0.55, rng(1)));
    expect(bare!.ratio).toBeGreaterThan(4);
    expect(bare!.openAbove).toBeGreaterThan(0.1 * bare!.resamples);
    expect(bare!.openBelow).toBe(0);
    expect(bare!.high).toBeUndefined();
    expect(bare!.low).toBeGreaterThan(1);
    expect(ample!.openAbove).toBeLessThan(0.02 * ample!.resamples);
    expect(ample!.high).toBeGreaterThan(ample!.ratio!);
  });

  it("reads an accuracy given as a place on a curve again in each resample", () => {
    const random = rng("place");
    const turns = Array.from({ length: 50 }, () => random.int(0, BUDGETS.length));
    const at = { curve: "first", budget: 3 } as const;
    const placed = budgetRatio(curveOf(turns), curveOf(turns, 2), at, rng(1));
    expect(placed).toMatchObject({ ratio: 0.5, low: 0.5, high: 0.5 });
    expect(placed.accuracy).toBe(turns.filter((turn) => turn <= 3).length / 50);
    expect(() => budgetRatio(curveOf(turns), curveOf(turns), { ...at, budget: 6 }, rng(1))).toThrow(
      RangeError,
    );
  });

  it("refuses curves that it cannot compare", () => {
    const curve = flat([0.1, 0.4], [1, 4]);
    const refused = (one: Curve, other = curve) =>
      expect(() => budgetRatio(one, other, 0.3, rng(1))).toThrow(RangeError);
    refused(flat([0.1, 0.4], [0, 4]));
    refused(flat([], []));
    refused({ accuracy: curve.accuracy, cost: curve.cost.slice(1) });
    refused(curve, { accuracy: [[0, 1]], cost: [[1, 1]] });
    refused({ accuracy: [[0.5]], cost: [[1]] }, { accuracy: [[0.5]], cost: [[1]] });
  });
});
