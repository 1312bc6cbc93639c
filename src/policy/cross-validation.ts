import type { Rng } from "../random.ts";
import type { Curve } from "../stats/budget-ratio.ts";
import { binOf } from "./bins.ts";
import { type Entry, learnTable, type PlanCell, type PlanGrid, type Table } from "./compute-optimal.ts";
import { foldsOf, type Grouping } from "./folds.ts";

/** How to cross-validate. */
export interface CrossValidation extends PlanGrid, Grouping {
  /** Difficulty of each problem, higher is easier; or what gives it, told whose pass@1 it may know. */
  readonly estimates: ArrayLike<number> | ((learnOn: readonly number[]) => ArrayLike<number>);
  readonly random: Rng;
}

/** A table's plans at one budget, on problems that they were not chosen on. */
export interface HeldOut {
  readonly budget: number;
  /** Of each problem; `undefined` where no plan fitted. */
  readonly accuracy: readonly (number | undefined)[];
  readonly cost: readonly (number | undefined)[];
  /** Means over all problems; `undefined` when a problem has no plan. */
  readonly meanAccuracy: number | undefined;
  readonly meanCost: number | undefined;
  /** Mean accuracy of the same plans on the problems that they were chosen on: the winner's curse on top. */
  readonly whereChosen: number | undefined;
  /** Problems without a plan. */
  readonly unplanned: number;
}

/** What came of a cross-validation. */
export interface CrossValidated {
  readonly heldOut: readonly HeldOut[];
  /** `tables[fold]` was learned on the other fold, and is reported on this one. */
  readonly tables: readonly [Table, Table];
  /** The fold of each problem. */
  readonly fold: Int32Array;
}

/**
 * Two-fold cross-validation of the table (Snell et al. 2024, section 3.2): bins and plans are chosen on one fold and
 * reported on the other, each way once.
 * @throws RangeError as `learnTable` does, and for fewer than 2 problems, or 2 clusters of them
 */
export function crossValidate(options: CrossValidation): CrossValidated {
  const { cells, budgets, estimates, random } = options;
  const problems = cells[0]?.accuracy.length ?? 0;
  const fold = foldsOf(problems, 2, random, options);
  const members = [0, 1].map((one) => [...fold.keys()].filter((problem) => fold[problem] === one));
  const sides = [0, 1].map((reported) => {
    const learnOn = members[1 - reported]!;
    const known = typeof estimates === "function" ? estimates(learnOn) : estimates;
    return { reported, known, table: learnTable(options, known, learnOn) };
  });
  return {
    tables: [sides[0]!.table, sides[1]!.table],
    fold,
    heldOut: budgets.map((budget, place) => {
      const chosen = new Array<PlanCell | undefined>(problems);
      for (const { reported, known, table } of sides)
        for (const problem of members[reported]!) {
          const { choice } = table.entries[place]![binOf(table.bins, known[problem]!)]!;
          chosen[problem] = choice && cells[choice.cell]!;
        }
      return heldOutAt(
        budget,
        chosen,
        sides.flatMap(({ table }) => table.entries[place]!),
      );
    }),
  };
}

function heldOutAt(
  budget: number,
  chosen: readonly (PlanCell | undefined)[],
  learned: readonly Entry[],
): HeldOut {
  const accuracy = chosen.map((cell, problem) => cell?.accuracy[problem]);
  const cost = chosen.map((cell, problem) => cell?.cost[problem]);
  const [scores, weights] = [learned.map((one) => one.accuracy ?? 0), learned.map((one) => one.problems)];
  const everywhere = learned.every((one) => one.problems === 0 || one.choice !== undefined);
  const sum = scores.reduce((all, score, place) => all + score * weights[place]!, 0);
  return {
    budget,
    accuracy,
    cost,
    meanAccuracy: meanOf(accuracy),
    meanCost: meanOf(cost),
    whereChosen: everywhere ? sum / chosen.length : undefined,
    unplanned: chosen.filter((cell) => cell === undefined).length,
  };
}

/** A measured curve and the budgets that it has. */
export interface PlannedCurve {
  readonly budgets: readonly number[];
  readonly curve: Curve;
}

/** The curve of what was held out, for `budgetRatio`, at the budgets at which every problem has a plan. */
export function curveOf({ heldOut }: Pick<CrossValidated, "heldOut">): PlannedCurve {
  const whole = heldOut.filter(({ unplanned }) => unplanned === 0);
  return {
    budgets: whole.map(({ budget }) => budget),
    curve: {
      accuracy: whole.map(({ accuracy }) => accuracy as readonly number[]),
      cost: whole.map(({ cost }) => cost as readonly number[]),
    },
  };
}

/** The mean, if all are known. */
function meanOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length < values.length || known.length === 0
    ? undefined
    : known.reduce((sum, value) => sum + value, 0) / known.length;
}
