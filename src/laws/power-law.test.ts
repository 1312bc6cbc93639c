import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { doublings } from "./counts.ts";
import { fitPowerLaw, powerCoverage } from "./power-law.ts";

const pointsOf = (law: { a: number; b: number }, most: number) =>
  doublings(most).map((k) => ({ k, coverage: powerCoverage(law, k) }));

describe("the power law", () => {
  it("finds the law that a curve follows", () => {
    fc.assert(
      fc.property(
        fc.record({ a: fc.integer({ min: 1, max: 40 }), b: fc.integer({ min: 1, max: 12 }) }),
        (tenths) => {
          const law = { a: -tenths.a / 10, b: tenths.b / 10 };
          const fit = fitPowerLaw(pointsOf(law, 64))!;
          expect(fit.a).toBeCloseTo(law.a, 2);
          expect(fit.b).toBeCloseTo(law.b, 2);
        },
      ),
    );
  });

  it("rises with k, within 0 and 1", () => {
    const law = { a: -2, b: 0.4 };
    expect(powerCoverage(law, 1)).toBeCloseTo(Math.exp(-2), 12);
    expect(powerCoverage(law, 32)).toBeCloseTo(Math.exp(-2 / 4), 12);
    expect(powerCoverage(law, 1e9)).toBeLessThan(1);
  });

  it("takes at least three points", () => {
    expect(fitPowerLaw(pointsOf({ a: -1, b: 0.5 }, 2))).toBeUndefined();
    expect(fitPowerLaw(pointsOf({ a: -1, b: 0.5 }, 4))).toBeDefined();
  });
});
