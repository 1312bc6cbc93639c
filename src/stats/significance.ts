import { binomialAtMost } from "./distributions.ts";

/** P-values, two-sided. */
export interface McNemar {
  /** Exact binomial; never below its level, so often too careful. */
  readonly exact: number;
  /** Mid-p: what is as extreme counts half. Close to its level (Fagerland et al. 2013, doi:10.1186/1471-2288-13-91). */
  readonly mid: number;
}

/**
 * McNemar's test of two strategies on the same problems, from the problems that only the first and only the
 * second gets right; those that both or neither do say nothing. 1 when there is none.
 * @throws RangeError when a count is not a whole number from 0
 */
export function mcnemar(onlyFirst: number, onlySecond: number): McNemar {
  if (![onlyFirst, onlySecond].every((count) => Number.isInteger(count) && count >= 0))
    throw new RangeError(`${onlyFirst} and ${onlySecond} are no counts of problems.`);
  const total = onlyFirst + onlySecond;
  if (total === 0) return { exact: 1, mid: 1 };
  const fewer = Math.min(onlyFirst, onlySecond);
  const [below, most] = [fewer - 1, fewer].map((count) => binomialAtMost(count, total, 0.5)) as [
    number,
    number,
  ];
  const mid = onlyFirst === onlySecond ? 1 - (most - below) / 2 : most + below;
  return { exact: Math.min(1, 2 * most), mid };
}

/** How many problems only the first, and only the second of two strategies got right. */
export function discordance(
  first: readonly boolean[],
  second: readonly boolean[],
): readonly [onlyFirst: number, onlySecond: number] {
  if (first.length !== second.length)
    throw new RangeError(`${first.length} problems cannot pair with ${second.length}.`);
  const only = (one: readonly boolean[], other: readonly boolean[]) =>
    one.filter((right, problem) => right && !other[problem]).length;
  return [only(first, second), only(second, first)];
}

/**
 * P-values adjusted for their number by Holm's step-down method (Holm 1979), in the order given: to reject those
 * up to 0.05 keeps the chance of any false rejection at 5%, however they depend on each other.
 * @throws RangeError for a number outside [0, 1]
 */
export function holm(pValues: readonly number[]): readonly number[] {
  const wrong = pValues.find((value) => !(value >= 0 && value <= 1));
  if (wrong !== undefined) throw new RangeError(`${wrong} is no p-value.`);
  const adjusted = new Array<number>(pValues.length);
  let least = 0;
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a]! - pValues[b]!);
  for (const [rank, index] of order.entries()) {
    least = Math.max(least, Math.min(1, (pValues.length - rank) * pValues[index]!));
    adjusted[index] = least;
  }
  return adjusted;
}
