import type { CountGroup } from "./counts.ts";
import { minimise } from "./minimise.ts";

/**
 * How the chance p that a sample is right varies over problems: Beta(alpha, beta), but for a share `never` of problems
 * that no sample solves. Near p = 0 the density goes with p^(alpha-1), so that -log pass@k falls with k^-alpha
 * while `never` is 0 (Schaeffer et al. 2025, arXiv:2502.17578): alpha is the power law's b.
 */
export interface BetaBinomial {
  readonly alpha: number;
  readonly beta: number;
  readonly never: number;
}

/** Logarithms of alpha and beta that are searched: beyond, problems are alike, or all or nothing, to every digit. */
const WIDEST = 20;

/**
 * The beta-binomial law that makes the counts most likely; with `never`, problems may be unsolvable. `undefined` when
 * all samples are right, or all wrong, or the search does not converge.
 *
 * Gamma functions are not needed: of whole numbers of samples, their ratios are products.
 */
export function fitBetaBinomial(
  groups: readonly CountGroup[],
  never: boolean,
  near?: BetaBinomial,
): BetaBinomial | undefined {
  let [right, total, unsolved, problems] = [0, 0, 0, 0];
  for (const group of groups) {
    right += group.right * group.problems;
    total += group.total * group.problems;
    problems += group.problems;
    if (group.right === 0) unsolved += group.problems;
  }
  if (right === 0 || right === total) return undefined;
  const surprise = surpriseOf(groups);
  const lawAt = ([alpha, beta, share]: readonly number[]): BetaBinomial => ({
    alpha: Math.exp(alpha!),
    beta: Math.exp(beta!),
    never: share === undefined ? 0 : 1 / (1 + Math.exp(-share)),
  });
  const inside = (at: readonly number[]) => at.every((one) => Math.abs(one) <= WIDEST);
  const objective = (at: readonly number[]) => (inside(at) ? surprise(lawAt(at)) : Number.POSITIVE_INFINITY);
  const share = Math.min(0.9, Math.max(0.01, unsolved / problems / 2));
  const mean = right / total;
  const guess = near ?? { alpha: 0.5, beta: (0.5 * (1 - mean)) / mean, never: share };
  const start = [Math.log(guess.alpha), Math.log(guess.beta)];
  if (never) start.push(Math.max(-10, Math.log(guess.never) - Math.log1p(-guess.never)));
  const rough = near ? start : minimise(objective, start, 1).at;
  const { at, converged } = minimise(objective, rough, 0.25);
  return converged ? lawAt(at) : undefined;
}

/**
 * The negative log-likelihood of a law, but for a constant:
 * ln B(alpha + right, beta + wrong) - ln B(alpha, beta) summed as ln(alpha + j) for each j < right, and so on.
 */
function surpriseOf(groups: readonly CountGroup[]): (law: BetaBinomial) => number {
  const most = Math.max(...groups.map(({ total }) => total));
  const [rights, wrongs, totals] = [0, 1, 2].map(() => new Float64Array(most));
  const unsolved = new Float64Array(most + 1);
  let solved = 0;
  for (const { right, total, problems } of groups) {
    if (right === 0) {
      unsolved[total]! += problems;
      continue;
    }
    solved += problems;
    for (let j = 0; j < total; j += 1) {
      if (j < right) rights![j]! += problems;
      if (j < total - right) wrongs![j]! += problems;
      totals![j]! += problems;
    }
  }
  return ({ alpha, beta, never }) => {
    let likely = solved * Math.log1p(-never);
    let logMiss = 0;
    for (let j = 0; j < most; j += 1) {
      const wrong = Math.log(beta + j);
      const either = Math.log(alpha + beta + j);
      if (rights![j]! > 0) likely += rights![j]! * Math.log(alpha + j);
      likely += wrongs![j]! * wrong - totals![j]! * either;
      logMiss += wrong - either;
      if (unsolved[j + 1]! > 0)
        likely +=
          unsolved[j + 1]! * (never > 0 ? Math.log(never + (1 - never) * Math.exp(logMiss)) : logMiss);
    }
    return -likely;
  };
}

/** The coverage that the law gives with `k` samples: (1 - never) (1 - B(alpha, beta + k) / B(alpha, beta)). */
export function betaCoverage({ alpha, beta, never }: BetaBinomial, k: number): number {
  let miss = 1;
  for (let j = 0; j < k; j += 1) miss *= (beta + j) / (alpha + beta + j);
  return (1 - never) * (1 - miss);
}
