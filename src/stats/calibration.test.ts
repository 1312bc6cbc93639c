import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  auroc,
  brier,
  calibrationError,
  type Graded,
  riskCoverage,
  riskCoverageArea,
} from "./calibration.ts";

const candidates = fc.array(fc.record({ score: fc.nat(6), right: fc.boolean() }), { maxLength: 14 });
const graded = candidates.map(
  (all): Graded => ({ scores: all.map(({ score }) => score / 6), right: all.map(({ right }) => right) }),
);
const EXAMPLE: Graded = {
  scores: [0.1, 0.4, 0.35, 0.8, 0.4, 0.4, 0.9, 0.2, 0.35, 0.8],
  right: [0, 0, 1, 1, 0, 1, 1, 0, 1, 0].map(Boolean),
};

describe("auroc", () => {
  it("is the value of scikit-learn", () => {
    // scikit-learn 1.9.1: roc_auc_score; the second is the example of its documentation.
    expect(auroc(EXAMPLE)).toBeCloseTo(0.66, 14);
    expect(auroc({ scores: [0.1, 0.4, 0.35, 0.8], right: [false, false, true, true] })).toBe(0.75);
  });

  it("is the share of pairs that are in order, ties counting half", () => {
    fc.assert(
      fc.property(graded, ({ scores, right }) => {
        let [pairs, won] = [0, 0];
        for (let one = 0; one < scores.length; one += 1)
          for (let other = 0; other < scores.length; other += 1) {
            if (!right[one] || right[other]) continue;
            pairs += 1;
            won += (Math.sign(scores[one]! - scores[other]!) + 1) / 2;
          }
        expect(auroc({ scores, right })).toBe(pairs === 0 ? undefined : won / pairs);
      }),
    );
  });

  it("turns round with scores and with verdicts", () => {
    fc.assert(
      fc.property(graded, ({ scores, right }) => {
        const area = auroc({ scores, right });
        const other = Array.from(right, (one) => !one);
        const turned = [
          auroc({ scores: Array.from(scores, (score) => -score), right }),
          auroc({ scores, right: other }),
        ];
        for (const one of turned) {
          if (area === undefined) expect(one).toBeUndefined();
          else expect(one).toBeCloseTo(1 - area, 12);
        }
      }),
    );
  });
});

describe("brier", () => {
  it("is the value of scikit-learn", () => {
    // scikit-learn 1.9.1: brier_score_loss; the second is the example of its documentation.
    expect(brier(EXAMPLE)).toBeCloseTo(0.2265, 14);
    expect(brier({ scores: [0.1, 0.9, 0.8, 0.3], right: [false, true, true, false] })).toBeCloseTo(
      0.0375,
      14,
    );
  });

  it("knows nothing of nothing", () => expect(brier({ scores: [], right: [] })).toBeUndefined());
});

describe("calibrationError", () => {
  const scores = [0.05, 0.15, 0.15, 0.5, 0.55, 0.95, 1];
  const right = [false, true, false, true, true, true, false];

  it("bins by width", () => {
    // [0, 0.5): 1 of 3 right, 0.35 expected; [0.5, 1]: 3 of 4 right, 3 expected.
    expect(calibrationError({ scores, right }, { bins: 2 })).toBeCloseTo((Math.abs(1 - 0.35) + 0) / 7, 14);
  });

  it("bins by mass, equal scores together", () => {
    // Thirds of 7 by the middle of each tie: 0.05 and both 0.15; 0.5 and 0.55; 0.95 and 1.
    const expected = (Math.abs(1 - 0.35) + Math.abs(2 - 1.05) + Math.abs(1 - 1.95)) / 7;
    expect(calibrationError({ scores, right }, { bins: 3, by: "mass" })).toBeCloseTo(expected, 14);
    // Four equal scores that begin below the middle go where their middle is.
    const tied = { scores: [0.1, 0.5, 0.5, 0.5, 0.5], right: [false, true, true, true, true] };
    expect(calibrationError(tied, { bins: 2, by: "mass" })).toBeCloseTo((0.1 + 2) / 5, 14);
  });

  it("is the distance of the means in one bin, and grows with finer ones", () => {
    fc.assert(
      fc.property(
        graded,
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom("width", "mass"),
        (all, bins, by) => {
          const { scores: given, right: verdicts } = all;
          const one = calibrationError(all, { bins: 1, by });
          if (given.length === 0) {
            expect(one).toBeUndefined();
            return;
          }
          const gap = Array.from(given).reduce(
            (sum, score, index) => sum + Number(verdicts[index]) - score,
            0,
          );
          expect(one).toBeCloseTo(Math.abs(gap) / given.length, 12);
          const coarse = calibrationError(all, { bins, by })!;
          expect(calibrationError(all, { bins: 2 * bins, by })).toBeGreaterThanOrEqual(coarse - 1e-12);
          expect(coarse).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it("is 0 for probabilities that come true, and refuses others", () => {
    const perfect = { scores: [0, 0, 1, 0.5, 0.5], right: [false, false, true, true, false] };
    expect(calibrationError(perfect)).toBe(0);
    expect(() => calibrationError({ scores: [1.5], right: [true] })).toThrow(RangeError);
    expect(() => brier({ scores: [-0.1], right: [true] })).toThrow(RangeError);
    expect(() => auroc({ scores: [Number.NaN], right: [true] })).toThrow(RangeError);
    expect(() => auroc({ scores: [1], right: [] })).toThrow(RangeError);
  });
});

describe("risk and coverage", () => {
  it("has one point per score, from the highest", () => {
    const points = riskCoverage({ scores: [0.9, 0.5, 0.5, 0.1], right: [true, true, false, false] });
    expect(points).toEqual([
      { threshold: 0.9, coverage: 0.25, risk: 0 },
      { threshold: 0.5, coverage: 0.75, risk: 1 / 3 },
      { threshold: 0.1, coverage: 1, risk: 0.5 },
    ]);
  });

  it("has the area of the average over all orders of equal scores", () => {
    const small = candidates.filter((all) => all.length > 0 && all.length <= 6);
    fc.assert(
      fc.property(small, (all) => {
        const areas = orders(all)
          .filter((order) => order.every(({ score }, rank) => rank === 0 || order[rank - 1]!.score >= score))
          .map((order) => {
            let [wrong, sum] = [0, 0];
            for (const [rank, { right }] of order.entries()) {
              wrong += Number(!right);
              sum += wrong / (rank + 1);
            }
            return sum / order.length;
          });
        const area = riskCoverageArea({
          scores: all.map(({ score }) => score),
          right: all.map(({ right }) => right),
        });
        expect(area).toBeCloseTo(areas.reduce((sum, one) => sum + one, 0) / areas.length, 12);
      }),
    );
  });

  it("has the share of wrong candidates as area when scores tell nothing, and knows nothing of nothing", () => {
    const flat = { scores: [1, 1, 1, 1], right: [true, false, false, true] };
    expect(riskCoverageArea(flat)).toBe(0.5);
    expect(riskCoverageArea({ scores: [], right: [] })).toBeUndefined();
  });
});

function orders<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => orders(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}
