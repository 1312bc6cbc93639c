import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawProblems } from "../../test/difficulty-worlds.ts";
import { rng } from "../random.ts";
import { betaCoverage } from "./beta-binomial.ts";
import { fitBetaMixture, mixtureCoverage } from "./beta-mixture.ts";
import { groupsOf } from "./counts.ts";

const LOW = { alpha: 4, beta: 95, never: 0 };
const HIGH = { alpha: 2, beta: 3, never: 0 };

describe("the mixture of two beta-binomial laws", () => {
  it("finds two kinds of problems, whichever is drawn first", () => {
    const hard = drawProblems(LOW, 2000, 64, rng("hard"));
    const easy = drawProblems(HIGH, 3000, 64, rng("easy"));
    for (const counts of [
      [...hard, ...easy],
      [...easy, ...hard],
    ]) {
      const law = fitBetaMixture(groupsOf(counts).groups)!;
      expect(law.hard).toBeCloseTo(0.4, 1);
      expect(law.low.alpha / (law.low.alpha + law.low.beta)).toBeCloseTo(4 / 99, 2);
      expect(law.high.alpha / (law.high.alpha + law.high.beta)).toBeCloseTo(0.4, 1);
      const truth = 0.4 * betaCoverage(LOW, 512) + 0.6 * betaCoverage(HIGH, 512);
      expect(mixtureCoverage(law, 512)).toBeCloseTo(truth, 2);
    }
  });

  it("forecasts as the plain law does where there is one kind only", () => {
    const law = fitBetaMixture(groupsOf(drawProblems(HIGH, 3000, 16, rng("one"))).groups)!;
    expect(mixtureCoverage(law, 128)).toBeCloseTo(betaCoverage(HIGH, 128), 2);
  });

  it("rises with k, within 0 and 1, whatever the counts", () => {
    const count = fc
      .record({ total: fc.integer({ min: 6, max: 9 }), right: fc.nat(6) })
      .map((one) => ({ ...one, problems: 1 }));
    fc.assert(
      fc.property(fc.array(count, { minLength: 5, maxLength: 30 }), (groups) => {
        const law = fitBetaMixture(groups);
        if (law === undefined) return;
        const curve = [1, 2, 4, 64, 1024].map((k) => mixtureCoverage(law, k));
        expect(curve).toEqual([...curve].sort((a, b) => a - b));
        expect(curve[0]).toBeGreaterThanOrEqual(0);
        expect(curve.at(-1)).toBeLessThanOrEqual(1 + 1e-12);
      }),
      { numRuns: 20 },
    );
  });

  it("fits neither what is always right nor what is always wrong", () => {
    for (const right of [0, 8]) expect(fitBetaMixture([{ right, total: 8, problems: 40 }])).toBeUndefined();
  });
});
