import { type Binning, type Bins, binOf, quantileBins } from "./bins.ts";

/** A plan at one of its sizes, measured on every problem. */
export interface PlanCell {
  /** Strategy and parameters, the size among them. */
  readonly plan: string;
  /** From 0 to 1: the expectation over subsets or seeds. */
  readonly accuracy: ArrayLike<number>;
  /** Above 0: generations, tokens or FLOPs, the same for all plans and budgets. */
  readonly cost: ArrayLike<number>;
  /** What of the cost buys samples (and scores of them) that a probe of difficulty has bought before. Default 0. */
  readonly reused?: ArrayLike<number>;
}

/** What a table is learned from. */
export interface PlanGrid {
  readonly cells: readonly PlanCell[];
  /** Rising; the most that a plan may cost in the mean over a bin's problems. */
  readonly budgets: readonly number[];
  /** Default: 5 quantiles. */
  readonly binning?: Binning | undefined;
  /**
   * Least share of the budget that a plan costs, from 0 to 1. The paper's plans take all of it. Default 0: where a
   * small plan looks as good, the rest is saved, and nothing covers the chance that it only looks so.
   */
  readonly least?: number | undefined;
}

/** The plan that a bin takes at a budget. */
export interface Choice {
  /** Its number among the cells. */
  readonly cell: number;
  readonly plan: string;
}

/** A bin at a budget. */
export interface Entry {
  /** `undefined` when no plan fits the budget. */
  readonly choice: Choice | undefined;
  /** Problems of the bin that the table was learned from. A bin without any takes the plan that is best for all. */
  readonly problems: number;
  /** Means over these problems; `undefined` without any, or without a choice. */
  readonly accuracy: number | undefined;
  readonly cost: number | undefined;
}

/** The best plan for every difficulty and budget. */
export interface Table {
  readonly bins: Bins;
  readonly budgets: readonly number[];
  /** `entries[budget][bin]`, the easiest bin first. */
  readonly entries: readonly (readonly Entry[])[];
}

/** Accuracies this near are the same: sums of the same numbers in another order. */
export const ROUNDING = 1e-12;

/**
 * The compute-optimal table (Snell et al. 2024, section 3.1): for each bin of difficulty and each budget, the plan
 * with the best mean accuracy among those whose mean cost fits the budget; of equally accurate ones the cheapest,
 * of equally cheap ones the first. A plan may be
 * smaller than the budget allows, unless `least` says otherwise. The accuracies that it names are
 * those that it was chosen by, so they are too high: see `crossValidate`.
 * @param estimates difficulty of each problem, higher is easier
 * @param problems those to learn from. Default: all.
 * @throws RangeError for lists of unequal length, missing or impossible measurements, or budgets that do not rise
 */
export function learnTable(
  grid: PlanGrid,
  estimates: ArrayLike<number>,
  problems: readonly number[] = Array.from({ length: estimates.length }, (_, problem) => problem),
): Table {
  refuseGrid(grid, estimates);
  const { cells, budgets, binning = quantileBins(), least = 0 } = grid;
  const bins = binning(problems.map((problem) => estimates[problem]!));
  const members = Array.from({ length: bins.edges.length + 1 }, (_, bin) =>
    problems.filter((problem) => binOf(bins, estimates[problem]!) === bin),
  );
  const means = members.map((own) => meansOf(cells, own));
  const all = meansOf(cells, problems);
  const entries = budgets.map((budget) =>
    members.map((own, bin): Entry => {
      const cell = bestOf(own.length === 0 ? all : means[bin]!, least * budget, budget);
      const found = cell === undefined || own.length === 0 ? undefined : means[bin]![cell]!;
      return {
        choice: cell === undefined ? undefined : { cell, plan: cells[cell]!.plan },
        problems: own.length,
        accuracy: found?.accuracy,
        cost: found?.cost,
      };
    }),
  );
  return { bins, budgets, entries };
}

/** The plan of a table for a problem: at the largest of its budgets that is not above `budget`, if there is one. */
export function planFor(
  { bins, budgets, entries }: Table,
  estimate: number,
  budget: number,
): Choice | undefined {
  const place = budgets.findLastIndex((one) => one <= budget);
  return place < 0 ? undefined : entries[place]![binOf(bins, estimate)]!.choice;
}

interface Means {
  readonly accuracy: number;
  readonly cost: number;
}

function meansOf(cells: readonly PlanCell[], problems: readonly number[]): readonly Means[] {
  const mean = (values: ArrayLike<number>) =>
    problems.reduce((sum, problem) => sum + values[problem]!, 0) / problems.length;
  return cells.map(({ accuracy, cost }) => ({ accuracy: mean(accuracy), cost: mean(cost) }));
}

/** The number of the best that fits. */
function bestOf(means: readonly Means[], least: number, most: number): number | undefined {
  let best: number | undefined;
  for (const [cell, { accuracy, cost }] of means.entries()) {
    if (cost > most * (1 + ROUNDING) || cost < least * (1 - ROUNDING)) continue;
    const ahead = best === undefined ? Infinity : accuracy - means[best]!.accuracy;
    if (ahead > ROUNDING || (ahead >= -ROUNDING && cost < means[best!]!.cost)) best = cell;
  }
  return best;
}

function refuseGrid({ cells, budgets, least = 0 }: PlanGrid, estimates: ArrayLike<number>): void {
  const problems = estimates.length;
  if (cells.length === 0) throw new RangeError("A table needs a plan at least.");
  if (budgets.length === 0 || budgets.some((budget, place) => !(budget > (budgets[place - 1] ?? 0))))
    throw new RangeError("Budgets must be above 0 and rise.");
  if (!(least >= 0 && least <= 1))
    throw new RangeError(`${least} is no share of a budget: use a number from 0 to 1.`);
  const unknown = Array.prototype.findIndex.call(estimates, (one: number) => !Number.isFinite(one));
  if (unknown >= 0) throw new RangeError(`Problem ${unknown} has no estimate of difficulty: leave it out.`);
  for (const { plan, accuracy, cost } of cells) {
    if (accuracy.length !== problems || cost.length !== problems)
      throw new RangeError(
        `${plan} has ${accuracy.length} accuracies and ${cost.length} costs of ${problems} problems.`,
      );
    for (let problem = 0; problem < problems; problem += 1) {
      if (!(accuracy[problem]! >= 0 && accuracy[problem]! <= 1))
        throw new RangeError(
          `${plan} has no accuracy from 0 to 1 on problem ${problem}: leave out the plan or the problem.`,
        );
      if (!(cost[problem]! > 0 && cost[problem]! < Infinity))
        throw new RangeError(
          `${plan} has no cost above 0 on problem ${problem}: leave out the plan or the problem.`,
        );
    }
  }
}
