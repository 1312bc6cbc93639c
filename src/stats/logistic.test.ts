import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chanceOf, fitLogistic } from "./logistic.ts";

const logit = (chance: number) => Math.log(chance / (1 - chance));

describe("fitLogistic", () => {
  it("is the textbook's: hours of study and a passed exam", () => {
    // https://en.wikipedia.org/wiki/Logistic_regression, intercept -4.0777, 1.5046 per hour.
    const hours = [
      0.5, 0.75, 1, 1.25, 1.5, 1.75, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 4, 4.25, 4.5, 4.75, 5, 5.5,
    ];
    const passed = [0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1];
    const fit = fitLogistic(Float64Array.from(hours), passed, { ridge: 0 });
    expect(fit.weights[0]).toBeCloseTo(-4.0777, 4);
    expect(fit.weights[1]).toBeCloseTo(1.5046, 4);
    expect(chanceOf(fit, [2])).toBeCloseTo(0.26, 2);
  });

  it("is the logarithm of the odds without features, and of their ratio for one that is 0 or 1", () => {
    expect(fitLogistic(new Float64Array(0), [0.2, 0.4]).weights[0]).toBeCloseTo(logit(0.3), 6);
    const { weights } = fitLogistic(Float64Array.of(0, 0, 1, 1), [0.1, 0.3, 0.6, 1], { ridge: 0 });
    expect(weights[0]).toBeCloseTo(logit(0.2), 6);
    expect(weights[1]).toBeCloseTo(logit(0.8) - logit(0.2), 6);
  });

  it("is finite for outcomes that a feature separates, and flat under a heavy penalty", () => {
    const rows = Float64Array.of(-1, -2, 1, 2);
    const [, slope] = fitLogistic(rows, [0, 0, 1, 1]).weights;
    expect(slope).toBeGreaterThan(0);
    expect(slope).toBeLessThan(10);
    const [intercept, flat] = fitLogistic(rows, [0, 0, 1, 1], { ridge: 1e9 }).weights;
    expect(Math.abs(intercept!) + Math.abs(flat!)).toBeLessThan(1e-6);
  });

  const share = fc.integer({ min: 0, max: 4 }).map((quarters) => quarters / 4);
  const rows = fc.array(
    fc.record({ x: fc.integer({ min: -3, max: 3 }), y: fc.integer({ min: -3, max: 3 }), outcome: share }),
    { minLength: 1, maxLength: 12 },
  );

  it("leaves no slope of the penalised likelihood", () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(0.5, 1, 4), (all, ridge) => {
        const mean = all.reduce((sum, { outcome }) => sum + outcome, 0) / all.length;
        // Without both outcomes the intercept has no end.
        fc.pre(mean > 0 && mean < 1);
        const fit = fitLogistic(
          Float64Array.from(all.flatMap(({ x, y }) => [x, y])),
          all.map(({ outcome }) => outcome),
          { ridge },
        );
        const slope = (of: (row: { x: number; y: number }) => number) =>
          all.reduce((sum, row) => sum + (chanceOf(fit, [row.x, row.y]) - row.outcome) * of(row), 0);
        expect(slope(() => 1)).toBeCloseTo(0, 3);
        expect(slope(({ x }) => x) + ridge * fit.weights[1]!).toBeCloseTo(0, 3);
        expect(slope(({ y }) => y) + ridge * fit.weights[2]!).toBeCloseTo(0, 3);
      }),
    );
  });

  it("takes a row of weight 2 for two rows", () => {
    fc.assert(
      fc.property(rows, (all) => {
        const of = (list: typeof all, rowWeights?: readonly number[]) =>
          fitLogistic(
            Float64Array.from(list.flatMap(({ x, y }) => [x, y])),
            list.map(({ outcome }) => outcome),
            rowWeights && { rowWeights },
          );
        const [twice, weighted] = [of([...all, all[0]!]), of(all, [2, ...all.slice(1).map(() => 1)])];
        for (const { x, y } of all)
          expect(chanceOf(weighted, [x, y])).toBeCloseTo(chanceOf(twice, [x, y]), 4);
      }),
    );
  });

  it("refuses shapes that do not fit, and features that are not finite", () => {
    expect(() => fitLogistic(Float64Array.of(1, 2, 3), [0, 1])).toThrow(
      "Every outcome needs as many features.",
    );
    expect(() => fitLogistic(Float64Array.of(1, Number.NaN), [0, 1])).toThrow("Features must be finite.");
  });
});
