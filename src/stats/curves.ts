/** Cost of an accuracy, in log2; a range where the curve does not tell it. */
export interface Reach {
  /** -Infinity where the smallest budget already has more accuracy. */
  readonly low: number;
  /** Infinity where no budget has as much. */
  readonly high: number;
}

/** A curve of accuracy over cost, ready to be inverted. */
export interface Fit {
  /** log2 of the mean cost, ascending. */
  readonly costs: readonly number[];
  /** Never falling. */
  readonly accuracies: readonly number[];
}

/**
 * The never falling sequence nearest to `values` in squares, by pooling adjacent violators (Ayer et al. 1955):
 * `isotonic([1, 3, 2])` is `[1, 2.5, 2.5]`.
 */
export function isotonic(values: readonly number[]): readonly number[] {
  const blocks: { sum: number; count: number }[] = [];
  const mean = ({ sum, count }: { sum: number; count: number }) => sum / count;
  for (const value of values) {
    let block = { sum: value, count: 1 };
    while (blocks.length > 0 && mean(blocks.at(-1)!) >= mean(block)) {
      const last = blocks.pop()!;
      block = { sum: last.sum + block.sum, count: last.count + block.count };
    }
    blocks.push(block);
  }
  return blocks.flatMap((block) => new Array<number>(block.count).fill(mean(block)));
}

/** The monotone fit of a curve from its accuracies and mean costs per budget, in any order. */
export function fitCurve(accuracies: readonly number[], costs: readonly number[]): Fit {
  const order = costs.map((_, budget) => budget).sort((a, b) => costs[a]! - costs[b]!);
  return {
    costs: order.map((budget) => Math.log2(costs[budget]!)),
    accuracies: isotonic(order.map((budget) => accuracies[budget]!)),
  };
}

/** Accuracies this near are the same: sums of the same numbers in another order. */
const ROUNDING = 1e-12;

/** The least cost at which the fit, linear between budgets in log2 of the cost, has this accuracy. */
export function reach({ costs, accuracies }: Fit, accuracy: number): Reach {
  const at = accuracies.findIndex((one) => one >= accuracy - ROUNDING);
  if (at === -1) return { low: costs.at(-1)!, high: Number.POSITIVE_INFINITY };
  if (at === 0) {
    const level = accuracies[0]! <= accuracy + ROUNDING;
    return { low: level ? costs[0]! : Number.NEGATIVE_INFINITY, high: costs[0]! };
  }
  const [from, to] = [accuracies[at - 1]!, accuracies[at]!];
  const share = Math.min(1, (accuracy - from) / (to - from));
  const cost = (1 - share) * costs[at - 1]! + share * costs[at]!;
  return { low: cost, high: cost };
}
