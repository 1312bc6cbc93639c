import type { Rng } from "../random.ts";

/** An estimate with its 95% interval. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The probability that at least one of `k` samples is right, given that `right` of `total` are: the unbiased
 * estimator 1 - C(total-right, k) / C(total, k) (Chen et al. 2021, arXiv:2107.03374, section 2.1).
 * `undefined` when there are fewer than `k` samples.
 */
export function passAtK(total: number, right: number, k: number): number | undefined {
  if (k > total) return undefined;
  let wrong = 1;
  for (let drawn = 0; drawn < k; drawn += 1) wrong *= Math.max(0, total - right - drawn) / (total - drawn);
  return 1 - wrong;
}

/** Resamplings of a bootstrap. */
export const RESAMPLES = 2000;

/**
 * Means of several measurements of the same problems, with 95% percentile intervals by bootstrap over the
 * problems. All measurements share their resamplings, as one draw of problems decides them all. A problem
 * without a measurement (`NaN`) counts for the others only.
 */
export function bootstrap(
  rows: readonly Float64Array[],
  problems: number,
  random: Rng,
  resamples = RESAMPLES,
): readonly Estimate[] {
  const drawn = rows.map(() => new Float64Array(resamples));
  const sample = new Int32Array(problems);
  for (let round = 0; round < resamples; round += 1) {
    for (let place = 0; place < problems; place += 1) sample[place] = random.int(0, problems - 1);
    for (const [index, row] of rows.entries()) drawn[index]![round] = meanAt(row, sample);
  }
  return rows.map((row, index) => {
    const means = drawn[index]!.filter((mean) => !Number.isNaN(mean)).sort();
    const at = (share: number) => means[Math.round(share * (means.length - 1))] ?? Number.NaN;
    const all = Int32Array.from({ length: problems }, (_, place) => place);
    return { mean: meanAt(row, all), low: at(0.025), high: at(0.975) };
  });
}

/** The mean of the measurements at these places; NaN when there is none. */
function meanAt(row: Float64Array, places: Int32Array): number {
  let sum = 0;
  let count = 0;
  for (const place of places) {
    const value = row[place]!;
    if (Number.isNaN(value)) continue;
    sum += value;
    count += 1;
  }
  return sum / count;
}
