import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawProblems } from "../../test/difficulty-worlds.ts";
import { rng } from "../random.ts";
import { type BetaBinomial, betaCoverage, fitBetaBinomial } from "./beta-binomial.ts";
import { groupsOf } from "./counts.ts";

const fit = (law: BetaBinomial, problems: number, total: number, never: boolean) =>
  fitBetaBinomial(groupsOf(drawProblems(law, problems, total, rng("recover"))).groups, never);

describe("the beta-binomial law", () => {
  it("has the coverage of closed forms", () => {
    // Uniform chances: 1 - E[(1-p)^k] = 1 - 1/(k+1). Beta(1/2, 1/2): 1 - C(2k, k) / 4^k.
    expect(betaCoverage({ alpha: 1, beta: 1, never: 0 }, 9)).toBeCloseTo(0.9, 12);
    expect(betaCoverage({ alpha: 0.5, beta: 0.5, never: 0 }, 5)).toBeCloseTo(1 - 252 / 1024, 12);
    expect(betaCoverage({ alpha: 1, beta: 1, never: 0.25 }, 9)).toBeCloseTo(0.675, 12);
    expect(betaCoverage({ alpha: 0.3, beta: 2, never: 0 }, 10_000)).toBeCloseTo(0.9264, 4);
  });

  it("finds the parameters of worlds that it drew", () => {
    const plain = fit({ alpha: 0.4, beta: 2, never: 0 }, 4000, 64, false)!;
    expect(plain.alpha).toBeCloseTo(0.4, 1);
    expect(Math.abs(plain.beta / 2 - 1)).toBeLessThan(0.1);
    expect(plain.never).toBe(0);
    const inflated = fit({ alpha: 1.5, beta: 4, never: 0.2 }, 4000, 64, true)!;
    expect(Math.abs(inflated.alpha / 1.5 - 1)).toBeLessThan(0.1);
    expect(inflated.never).toBeCloseTo(0.2, 1);
  });

  it("finds no unsolvable problems where there are none", () => {
    expect(fit({ alpha: 2, beta: 4, never: 0 }, 2000, 64, true)!.never).toBeLessThan(0.01);
  });

  it("has the exponent alpha: -log coverage falls with k^-alpha", () => {
    const law = { alpha: 0.4, beta: 2, never: 0 };
    const slope = Math.log(Math.log(betaCoverage(law, 200_000)) / Math.log(betaCoverage(law, 100_000)));
    expect(-slope / Math.log(2)).toBeCloseTo(0.4, 2);
  });

  it("rises with k, within 0 and 1, whatever the parameters", () => {
    const size = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
    const law = fc.record({ alpha: size, beta: size, never: fc.double({ min: 0, max: 1, noNaN: true }) });
    fc.assert(
      fc.property(law, fc.integer({ min: 1, max: 2000 }), (some, k) => {
        const [less, more] = [betaCoverage(some, k), betaCoverage(some, k + 1)];
        expect(less).toBeGreaterThanOrEqual(0);
        expect(more).toBeGreaterThanOrEqual(less);
        expect(more).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("fits neither what is always right nor what is always wrong", () => {
    expect(fitBetaBinomial([{ right: 0, total: 8, problems: 40 }], true)).toBeUndefined();
    expect(fitBetaBinomial([{ right: 8, total: 8, problems: 40 }], false)).toBeUndefined();
    expect(fitBetaBinomial([], false)).toBeUndefined();
  });

  it("fits problems that are all alike, and problems that are all or nothing", () => {
    const alike = fitBetaBinomial([{ right: 2, total: 8, problems: 40 }], false)!;
    expect(betaCoverage(alike, 20)).toBeCloseTo(1 - 0.75 ** 20, 3);
    const split = [0, 8].map((right) => ({ right, total: 8, problems: 40 }));
    expect(betaCoverage(fitBetaBinomial(split, false)!, 100)).toBeCloseTo(0.5, 2);
  });
});
