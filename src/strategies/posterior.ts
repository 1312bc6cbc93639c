import { randomBeta, randomGamma, randomNormal } from "d3-random";
import type { Rng } from "../random.ts";

/** What is believed of the scores that an action gives, before any is seen: the Jeffreys prior of a share, or a
 * normal distribution of unknown mean and variance. */
export type Prior = "gaussian" | "beta";

/** A normal-inverse-gamma distribution: the variance is scaled-inverse-χ² with `nu` degrees of freedom about
 * `variance`, and the mean normal about `mean` with that variance divided by `kappa`. */
export interface Gaussian {
  readonly mean: number;
  readonly kappa: number;
  readonly nu: number;
  readonly variance: number;
}

const BEFORE: Gaussian = { mean: 0, kappa: 1, nu: 1, variance: 0.1 };
const JEFFREYS = 0.5;

/** What is believed after these scores (Murphy 2023, "Probabilistic machine learning: advanced topics", 3.4.3). */
export function gaussianAfter(scores: readonly number[]): Gaussian {
  const count = scores.length;
  if (count === 0) return BEFORE;
  const { mean, kappa, nu, variance } = BEFORE;
  const average = scores.reduce((sum, score) => sum + score, 0) / count;
  const spread = scores.reduce((sum, score) => sum + (score - average) ** 2, 0);
  const shift = ((count * kappa) / (kappa + count)) * (mean - average) ** 2;
  return {
    mean: (kappa * mean + count * average) / (kappa + count),
    kappa: kappa + count,
    nu: nu + count,
    variance: (nu * variance + spread + shift) / (nu + count),
  };
}

/** Thompson sampling: draws the expected score of an action from what is believed after these scores of it. */
export function drawExpected(prior: Prior, scores: readonly number[], random: Rng): number {
  if (prior === "beta") {
    const successes = scores.reduce((sum, score) => sum + score, 0);
    const failures = scores.length - successes;
    return randomBeta.source(random.next)(JEFFREYS + successes, JEFFREYS + failures)();
  }
  const { mean, kappa, nu, variance } = gaussianAfter(scores);
  const precision = randomGamma.source(random.next)(nu / 2, 2 / (nu * variance))();
  return randomNormal.source(random.next)(mean, Math.sqrt(1 / (precision * kappa)))();
}
