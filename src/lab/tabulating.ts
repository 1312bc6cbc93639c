import { rng } from "../random.ts";
import { bootstrap, type Estimate } from "../stats/means.ts";
import { wilson } from "../stats/proportions.ts";
import type { CellFigures } from "./cells.ts";
import type { GridPlan } from "./grid.ts";

/** One plan of a sweep, as far as it is done. Means are over cells. */
export interface SweepRow {
  readonly plan: GridPlan;
  readonly cells: number;
  /** Problems with at least one cell. */
  readonly problems: number;
  /** Over problems, each the mean of its seeds; the interval is Wilson's, with several seeds by bootstrap.
   * `undefined` without a problem. */
  readonly accuracy: Estimate | undefined;
  /** Calls of the generator. */
  readonly generations: number;
  /** Input and output tokens of all roles. */
  readonly tokens: number;
  /** `undefined` when a model's shape is unknown. */
  readonly flops: number | undefined;
}

interface Sums {
  /** Share of right cells of each problem; NaN without a cell. */
  readonly right: number[];
  cells: number;
  /** Most cells of a problem. */
  seeds: number;
  generations: number;
  tokens: number;
  flops: number | undefined;
}

/** Sums up the cells of a sweep, problem by problem: a row for each plan. */
export async function tabulate(
  plans: readonly GridPlan[],
  problems: AsyncIterable<readonly (readonly (CellFigures | undefined)[])[]>,
): Promise<readonly SweepRow[]> {
  const sums = plans.map(
    (): Sums => ({ right: [], cells: 0, seeds: 0, generations: 0, tokens: 0, flops: 0 }),
  );
  for await (const rows of problems)
    for (const [index, row] of rows.entries()) {
      const cells = row.filter((cell) => cell !== undefined);
      sums[index]!.right.push(cells.filter(({ right }) => right).length / cells.length);
      for (const cell of cells) add(sums[index]!, cell);
      sums[index]!.seeds = Math.max(sums[index]!.seeds, cells.length);
    }
  return sums.map((one, index): SweepRow => {
    const { right, cells, generations, tokens, flops } = one;
    const mean = (sum: number) => (cells === 0 ? 0 : sum / cells);
    return {
      plan: plans[index]!,
      cells,
      problems: right.filter((share) => !Number.isNaN(share)).length,
      accuracy: accuracyOf(one),
      generations: mean(generations),
      tokens: mean(tokens),
      flops: flops === undefined ? undefined : mean(flops),
    };
  });
}

/** From one seed every problem is right or wrong, a proportion; from several they are means, which are resampled. */
function accuracyOf({ right, cells, seeds }: Sums): Estimate | undefined {
  if (cells === 0) return undefined;
  if (seeds > 1) return bootstrap([Float64Array.from(right)], right.length, rng(1).split("bootstrap"))[0];
  const measured = right.filter((share) => !Number.isNaN(share));
  const count = measured.reduce((sum, share) => sum + share, 0);
  const [low, high] = wilson(count, measured.length);
  return { mean: count / measured.length, low, high };
}

function add(sums: Sums, { roles }: CellFigures): void {
  sums.cells += 1;
  sums.generations += roles.generator?.calls ?? 0;
  for (const { inputTokens, outputTokens, flops } of Object.values(roles)) {
    sums.tokens += inputTokens + outputTokens;
    sums.flops = sums.flops === undefined || flops === undefined ? undefined : sums.flops + flops;
  }
}
