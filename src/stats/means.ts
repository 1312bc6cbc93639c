import type { Rng } from "../random.ts";
import { ends, tailShare } from "./resampling.ts";

/** A mean over problems with its 95% interval. */
export interface Estimate {
  readonly mean: number;
  /** `undefined`: one problem alone was measured, and nothing tells how problems vary. */
  readonly low: number | undefined;
  readonly high: number | undefined;
}

/** An estimate that has its interval. */
export interface Interval extends Estimate {
  readonly low: number;
  readonly high: number;
}

/** Resamples of an interval to look at; those to publish are `PUBLISHED_RESAMPLES`. */
const RESAMPLES = 2000;

/**
 * Means of several measurements of the same problems, with 95% intervals by bootstrap over the problems (expanded
 * percentiles, see `tailShare`). All measurements share their resamples, as one draw of problems decides them all.
 * A problem without a measurement (`NaN`) counts for the others only; each row needs one problem at least.
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
  const all = Int32Array.from({ length: problems }, (_, place) => place);
  return rows.map((row, index) => {
    const measured = row.filter((value) => !Number.isNaN(value)).length;
    const mean = meanAt(row, all);
    if (measured < 2) return { mean, low: undefined, high: undefined };
    const means = drawn[index]!.filter((one) => !Number.isNaN(one));
    return { mean, ...ends(means, means, tailShare(measured, 0.95)) };
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
