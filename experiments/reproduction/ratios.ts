import { type CrossValidated, crossValidate, curveOf, type PlanCell } from "../../src/policy/index.ts";
import type { Rng } from "../../src/random.ts";
import { type BudgetRatio, budgetRatio, type Curve } from "../../src/stats/budget-ratio.ts";
import type { Interval } from "../../src/stats/means.ts";
import { at, type Binnable, fifths, meanOf, meanOver, placesOf, ratioOver } from "./bins.ts";
import { type Chains, type Spread, spread } from "./chains.ts";

/** Attempts in all, and in a chain. */
export const NS = [1, 2, 4, 8, 16, 32, 64];
export const MAIN = 64;
/** N generations in chains of r, on every problem. */
interface Cell {
  readonly n: number;
  readonly r: number;
  readonly of: readonly Spread[];
}

export interface Grid {
  readonly chains: readonly Chains[];
  /** From 1, the easiest. */
  readonly bins: Int32Array;
  readonly cells: readonly Cell[];
}

/** Every ratio at every N, on the problems that have chains; bins are fifths of all recordings. */
export function gridOf(recordings: readonly Binnable[], chains: readonly Chains[]): Grid {
  const all = fifths(recordings);
  const binById = new Map(recordings.map(({ problem }, place) => [problem.id, all[place]!]));
  const known = chains.filter(({ problem }) => binById.has(problem.id));
  return {
    chains: known,
    bins: Int32Array.from(known, ({ problem }) => binById.get(problem.id)!),
    cells: NS.flatMap((n) =>
      NS.filter((r) => r <= n).map((r) => ({ n, r, of: known.map((one) => spread(one, n, r)) })),
    ),
  };
}

export const cellOf = ({ cells }: Grid, n: number, r: number) =>
  cells.find((cell) => cell.n === n && cell.r === r)!.of;

export const rightOf = (grid: Grid, n: number, r: number) =>
  Float64Array.from(cellOf(grid, n, r), ({ weighted }) => weighted);

export function easyGain(grid: Grid, random: Rng): Interval | undefined {
  const [sequential, parallel] = [rightOf(grid, MAIN, MAIN), rightOf(grid, MAIN, 1)];
  const gain = sequential.map((right, place) => right - parallel[place]!);
  return meanOver(
    at(
      gain,
      placesOf(gain.length, (place) => grid.bins[place]! <= 2),
    ),
    random,
  );
}

/** Of each half of the hard problems by what is best on the other half. */
export function interiorGain(grid: Grid, random: Rng): Interval | undefined {
  const hard = random
    .split("halves")
    .shuffle([...placesOf(grid.bins.length, (place) => grid.bins[place]! >= 4)]);
  const halves = [hard.filter((_, turn) => turn % 2 === 0), hard.filter((_, turn) => turn % 2 === 1)];
  const best = (rs: readonly number[], places: readonly number[]) =>
    rs
      .map((r) => rightOf(grid, MAIN, r))
      .reduce((a, b) => (meanOf(at(b, places)) > meanOf(at(a, places)) ? b : a));
  const gains = halves.flatMap((places, half) => {
    const other = halves[1 - half]!;
    const interior = best(NS.slice(1, -1), other);
    const extreme = best([1, MAIN], other);
    return places.map((place) => interior[place]! - extreme[place]!);
  });
  return meanOver(gains, random);
}

/** Share of attempts of one verdict whose next attempt has the other: 1, of right ones; 0, of wrong ones. */
export function transitions(chains: readonly Chains[], from: 0 | 1, random: Rng): Interval | undefined {
  const pairs = chains.map(({ chains: own }) =>
    own.flatMap((chain) => chain.slice(1).map(({ right }, place) => [chain[place]!.right, right] as const)),
  );
  const count = (test: (before: number, after: number) => boolean) =>
    Float64Array.from(pairs, (own) => own.filter(([before, after]) => test(before, after)).length);
  return ratioOver(
    count((before, after) => before === from && after !== from),
    count((before) => before === from),
    random,
  );
}

export interface Saved {
  readonly unit: "generations" | "flops";
  readonly parallel: Curve;
  readonly optimal: Curve;
  readonly result: CrossValidated;
  readonly ratio: BudgetRatio;
}

/** The best ratio for each bin, chosen on one half and measured on the other, against parallel attempts alone; plans take the whole budget. */
export function savings(grid: Grid, unit: Saved["unit"], random: Rng): Saved {
  const cells = grid.cells.map(({ n, r, of }): PlanCell & { readonly r: number } => ({
    plan: `${n / r} x ${r}`,
    r,
    accuracy: of.map(({ weighted }) => weighted),
    cost: of.map(({ flops }) => (unit === "flops" ? flops : n)),
  }));
  const flat = cells.filter(({ r }) => r === 1);
  const parallel = { accuracy: flat.map(({ accuracy }) => accuracy), cost: flat.map(({ cost }) => cost) };
  const result = crossValidate({
    cells,
    budgets: flat.map(({ cost }) => meanOf(cost)),
    binning: () => ({ edges: [1.5, 2.5, 3.5, 4.5] }),
    estimates: Array.from(grid.bins, (bin) => 6 - bin),
    strata: Array.from(grid.bins),
    least: unit === "flops" ? 0.5 : 1,
    random,
  });
  const optimal = curveOf(result).curve;
  const place = { curve: "first", budget: NS.indexOf(MAIN) } as const;
  return {
    unit,
    parallel,
    optimal,
    result,
    ratio: budgetRatio(parallel, optimal, place, random.split("ratio")),
  };
}
