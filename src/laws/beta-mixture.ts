import { type BetaBinomial, betaCoverage } from "./beta-binomial.ts";
import type { CountGroup } from "./counts.ts";
import { minimise } from "./minimise.ts";

/** Two kinds of problems: a share `hard` of them has chances of one Beta distribution, the rest of another. */
export interface BetaMixture {
  readonly hard: number;
  readonly low: BetaShape;
  readonly high: BetaShape;
}

type BetaShape = Pick<BetaBinomial, "alpha" | "beta">;

/** Bounds of the searched logits of means and of `hard`, and of the logarithms of alpha + beta. */
const WIDEST = 12;

/**
 * The mixture of two beta-binomial laws that makes the counts most likely. `undefined` when all samples are right, or
 * all wrong, or the search does not converge.
 */
export function fitBetaMixture(groups: readonly CountGroup[], near?: BetaMixture): BetaMixture | undefined {
  const drawn = groups.filter(({ problems }) => problems > 0);
  if (drawn.every(({ right }) => right === 0) || drawn.every(({ right, total }) => right === total))
    return undefined;
  const objective = (at: readonly number[]) =>
    at.every((one) => Math.abs(one) <= WIDEST) ? surprise(drawn, lawAt(at)) : Number.POSITIVE_INFINITY;
  if (near) {
    const { at, converged } = minimise(objective, placeOf(near), 0.25);
    return converged ? lawAt(at) : undefined;
  }
  const found = [0.2, 0.5, 0.8].map((hard) => {
    const rough = minimise(objective, split(drawn, hard), 1).at;
    return minimise(objective, rough, 0.25);
  });
  const best = found.reduce((one, other) => (other.value < one.value ? other : one));
  return best.converged ? ordered(lawAt(best.at)) : undefined;
}

function ordered(law: BetaMixture): BetaMixture {
  const mean = ({ alpha, beta }: BetaShape) => alpha / (alpha + beta);
  return mean(law.low) <= mean(law.high) ? law : { hard: 1 - law.hard, low: law.high, high: law.low };
}

const logit = (share: number) => Math.log(share) - Math.log1p(-share);
const share = (logit: number) => 1 / (1 + Math.exp(-logit));

function lawAt(at: readonly number[]): BetaMixture {
  const shape = (mean: number, size: number): BetaShape => {
    const [chance, all] = [share(mean), Math.exp(size)];
    return { alpha: chance * all, beta: (1 - chance) * all };
  };
  return { hard: share(at[0]!), low: shape(at[1]!, at[2]!), high: shape(at[3]!, at[4]!) };
}

function placeOf({ hard, low, high }: BetaMixture): readonly number[] {
  const place = ({ alpha, beta }: BetaShape) => [Math.log(alpha) - Math.log(beta), Math.log(alpha + beta)];
  return [logit(hard), ...place(low), ...place(high)];
}

/** Where to begin: the mean chances of the hardest problems, and of the others. */
function split(groups: readonly CountGroup[], hard: number): readonly number[] {
  const rising = [...groups].sort((one, other) => one.right / one.total - other.right / other.total);
  const all = rising.reduce((sum, { problems }) => sum + problems, 0);
  const sums = [0, 0, 0, 0];
  let seen = 0;
  for (const { right, total, problems } of rising) {
    const half = seen < hard * all ? 0 : 2;
    sums[half]! += problems * right;
    sums[half + 1]! += problems * total;
    seen += problems;
  }
  const mean = (half: number) => logit((sums[half]! + 0.5) / (sums[half + 1]! + 1));
  return [logit(hard), mean(0), 2, mean(2), 1];
}

/** The negative log-likelihood, but for a constant. */
function surprise(groups: readonly CountGroup[], { hard, low, high }: BetaMixture): number {
  const most = groups.reduce((largest, { total }) => Math.max(largest, total), 0);
  const [easyOf, hardOf] = [likelihoodOf(high, most), likelihoodOf(low, most)];
  let likely = 0;
  for (const { right, total, problems } of groups) {
    const [one, other] = [hardOf(right, total), easyOf(right, total)];
    const larger = Math.max(one, other);
    likely +=
      problems * (larger + Math.log(hard * Math.exp(one - larger) + (1 - hard) * Math.exp(other - larger)));
  }
  return -likely;
}

/** ln B(alpha + right, beta + wrong) - ln B(alpha, beta), of up to `most` samples. */
function likelihoodOf({ alpha, beta }: BetaShape, most: number): (right: number, total: number) => number {
  const rising = (from: number) => {
    const sums = new Float64Array(most + 1);
    for (let j = 0; j < most; j += 1) sums[j + 1] = sums[j]! + Math.log(from + j);
    return sums;
  };
  const [rights, wrongs, totals] = [rising(alpha), rising(beta), rising(alpha + beta)];
  return (right, total) => rights[right]! + wrongs[total - right]! - totals[total]!;
}

/** The coverage that the mixture gives with `k` samples. */
export function mixtureCoverage({ hard, low, high }: BetaMixture, k: number): number {
  const coverage = (shape: BetaShape) => betaCoverage({ ...shape, never: 0 }, k);
  return hard * coverage(low) + (1 - hard) * coverage(high);
}
