import { binomialAtMost, bisect } from "./distributions.ts";

/** The Wilson score interval of a proportion (Wilson 1927); `z` 1.96 is 95%. `[0, 1]` when `total` is 0. */
export function wilson(right: number, total: number, z = 1.959964): readonly [number, number] {
  if (total === 0) return [0, 1];
  const share = right / total;
  const spread = z * Math.sqrt((share * (1 - share)) / total + (z * z) / (4 * total * total));
  const scale = 1 + (z * z) / total;
  const middle = share + (z * z) / (2 * total);
  return [Math.max(0, (middle - spread) / scale), Math.min(1, (middle + spread) / scale)];
}

/**
 * The exact interval of a proportion (Clopper and Pearson 1934): it covers at least `level` (default 0.95)
 * whatever the truth is, so it is wider than `wilson`. `[0, 1]` when `total` is 0.
 * @throws RangeError unless 0 <= right <= total are whole numbers
 */
export function clopperPearson(right: number, total: number, level = 0.95): readonly [number, number] {
  if (!Number.isInteger(right) || !Number.isInteger(total) || right < 0 || right > total)
    throw new RangeError(`${right} of ${total} is no count of successes.`);
  const tail = (1 - level) / 2;
  return [leastChance(right, total, tail), 1 - leastChance(total - right, total, tail)];
}

/** The chance at which `right` or more successes have probability `tail`. */
function leastChance(right: number, total: number, tail: number): number {
  if (right === 0) return 0;
  return bisect((chance) => binomialAtMost(total - right, total, 1 - chance), tail, 0, 1);
}
