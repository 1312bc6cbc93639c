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

/**
 * The probabilities that 0, 1, ... `k` of `k` samples are right, drawn without replacement from `total` of which
 * `right` are: the hypergeometric distribution. 1 minus the first is pass@k, the last is the chance that all are
 * right. `undefined` when there are fewer than `k` samples.
 */
export function rightAmong(total: number, right: number, k: number): readonly number[] | undefined {
  if (k > total) return undefined;
  let chances = [1];
  for (let drawn = 0; drawn < k; drawn += 1) {
    const next = new Array<number>(drawn + 2).fill(0);
    for (const [found, chance] of chances.entries()) {
      const good = Math.max(0, right - found) / (total - drawn);
      next[found + 1]! += chance * good;
      next[found]! += chance * Math.max(0, 1 - good);
    }
    chances = next;
  }
  return chances;
}

/**
 * The accuracy of best-of-`k`: that of the top-scored of `k` samples drawn without replacement, averaged over all
 * subsets at once; equal scores share the choice. `undefined` when there are fewer than `k` samples.
 * @throws RangeError for lists of unequal length, a score that is not finite, or `k` below 1
 */
export function bestOfK(scores: ArrayLike<number>, right: ArrayLike<boolean>, k: number): number | undefined {
  const total = scores.length;
  if (right.length !== total)
    throw new RangeError(`${total} scores cannot be graded by ${right.length} verdicts.`);
  if (!(k >= 1)) throw new RangeError("The best of no sample is none.");
  const order = Array.from({ length: total }, (_, index) => index);
  if (order.some((index) => !Number.isFinite(scores[index])))
    throw new RangeError("Every sample needs a score.");
  if (k > total) return undefined;
  order.sort((a, b) => scores[a]! - scores[b]!);
  /** The probability that all of the subset are among this many lowest. */
  const within = (lowest: number) => 1 - passAtK(total, total - lowest, k)!;
  let accuracy = 0;
  for (let from = 0, to = 0; from < total; from = to) {
    let hits = 0;
    for (; to < total && scores[order[to]!] === scores[order[from]!]; to += 1)
      hits += Number(right[order[to]!]!);
    accuracy += ((within(to) - within(from)) * hits) / (to - from);
  }
  return accuracy;
}
