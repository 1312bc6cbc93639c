import { rng } from "../random.ts";
import type { CellFigures } from "./cells.ts";
import type { GridPlan } from "./grid.ts";
import { bootstrap, type Estimate } from "./stats/means.ts";

/** One plan of a sweep, as far as it is done. Means are over cells. */
export interface SweepRow {
  readonly plan: GridPlan;
  readonly cells: number;
  /** Problems with at least one cell. */
  readonly problems: number;
  /** Over problems, each the mean of its seeds. `undefined` without a problem. */
  readonly accuracy: Estimate | undefined;
  /** Calls of the generator. */
  readonly generations: number;
  /** Input and output tokens of all roles. */
  readonly tokens: number;
  /** `undefined` when a model's shape is unknown. */
  readonly flops: number | undefined;
}

interface Sums {
  readonly right: number[];
  cells: number;
  generations: number;
  tokens: number;
  flops: number | undefined;
}

/** Sums up the cells of a sweep, problem by problem: a row for each plan. */
export async function tabulate(
  plans: readonly GridPlan[],
  problems: AsyncIterable<readonly (readonly (CellFigures | undefined)[])[]>,
): Promise<readonly SweepRow[]> {
  const sums = plans.map((): Sums => ({ right: [], cells: 0, generations: 0, tokens: 0, flops: 0 }));
  for await (const rows of problems)
    for (const [index, row] of rows.entries()) {
      const cells = row.filter((cell) => cell !== undefined);
      sums[index]!.right.push(cells.filter(({ right }) => right).length / cells.length);
      for (const cell of cells) add(sums[index]!, cell);
    }
  const measured = sums.filter(({ cells }) => cells > 0);
  const estimates = bootstrap(
    measured.map(({ right }) => Float64Array.from(right)),
    sums[0]?.right.length ?? 0,
    rng(1).split("bootstrap"),
  );
  const accuracies = new Map(measured.map((one, index) => [one, estimates[index]!]));
  return sums.map((one, index): SweepRow => {
    const { right, cells, generations, tokens, flops } = one;
    const mean = (sum: number) => (cells === 0 ? 0 : sum / cells);
    return {
      plan: plans[index]!,
      cells,
      problems: right.filter((share) => !Number.isNaN(share)).length,
      accuracy: accuracies.get(one),
      generations: mean(generations),
      tokens: mean(tokens),
      flops: flops === undefined ? undefined : mean(flops),
    };
  });
}

function add(sums: Sums, { roles }: CellFigures): void {
  sums.cells += 1;
  sums.generations += roles.generator?.calls ?? 0;
  for (const { inputTokens, outputTokens, flops } of Object.values(roles)) {
    sums.tokens += inputTokens + outputTokens;
    sums.flops = sums.flops === undefined || flops === undefined ? undefined : sums.flops + flops;
  }
}
