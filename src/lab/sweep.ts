import type { Clock } from "../budget/clock.ts";
import type { Amounts } from "../budget/cost.ts";
import { defaultPrices, type PriceTable } from "../budget/prices.ts";
import type { Budget, Problem } from "../types.ts";
import type { Bank } from "./bank.ts";
import type { CellFigures } from "./cells.ts";
import { createCounter } from "./counted.ts";
import { drive, type SweepEnd, type SweepEvent } from "./driving.ts";
import type { GridPlan } from "./grid.ts";
import { openPurse } from "./purse.ts";
import type { PlanModels } from "./running.ts";
import { checkPlans, finishedCells, type OpenPlan, type PlanStock, takeStock } from "./stocktaking.ts";

/** What works on one problem at a time, with models of its own. */
export interface Lane {
  /** Opens them at their first use. */
  models(plan: GridPlan): Promise<PlanModels>;
  close(): Promise<void>;
}

/** What to sweep, and with what. */
export interface SweepOptions {
  /** The problems, from the first one on each time. */
  readonly problems: () => AsyncIterable<Problem>;
  /** In the order in which a problem's cells are run. */
  readonly plans: readonly GridPlan[];
  /** Which plans to run and to report. Default: all. */
  readonly only?: (plan: GridPlan) => boolean;
  readonly seeds: readonly number[];
  /** The caller's: never closed here. */
  readonly bank: Bank;
  readonly openLane: () => Lane;
  /** Default 2. */
  readonly lanes?: number;
  /** Hard limit of all cells together, those included that are in the bank; milliseconds count from `run`. */
  readonly budget?: Budget;
  /** Default: the embedded models alone. */
  readonly prices?: PriceTable;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** How to run a sweep. */
export interface SweepRun {
  /** Ends it; cells in flight are not stored, their calls are. */
  readonly signal?: AbortSignal;
  /** Told of every cell that was finished, or lost. */
  readonly onCell?: (event: SweepEvent) => void;
}

/** A sweep whose models and bank are open. */
export interface Sweep {
  /** What was there when it was opened. */
  readonly stock: readonly PlanStock[];
  /** What the models of this run have really served. */
  bought(): Amounts;
  /** What the cells of this run took, as if nothing had been in the bank before. */
  counted(): Amounts;
  /** What is left of the budget, in the units that it limits. */
  unspent(): Budget;
  /** Runs what is missing. A second call goes on where the first one ended. */
  run(options?: SweepRun): Promise<SweepEnd>;
  /** The finished cells of each problem: for each plan of `stock` one per seed. */
  cells(): AsyncGenerator<readonly (readonly (CellFigures | undefined)[])[]>;
  /** Closes the models. */
  close(): Promise<void>;
}

/**
 * Opens the models, checks every plan with them and looks up what the bank has. Nothing is bought.
 * @throws UsageError that names the plan whose models cannot do what its strategy needs
 */
export async function openSweep(options: SweepOptions): Promise<Sweep> {
  const { bank, lanes: count = 2, budget: { ms: _, ...limits } = {}, only = () => true } = options;
  const lanes = Array.from({ length: count }, options.openLane);
  const close = async () => void (await Promise.all(lanes.map((lane) => lane.close())));
  try {
    const plans: OpenPlan[] = [];
    for (const plan of options.plans)
      plans.push({ plan, models: await lanes[0]!.models(plan), chosen: only(plan) });
    const chosen = plans.filter((plan) => plan.chosen);
    await checkPlans(options, plans);
    await bank.sweeps.forgetLateCalls();
    const stock = await takeStock(options, plans);
    const purse = openPurse(limits, count, stock.spent);
    const counter = createCounter(options.prices ?? defaultPrices);
    const state = { plans: chosen, lanes, purse, counter, counted: { tokens: 0, flops: 0, usd: 0 } };
    return {
      stock: stock.plans,
      bought: counter.bought,
      counted: () => state.counted,
      unspent: purse.unspent,
      run: (run = {}) => drive(options, state, run),
      cells: () => finishedCells(options, chosen),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
