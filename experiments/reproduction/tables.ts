import {
  type CrossValidated,
  crossValidate,
  learnedDifficulty,
  type PlanCell,
  quantileBins,
} from "../../src/policy/index.ts";
import type { Rng } from "../../src/random.ts";
import type { Curve } from "../../src/stats/budget-ratio.ts";
import { byProblem, cellsOf, PROBE, type Row, type Unit, weighted } from "./grid.ts";

/** A compute-optimal table, chosen on one half of the problems and measured on the other, each way once. */
export interface Version {
  readonly name: string;
  readonly result: CrossValidated;
  /** One entry per problem, at the budgets at which every problem has a plan. */
  readonly curve: Curve;
}

/** Ns of the baseline that make budgets. */
const BUDGETS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** The budgets for which every problem has samples. */
export function budgetsOf(rows: readonly Row[]): readonly number[] {
  const plans = new Set(rows[0]!.measured.map(({ plan }) => plan));
  return BUDGETS.filter((n) => plans.has(weighted(n)));
}

/** Weighted best-of-N at every budget, problem by problem. */
export function baselineOf(rows: readonly Row[], unit: Unit): Curve {
  const cells = cellsOf(rows, unit, false);
  const own = budgetsOf(rows).map((n) => cells.find(({ plan }) => plan === weighted(n))!);
  return {
    accuracy: own.map(({ accuracy }) => byProblem(rows, accuracy)),
    cost: own.map(({ cost }) => byProblem(rows, cost)),
  };
}

const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, one) => sum + one, 0) / values.length;

/**
 * The table by four ways to know the difficulty (Snell et al. 2024, section 3.2): pass@1 of all samples (the oracle,
 * a ceiling); the mean score of all samples, free of charge (the paper's); the mean score of the first 4, and a
 * regression on prompt and probe, both paid by every problem, whose plans use the 4 again.
 */
export function versionsOf(rows: readonly Row[], unit: Unit, random: Rng): readonly Version[] {
  const baseline = baselineOf(rows, unit);
  const budgets = baseline.cost.map(mean);
  const strata = rows.map(({ recording: { problem } }) => `${problem.family} ${problem.level}`);
  const clusters = rows.map(({ recording }) => recording.problem.id);
  const shared = {
    budgets: [...budgets, 2 * budgets.at(-1)!],
    binning: quantileBins(5),
    strata,
    clusters,
    random,
  };
  const oracle = rows.map(({ recording }) => recording.passAt1);
  const learned = (learnOn: readonly number[]) =>
    learnedDifficulty({
      features: rows.map(({ features }) => features),
      passAt1: oracle,
      learnOn,
      clusters,
      random,
    });
  const [free, paid] = [cellsOf(rows, unit, false), cellsOf(rows, unit, true)];
  const version = (
    name: string,
    cells: readonly PlanCell[],
    estimates: Parameters<typeof crossValidate>[0]["estimates"],
  ): Version => {
    const result = crossValidate({ ...shared, cells, estimates });
    const whole = result.heldOut.filter(({ unplanned }) => unplanned === 0);
    const per = (values: readonly (number | undefined)[]) => byProblem(rows, values as readonly number[]);
    return {
      name,
      result,
      curve: {
        accuracy: whole.map(({ accuracy }) => per(accuracy)),
        cost: whole.map(({ cost }) => per(cost)),
      },
    };
  };
  return [
    version("oracle bins (a ceiling)", free, oracle),
    version(
      "predicted, free of charge",
      free,
      rows.map(({ recording }) => recording.meanScore),
    ),
    version(
      `predicted from ${PROBE} samples, charged`,
      paid,
      rows.map(({ signs }) => signs.meanScore ?? 0),
    ),
    version(`learned from prompt and ${PROBE} samples, charged`, paid, learned),
  ];
}
