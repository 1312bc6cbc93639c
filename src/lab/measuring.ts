import { permutation } from "../policy/walk.ts";
import type { Rng } from "../random.ts";
import { passAtK } from "../stats/subsets.ts";
import { isStrategy, knobsOf, makeStrategy, type StrategyPlan, strategies } from "../strategies/index.ts";
import { type Problem, UsageError } from "../types.ts";
import type { Aggregation } from "../verifiers/aggregate.ts";
import { type Columns, columnsOf, rescored } from "./columns.ts";
import type { Drawn } from "./reading.ts";
import { play } from "./replayed.ts";
import { TALLIES, type Tally } from "./tally.ts";

/** A strategy to replay. */
export interface ReplayPlan {
  readonly strategy: string;
  /** Its knobs, but `n`. Default: its own defaults. */
  readonly params?: StrategyPlan["params"];
  /** How step scores become one. Default: the score as it was given. */
  readonly aggregation?: Aggregation;
}

/** Measurements of a strategy at one N, problem by problem: those that have so many samples. */
export interface Cell {
  readonly n: number;
  /** Which problems, by their number. */
  readonly problems: number[];
  /** Shares of the subsets in which the selected sample is right. */
  readonly right: number[];
  /** Unbiased pass@N. */
  readonly covered: number[];
  /** Mean samples that were asked for. */
  readonly asked: number[];
  /** Mean tokens of these; NaN where they are unknown. */
  readonly tokens: number[];
}

/** A strategy, ready to be played on any problem. */
export interface Player {
  readonly plan: ReplayPlan;
  readonly cells: readonly Cell[];
  /** Absent when the real strategy has to be carried out. */
  readonly tally?: (columns: Columns) => Tally;
}

/** Prepares a strategy; throws a `UsageError` when it cannot be replayed. Greedy has one sample, whatever N is. */
export function playerOf(plan: ReplayPlan, ns: readonly number[]): Player {
  const { strategy, params = {} } = plan;
  const made = makeStrategy({ strategy, params });
  const cellsOf = (all: readonly number[]) =>
    all.map((n): Cell => ({ n, problems: [], right: [], covered: [], asked: [], tokens: [] }));
  if (strategy === "greedy") return { plan, cells: cellsOf([1]), tally: TALLIES.majority };
  const cells = cellsOf(ns);
  if (isStrategy(strategy) && strategies[strategy].verifier === "partial")
    throw new UsageError(
      `${strategy} samples step by step, so it cannot be replayed: use bedacht solve --strategy ${strategy}.`,
    );
  if (!knobsOf(made).includes("n"))
    throw new UsageError(`${strategy} does not choose among N samples, so it cannot be replayed.`);
  const tally = Object.hasOwn(TALLIES, strategy) ? TALLIES[strategy as keyof typeof TALLIES] : undefined;
  return { plan, cells, ...(tally && { tally }) };
}

/** True for a strategy that selects by score. */
export function needsScores({ strategy }: ReplayPlan): boolean {
  return isStrategy(strategy) && strategies[strategy].verifier === "whole";
}

/** One problem and its samples. */
export interface Task {
  /** Of the problem, counted from 0. */
  readonly number: number;
  readonly problem: Problem;
  readonly samples: readonly Drawn[];
  readonly subsets: number;
  readonly random: Rng;
}

/** Plays every strategy on the same random subsets; false when nobody knows which samples are right. */
export async function measure(players: readonly Player[], task: Task): Promise<boolean> {
  const { problem, samples, subsets, random } = task;
  const columns = columnsOf(problem, samples);
  if (columns === undefined) return false;
  const most = Math.max(
    0,
    ...players.flatMap(({ cells }) => cells.map(({ n }) => n)).filter((n) => n <= columns.count),
  );
  const orders = Array.from({ length: subsets }, (_, subset) =>
    permutation(columns.count, most, random.split(subset)),
  );
  const right = columns.right.reduce((sum, one) => sum + one, 0);
  for (const player of players) {
    const own = rescored(columns, samples, player.plan.aggregation);
    const cells = player.cells.filter(({ n }) => n <= own.count);
    const found = player.tally
      ? tallied(player.tally(own), own, cells, orders)
      : await played(player.plan, own, cells, { ...task, orders });
    for (const [index, cell] of cells.entries()) {
      const { hits, asked, tokens } = found[index]!;
      cell.problems.push(task.number);
      cell.right.push(hits / subsets);
      cell.covered.push(passAtK(own.count, right, cell.n)!);
      cell.asked.push(asked / subsets);
      cell.tokens.push(tokens / subsets);
    }
  }
  return true;
}

/** Sums over subsets. */
interface Found {
  hits: number;
  asked: number;
  tokens: number;
}

function tallied(
  tally: Tally,
  { right, tokens }: Columns,
  cells: readonly Cell[],
  orders: readonly Int32Array[],
): readonly Found[] {
  const found = cells.map((): Found => ({ hits: 0, asked: 0, tokens: 0 }));
  for (const order of orders) {
    tally.clear();
    let place = 0;
    let spent = 0;
    for (const [index, { n }] of cells.entries()) {
      for (; place < n; place += 1) {
        const sample = order[place]!;
        tally.add(sample);
        spent += tokens[sample]!;
      }
      const chosen = tally.chosen();
      const sum = found[index]!;
      if (chosen >= 0) sum.hits += right[chosen]!;
      sum.asked += n;
      sum.tokens += spent;
    }
  }
  return found;
}

async function played(
  { strategy, params }: ReplayPlan,
  { right, tokens, score }: Columns,
  cells: readonly Cell[],
  { problem, samples, orders }: Task & { readonly orders: readonly Int32Array[] },
): Promise<readonly Found[]> {
  const found = cells.map((): Found => ({ hits: 0, asked: 0, tokens: 0 }));
  for (const [index, { n }] of cells.entries()) {
    const made = makeStrategy({ strategy, params: { ...params, n } });
    const sum = found[index]!;
    for (const order of orders) {
      const { chosen, asked } = await play(made, problem, samples, order.subarray(0, n), score);
      if (chosen >= 0) sum.hits += right[chosen]!;
      sum.asked += asked.length;
      for (const sample of asked) sum.tokens += tokens[sample]!;
    }
  }
  return found;
}
