/**
 * Spearman's rank correlation: Pearson's of the ranks, equal values sharing their mean rank (Spearman 1904).
 * `undefined` when either side is the same everywhere, or there are fewer than 2 pairs.
 * @throws RangeError for lists of unequal length or a value that is not finite
 */
export function rankCorrelation(first: ArrayLike<number>, second: ArrayLike<number>): number | undefined {
  if (first.length !== second.length)
    throw new RangeError(`${first.length} values cannot pair with ${second.length}.`);
  const [one, other] = [ranksOf(first), ranksOf(second)];
  const middle = (first.length + 1) / 2;
  let [both, squares, others] = [0, 0, 0];
  for (const [place, rank] of one.entries()) {
    both += (rank - middle) * (other[place]! - middle);
    squares += (rank - middle) ** 2;
    others += (other[place]! - middle) ** 2;
  }
  return squares === 0 || others === 0 ? undefined : both / Math.sqrt(squares * others);
}

/** Ranks from 1, the lowest first. */
function ranksOf(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, place) => place);
  const missing = order.find((place) => !Number.isFinite(values[place]));
  if (missing !== undefined) throw new RangeError(`Value ${missing} is missing: leave its pair out.`);
  order.sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]!] === values[order[from]!]) to += 1;
    for (let at = from; at < to; at += 1) ranks[order[at]!] = (from + 1 + to) / 2;
  }
  return ranks;
}
