import { describe, expect, test } from "vitest";
import { rng } from "../random.ts";
import { drawExpected, gaussianAfter, type Prior } from "./posterior.ts";

const DRAWS = 10_000;

/** The share of draws up to `limit`, which stays within four standard errors of what a formula says. */
function shareUpTo(limit: number, prior: Prior, scores: readonly number[]): number {
  const random = rng(1).split("posterior");
  let below = 0;
  for (let draw = 0; draw < DRAWS; draw += 1)
    below += Number(drawExpected(prior, scores, random.split(draw)) <= limit);
  return below / DRAWS;
}
const error = (share: number) => 4 * Math.sqrt((share * (1 - share)) / DRAWS);

describe("the gaussian posterior", () => {
  test("is the one that is worked out by hand", () => {
    expect(gaussianAfter([])).toEqual({ mean: 0, kappa: 1, nu: 1, variance: 0.1 });
    // One score of 1: mean 1/2; (0.1 + 0 + 1/2) / 2. Then 0.5: average 3/4, spread 1/8, shift 2/3 * 9/16 = 3/8.
    expect(gaussianAfter([1])).toEqual({ mean: 0.5, kappa: 2, nu: 2, variance: 0.3 });
    const { mean, kappa, nu, variance } = gaussianAfter([1, 0.5]);
    expect([mean, kappa, nu]).toEqual([0.5, 3, 3]);
    expect(variance).toBeCloseTo((0.1 + 0.125 + 0.375) / 3, 12);
  });

  // The mean follows Student's t about `mean` with scale √(variance / kappa): with one degree of freedom a Cauchy
  // distribution, with two F(t) = 1/2 + t / (2 √(2 + t²)).
  test.each([-2, -0.5, 0, 0.3, 1, 4])("before any score is a Cauchy distribution up to %f scales", (t) => {
    const wanted = 0.5 + Math.atan(t) / Math.PI;
    expect(Math.abs(shareUpTo(t * Math.sqrt(0.1), "gaussian", []) - wanted)).toBeLessThan(error(wanted));
  });

  test.each([-3, -1, 0, 0.7, 2])("after one score is Student's t up to %f scales", (t) => {
    const wanted = 0.5 + t / (2 * Math.sqrt(2 + t * t));
    const limit = 0.5 + t * Math.sqrt(0.3 / 2);
    expect(Math.abs(shareUpTo(limit, "gaussian", [1]) - wanted)).toBeLessThan(error(wanted));
  });
});

describe("the beta posterior", () => {
  test.each([0.01, 0.2, 0.5, 0.9])("before any score is the arcsine distribution up to %f", (x) => {
    const wanted = (2 / Math.PI) * Math.asin(Math.sqrt(x));
    expect(Math.abs(shareUpTo(x, "beta", []) - wanted)).toBeLessThan(error(wanted));
  });

  test("has the mean and the variance of its formula", () => {
    const random = rng(2);
    const draws = Array.from({ length: DRAWS }, (_, draw) =>
      drawExpected("beta", [1, 0.25, 0.75, 0], random.split(draw)),
    );
    // Beta(2.5, 2.5): mean 1/2, variance 1/24.
    const mean = draws.reduce((sum, one) => sum + one, 0) / DRAWS;
    const variance = draws.reduce((sum, one) => sum + (one - mean) ** 2, 0) / DRAWS;
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 24 / DRAWS));
    expect(Math.abs(variance - 1 / 24)).toBeLessThan(0.002);
  });
});
