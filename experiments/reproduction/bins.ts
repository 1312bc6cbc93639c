import { binOf, quantileBins } from "../../src/policy/index.ts";
import type { Rng } from "../../src/random.ts";
import { pairedBootstrap } from "../../src/stats/difference.ts";
import type { Interval } from "../../src/stats/means.ts";
import {
  clusterSums,
  ends,
  PUBLISHED_RESAMPLES,
  resampledSums,
  tailShare,
} from "../../src/stats/resampling.ts";
import type { Claim } from "./claims.ts";
import type { Recording } from "./recordings.ts";

/** Recordings, or whatever else knows its problem and how easy it is. */
export type Binnable = Pick<Recording, "problem" | "passAt1">;

/** The bin of each problem, from 1, the easiest: fifths of its family by oracle difficulty, pass@1 of all samples. */
export function fifths(recordings: readonly Binnable[]): Int32Array {
  const bin = new Int32Array(recordings.length);
  const families = Map.groupBy(recordings.keys(), (place) => recordings[place]!.problem.family);
  for (const places of families.values()) {
    const bins = quantileBins(5)(places.map((place) => recordings[place]!.passAt1));
    for (const place of places) bin[place] = 1 + binOf(bins, recordings[place]!.passAt1);
  }
  return bin;
}

/** The problems of each family and bin, by number; groups of fewer than 2 are left out. */
export function groupsOf(recordings: readonly Binnable[], bins: Int32Array) {
  const families = [...new Set(recordings.map(({ problem }) => problem.family ?? "problems"))];
  return families
    .flatMap((family) => [1, 2, 3, 4, 5].map((bin) => ({ family, bin, panel: `${family}, bin ${bin}` })))
    .map((group) => ({
      ...group,
      places: placesOf(
        bins.length,
        (place) => bins[place] === group.bin && recordings[place]!.problem.family === group.family,
      ),
    }))
    .filter(({ places }) => places.length > 1);
}

/** Numbers of the problems that pass a test. */
export const placesOf = (count: number, test: (place: number) => boolean): readonly number[] =>
  Array.from({ length: count }, (_, place) => place).filter(test);

export const meanOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, one) => sum + one, 0) / values.length;

/** The values at these places. */
export const at = (values: ArrayLike<number>, places: readonly number[]): Float64Array =>
  Float64Array.from(places, (place) => values[place]!);

/** Mean with its 95% interval, by bootstrap over problems; `undefined` for fewer than 2. */
export const meanOver = (values: ArrayLike<number>, random: Rng): Interval | undefined =>
  values.length < 2 ? undefined : pairedBootstrap(values, new Float64Array(values.length), random);

/** Mean of some problems minus the mean of others, with its 95% interval by bootstrap over all of them. */
export function contrast(one: Float64Array, other: Float64Array, random: Rng): Interval | undefined {
  if (one.length < 2 || other.length < 2) return undefined;
  const sums = clusterSums([
    [...one, ...other.map(() => 0)],
    [...one.map(() => 1), ...other.map(() => 0)],
    [...one.map(() => 0), ...other],
    [...one.map(() => 0), ...other.map(() => 1)],
  ]);
  const drawn = new Float64Array(PUBLISHED_RESAMPLES);
  let round = 0;
  for (const [first, count, second, others] of resampledSums(sums, PUBLISHED_RESAMPLES, random)) {
    drawn[round] = first! / count! - second! / others!;
    round += 1;
  }
  const mean = meanOf(one) - meanOf(other);
  return { mean, ...ends(drawn, drawn, tailShare(Math.min(one.length, other.length), 0.95)) };
}

/** Sum of some values over the sum of others, with its 95% interval by bootstrap over problems. */
export function ratioOver(values: Float64Array, over: Float64Array, random: Rng): Interval | undefined {
  const used = over.filter((one) => one > 0).length;
  if (used < 2) return undefined;
  const drawn: number[] = [];
  for (const [sum, count] of resampledSums(clusterSums([values, over]), PUBLISHED_RESAMPLES, random))
    if (count! > 0) drawn.push(sum! / count!);
  const ratios = Float64Array.from(drawn);
  return { mean: meanOf(values) / meanOf(over), ...ends(ratios, ratios, tailShare(used, 0.95)) };
}

/** Shown when the whole interval is above 0, contradicted when it is below. */
export function aboveZero(found: Interval | undefined): Claim["verdict"] {
  if (found === undefined) return "not shown";
  return found.low > 0 ? "shown" : found.high < 0 ? "contradicted" : "not shown";
}

/** Of claims that must all hold: contradicted when one is, shown when all are. No correction is needed for that. */
export function allOf(verdicts: readonly Claim["verdict"][]): Claim["verdict"] {
  if (verdicts.includes("contradicted")) return "contradicted";
  return verdicts.every((one) => one === "shown") ? "shown" : "not shown";
}

export const negated = ({ mean, low, high }: Interval): Interval => ({ mean: -mean, low: -high, high: -low });

/** "+3.1 points (1.0 to 5.2)". */
export function points(found: Interval | undefined): string {
  if (found === undefined) return "unknown";
  const [mean, low, high] = [found.mean, found.low, found.high].map((one) => (100 * one).toFixed(1));
  return `${found.mean > 0 ? "+" : ""}${mean} points (${low} to ${high})`;
}

/** "62.0% (59.1 to 64.8)". */
export function percent(found: Interval | undefined): string {
  if (found === undefined) return "unknown";
  const [mean, low, high] = [found.mean, found.low, found.high].map((one) => (100 * one).toFixed(1));
  return `${mean}% (${low} to ${high})`;
}
