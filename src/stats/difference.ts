import type { Rng } from "../random.ts";
import type { Interval } from "./means.ts";
import {
  clusterSums,
  ends,
  PUBLISHED_RESAMPLES,
  type Resampling,
  resampledSums,
  tailShare,
  wholeSum,
} from "./resampling.ts";

/**
 * The mean of `first - second` over the same problems, with a bootstrap interval over problems, or over
 * clusters of them. Why expanded percentiles: see `tailShare`.
 * @throws RangeError for fewer than 2 clusters, unequal lengths or a number that is not finite
 */
export function pairedBootstrap(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  random: Rng,
  { clusters, resamples = PUBLISHED_RESAMPLES, level = 0.95 }: Resampling = {},
): Interval {
  if (first.length !== second.length)
    throw new RangeError(`${first.length} problems cannot pair with ${second.length}.`);
  const differences = Float64Array.from(first, (value, problem) => value - second[problem]!);
  const sums = clusterSums([differences, new Float64Array(first.length).fill(1)], clusters);
  const tail = tailShare(sums.clusters, level);
  const means = new Float64Array(resamples);
  let round = 0;
  for (const [sum, count] of resampledSums(sums, resamples, random)) {
    means[round] = sum! / count!;
    round += 1;
  }
  const [sum, count] = wholeSum(sums);
  return { mean: sum! / count!, ...ends(means, means, tail) };
}

/** How to flip signs. */
export interface Flipping extends Pick<Resampling, "clusters"> {
  /** Sign patterns to try. All of them are tried, once each, when there are no more. Default 10,000. */
  readonly flips?: number | undefined;
}

/** Rounding that leaves two sums of the same numbers as extreme as each other, relative to their absolute sum. */
const ROUNDING = 1e-12;

/**
 * The two-sided p-value of a mean difference over problems: the share of sign patterns whose mean is as far from
 * 0. It assumes that, with no difference, a problem (a cluster) is as likely to favour either side. Random
 * patterns count the given one as well, so the p-value is never 0 (Phipson and Smyth 2010).
 * @throws RangeError for clusters of another length or a number that is not finite
 */
export function signFlip(
  differences: ArrayLike<number>,
  random: Rng,
  { clusters, flips = PUBLISHED_RESAMPLES }: Flipping = {},
): number {
  const values = clusterSums([differences], clusters).rows.filter((value) => value !== 0);
  const size = values.reduce((sum, value) => sum + Math.abs(value), 0);
  const given = Math.abs(values.reduce((sum, value) => sum + value, 0)) - ROUNDING * size;
  const every = 2 ** values.length <= flips;
  const rounds = every ? 2 ** values.length : flips;
  let extreme = 0;
  for (let round = 0; round < rounds; round += 1) {
    let bits = round;
    let sum = 0;
    for (const [place, value] of values.entries()) {
      if (!every && place % 32 === 0) bits = random.int(0, 2 ** 32 - 1);
      sum += (bits >>> (place % 32)) & 1 ? value : -value;
    }
    if (Math.abs(sum) >= given) extreme += 1;
  }
  return every ? extreme / rounds : (extreme + 1) / (rounds + 1);
}
