import type { Amounts } from "../budget/cost.ts";
import type { SweepEvent } from "../lab/driving.ts";
import type { Experiment } from "../lab/experiment.ts";
import type { GridPlan } from "../lab/grid.ts";
import type { Sweep } from "../lab/sweep.ts";
import type { Budget } from "../types.ts";
import { seconds } from "./progress.ts";

/** What the display of a sweep shows. */
export interface Following {
  rows(columns: number): readonly string[];
  line(): string;
  onCell(event: SweepEvent): void;
}

/** Follows a sweep that runs on so many lanes. */
export function follow(experiment: Experiment, sweep: Sweep, lanes: number): Following {
  const start = performance.now();
  const open = new Map(sweep.stock.map(({ plan, cells, done }) => [plan, cells - done]));
  const took = new Map<GridPlan, { cells: number; ms: number }>();
  const cells = sweep.stock.reduce((sum, one) => sum + one.cells, 0);
  const left = () => [...open.values()].reduce((sum, count) => sum + count, 0);
  const parts = () => {
    const done = cells - left();
    const share = cells === 0 ? 100 : (100 * done) / cells;
    const ms = leftMs(open, took) / lanes;
    const eta = left() === 0 || Number.isNaN(ms) ? "" : `, about ${seconds(ms)} left`;
    const bought = sweep.bought();
    const replayed = difference(sweep.counted(), bought);
    return [
      `${experiment.name}: ${done.toLocaleString("en")} of ${cells.toLocaleString("en")} cells (${share.toFixed(1)}%), ${seconds(performance.now() - start)}${eta}`,
      `bought: ${amounts(bought)}; replayed: ${replayed.tokens.toLocaleString("en")} tokens`,
      ...(experiment.budget === undefined ? [] : [`budget left: ${budgetText(sweep.unspent())}`]),
    ];
  };
  return {
    rows: (columns) => parts().map((row) => row.slice(0, columns)),
    line: () => parts().join("; "),
    onCell({ plan, cell, ms }) {
      const before = took.get(plan) ?? { cells: 0, ms: 0 };
      took.set(plan, { cells: before.cells + 1, ms: before.ms + ms });
      if (cell !== undefined) open.set(plan, open.get(plan)! - 1);
    },
  };
}

/** Open cells, each weighed by the mean time of its plan, or of all where nothing is known of it; NaN at first. */
function leftMs(
  open: ReadonlyMap<GridPlan, number>,
  took: ReadonlyMap<GridPlan, { readonly cells: number; readonly ms: number }>,
): number {
  const all = [...took.values()].reduce(
    (sum, one) => ({ cells: sum.cells + one.cells, ms: sum.ms + one.ms }),
    {
      cells: 0,
      ms: 0,
    },
  );
  const meanOf = (plan: GridPlan) => {
    const { cells, ms } = took.get(plan) ?? all;
    return ms / cells;
  };
  return [...open].reduce((sum, [plan, count]) => (count === 0 ? sum : sum + count * meanOf(plan)), 0);
}

/** What was counted and not bought; calls in flight are bought before they are counted. */
function difference(counted: Amounts, bought: Amounts): { readonly tokens: number } {
  return { tokens: Math.max(0, counted.tokens - bought.tokens) };
}

function amounts({ tokens, flops, usd }: Amounts): string {
  const parts = [`${tokens.toLocaleString("en")} tokens`];
  if (flops !== undefined) parts.push(`${flops.toExponential(2)} FLOPs`);
  if (usd !== undefined && usd > 0) parts.push(`$${usd.toPrecision(3)}`);
  return parts.join(", ");
}

function budgetText({ tokens, flops, usd }: Budget): string {
  return [
    ...(tokens === undefined ? [] : [`${tokens.toLocaleString("en")} tokens`]),
    ...(flops === undefined ? [] : [`${flops.toExponential(2)} FLOPs`]),
    ...(usd === undefined ? [] : [`$${usd.toFixed(4)}`]),
  ].join(", ");
}
