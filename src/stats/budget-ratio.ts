import type { Rng } from "../random.ts";
import { type Fit, fitCurve, type Reach, reach } from "./curves.ts";
import {
  clusterSums,
  ends,
  PUBLISHED_RESAMPLES,
  type Resampling,
  resampledSums,
  tailShare,
  wholeSum,
} from "./resampling.ts";

/** A strategy at several budgets, measured on the same problems. */
export interface Curve {
  /** `accuracy[budget][problem]`: 0 or 1, or a share of samples. */
  readonly accuracy: readonly ArrayLike<number>[];
  /** `cost[budget][problem]`, above 0: generations, tokens or FLOPs, the same for both curves. */
  readonly cost: readonly ArrayLike<number>[];
}

/** The accuracy to compare at: a number, or that of one curve at a budget, counted from 0, the cheapest first. */
export type ComparedAt = number | { readonly curve: "first" | "second"; readonly budget: number };

/** How much more the first strategy spends than the second, for the same accuracy. */
export interface BudgetRatio {
  /** The accuracy compared at, in the whole sample. */
  readonly accuracy: number;
  /** Cost of the first over cost of the second; `undefined` where the curves do not both reach the accuracy. */
  readonly ratio: number | undefined;
  /** Ends of the interval; `undefined` where too many resamples leave them open, or there is no ratio. */
  readonly low: number | undefined;
  readonly high: number | undefined;
  /** Why there is no ratio. */
  readonly reason: string | undefined;
  readonly resamples: number;
  /** Resamples without a ratio, and those of them in which it could be as low, or as high, as one likes. */
  readonly undefinedResamples: number;
  readonly openBelow: number;
  readonly openAbove: number;
}

/**
 * The ratio of two strategies' costs at equal accuracy, C_first / C_second. Each curve is the monotone fit of mean
 * accuracy over log2 of mean cost, linear between budgets. The bootstrap draws problems (or clusters), and fits
 * and inverts both curves again; an accuracy given as a place on a curve is read again, too. A resample that does
 * not reach the accuracy still says how far the ratio is at least or at most, and counts as that, so an end of the
 * interval is open once more resamples are open on its side than it leaves out (2.5% for many problems).
 *
 * Intervals are a little wide for few problems: simulated 95% intervals held the true ratio in 97.1% of worlds of
 * 100 problems, 95.3% of 400 problems.
 * @throws RangeError for curves of unequal shape, costs not above 0, or fewer than 2 clusters
 */
export function budgetRatio(
  first: Curve,
  second: Curve,
  at: ComparedAt,
  random: Rng,
  { clusters, resamples = PUBLISHED_RESAMPLES, level = 0.95 }: Resampling = {},
): BudgetRatio {
  for (const curve of [first, second]) refuseCurve(curve);
  const ones = new Float64Array(first.accuracy[0]!.length).fill(1);
  const sums = clusterSums(
    [ones, ...[first, second].flatMap(({ accuracy, cost }) => [...accuracy, ...cost])],
    clusters,
  );
  const tail = tailShare(sums.clusters, level);
  const compare = (sum: Float64Array) => compared(sum, first, second, at);
  const lows = new Float64Array(resamples);
  const highs = new Float64Array(resamples);
  let round = 0;
  for (const sum of resampledSums(sums, resamples, random)) {
    const { low, high } = compare(sum).ratio;
    lows[round] = low;
    highs[round] = high;
    round += 1;
  }
  const whole = compare(wholeSum(sums));
  const known = whole.ratio.low === whole.ratio.high;
  const interval = ends(lows, highs, tail);
  const bound = (logarithm: number) => (known && Number.isFinite(logarithm) ? 2 ** logarithm : undefined);
  return {
    accuracy: whole.accuracy,
    ratio: bound(whole.ratio.low),
    low: bound(interval.low),
    high: bound(interval.high),
    reason: known ? undefined : reasonOf(whole),
    resamples,
    undefinedResamples: lows.filter((low, index) => low !== highs[index]).length,
    openBelow: lows.filter((low) => !Number.isFinite(low)).length,
    openAbove: highs.filter((high) => !Number.isFinite(high)).length,
  };
}

interface Compared {
  readonly accuracy: number;
  readonly fits: readonly [Fit, Fit];
  readonly reaches: readonly [Reach, Reach];
  /** log2 of the ratio. */
  readonly ratio: Reach;
}

/** Compares from sums over problems: their number, accuracies and costs of the first curve, then of the second. */
function compared(sum: Float64Array, first: Curve, second: Curve, at: ComparedAt): Compared {
  const means = Array.from(sum.subarray(1), (one) => one / sum[0]!);
  const [here, there] = [first.accuracy.length, second.accuracy.length];
  const fitFrom = (start: number, budgets: number) =>
    fitCurve(means.slice(start, start + budgets), means.slice(start + budgets, start + 2 * budgets));
  const fits = [fitFrom(0, here), fitFrom(2 * here, there)] as const;
  const accuracy = typeof at === "number" ? at : fits[at.curve === "first" ? 0 : 1].accuracies[at.budget];
  if (accuracy === undefined) throw new RangeError("The curve to compare at has no such budget.");
  const [one, other] = [reach(fits[0], accuracy), reach(fits[1], accuracy)];
  const ratio = { low: one.low - other.high, high: one.high - other.low };
  return { accuracy, fits, reaches: [one, other], ratio };
}

function refuseCurve({ accuracy, cost }: Curve): void {
  if (accuracy.length === 0 || accuracy.length !== cost.length)
    throw new RangeError("A curve needs accuracies and costs at the same budgets, at least one.");
  if (cost.some((one) => Array.prototype.some.call(one, (value: number) => !(value > 0))))
    throw new RangeError("The logarithm of a cost needs costs above 0.");
}

function reasonOf({ accuracy, fits, reaches }: Compared): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  const parts = reaches.flatMap(({ low, high }, index) => {
    const name = index === 0 ? "first" : "second";
    const { accuracies } = fits[index]!;
    if (high === Number.POSITIVE_INFINITY)
      return [`the ${name} never reaches ${percent(accuracy)}: its best is ${percent(accuracies.at(-1)!)}`];
    if (low === Number.NEGATIVE_INFINITY)
      return [`the ${name} starts above ${percent(accuracy)}, at ${percent(accuracies[0]!)}`];
    return [];
  });
  return parts.join("; ");
}
