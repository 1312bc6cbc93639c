import { type Clock, systemClock } from "../budget/clock.ts";
import { type Amounts, addAmounts } from "../budget/cost.ts";
import { defaultPrices, type PriceTable } from "../budget/prices.ts";
import { solve } from "../solve.ts";
import { type Budget, BudgetTooSmallError, type Problem, UsageError } from "../types.ts";
import type { Bank } from "./bank.ts";
import { type CellFigures, cellKey } from "./cells.ts";
import { createCounter } from "./counted.ts";
import type { GridPlan } from "./grid.ts";
import { openPurse, type Purse } from "./purse.ts";
import { type CellEnd, type PlanModels, runCell } from "./running.ts";

/** Cells in a row that lost calls before the sweep gives up: the server is gone. */
const MOST_LOST = 10;

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

/** What is done of one plan. */
export interface PlanStock {
  readonly plan: GridPlan;
  /** Names of its models. */
  readonly generator: string;
  readonly verifier?: string;
  readonly cells: number;
  readonly done: number;
}

/** How a run of a sweep ended. */
export interface SweepEnd {
  /** "failed": calls were lost, so that cells are missing. */
  readonly stop: "done" | "budget" | "deadline" | "cancelled" | "failed";
  /** Cells that were begun and are not stored, because calls were lost. */
  readonly lost: number;
  /** Why the last of them was. */
  readonly reason?: string;
}

/** Told while a sweep runs. */
export interface SweepEvent {
  readonly plan: GridPlan;
  /** Absent when it was lost. */
  readonly cell?: CellFigures;
  /** Milliseconds of wall clock that it took in this run. */
  readonly ms: number;
}

/** A sweep whose models and bank are open. */
export interface Sweep {
  readonly stock: readonly PlanStock[];
  /** What the models of this run have really served. */
  bought(): Amounts;
  /** What the cells of this run took, as if nothing had been in the bank before. */
  counted(): Amounts;
  /** What is left of the budget, in the units that it limits. */
  unspent(): Budget;
  /** Runs what is missing. A second call goes on where the first one ended. */
  run(options: {
    readonly signal: AbortSignal;
    readonly onCell?: (event: SweepEvent) => void;
  }): Promise<SweepEnd>;
  /** The finished cells of each problem, in the order of problems, plans and seeds. */
  cells(): AsyncGenerator<readonly (CellFigures | undefined)[][]>;
  /** Closes the models. */
  close(): Promise<void>;
}

/**
 * Opens the models, checks every plan with them and looks up what the bank has. Nothing is bought.
 * @throws UsageError that names the plan whose models cannot do what its strategy needs
 */
export async function openSweep(options: SweepOptions): Promise<Sweep> {
  const { plans, bank, openLane, lanes: count = 2, budget = {}, prices = defaultPrices } = options;
  const lanes = Array.from({ length: count }, openLane);
  const close = async () => void (await Promise.all(lanes.map((lane) => lane.close())));
  try {
    const models = await Promise.all(plans.map((plan) => lanes[0]!.models(plan)));
    const keyed = plans.map((plan, index) => keyer(plan, models[index]!));
    const keysOf = (problem: Problem) => keyed.map((key) => options.seeds.map((seed) => key(problem, seed)));
    await checkPlans(options, lanes[0]!);
    await bank.sweeps.forgetLateCalls();
    const stock = await takeStock(options, models, keysOf);
    const { ms: _, ...limits } = budget;
    const state: State = {
      purse: openPurse(limits, count, stock.spent),
      counter: createCounter(prices),
      counted: { tokens: 0, flops: 0, usd: 0 },
      means: new Map(),
      keysOf,
    };
    return {
      stock: stock.plans,
      bought: () => state.counter.bought(),
      counted: () => state.counted,
      unspent: () => state.purse.unspent(),
      run: ({ signal, onCell = () => {} }) => runAll(options, lanes, state, { signal, onCell }),
      cells: () => cellsIn(options, keysOf),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type KeysOf = (problem: Problem) => readonly (readonly string[])[];

interface State {
  readonly purse: Purse;
  readonly counter: ReturnType<typeof createCounter>;
  counted: Amounts;
  /** What a cell of each plan took so far in this run. */
  readonly means: Map<GridPlan, { cells: number; total: Amounts }>;
  readonly keysOf: KeysOf;
}

function keyer(
  { plan }: GridPlan,
  { model, verifier }: PlanModels,
): (problem: Problem, seed: number) => string {
  return ({ id, prompt }, seed) =>
    cellKey({
      prompt,
      problem: id,
      plan,
      generatorFingerprint: model.fingerprint,
      ...(verifier && { verifierFingerprint: verifier.fingerprint }),
      seed,
    });
}

/** Lets each strategy look at its models, under a budget that allows no call. */
async function checkPlans({ plans, problems, budget, prices }: SweepOptions, lane: Lane): Promise<void> {
  const iterator = problems()[Symbol.asyncIterator]();
  const { value: problem, done } = await iterator.next();
  await iterator.return?.();
  if (done) throw new UsageError("The experiment has no problem: add one.");
  const { ms: _, ...limits } = budget ?? {};
  for (const { name, plan } of plans) {
    const { model, verifier } = await lane.models(plans.find((one) => one.name === name)!);
    try {
      await solve({
        problem,
        strategy: plan,
        model,
        ...(verifier && { verifier }),
        budget: { ...limits, tokens: 1 },
        ...(prices && { prices }),
      });
    } catch (error) {
      if (error instanceof BudgetTooSmallError) continue;
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`The plan "${name}" does not work: ${error.message}`, { cause: error });
    }
  }
}

async function* cellsIn(
  { problems, bank }: SweepOptions,
  keysOf: KeysOf,
): AsyncGenerator<(CellFigures | undefined)[][]> {
  for await (const problem of problems()) {
    const keys = keysOf(problem);
    const found = await bank.sweeps.cellsOf(keys.flat());
    yield keys.map((row) => row.map((key) => found.get(key)));
  }
}

/** What a stored cell took of each limited unit. */
function amountsOf({ roles }: CellFigures): Amounts {
  return addAmounts(
    Object.values(roles).map(({ inputTokens, outputTokens, flops, usd }) => ({
      tokens: inputTokens + outputTokens,
      flops,
      usd,
    })),
  );
}

async function takeStock(options: SweepOptions, models: readonly PlanModels[], keysOf: KeysOf) {
  const done = options.plans.map(() => 0);
  let problems = 0;
  let spent: Amounts = { tokens: 0, flops: 0, usd: 0 };
  for await (const rows of cellsIn(options, keysOf)) {
    problems += 1;
    for (const [index, row] of rows.entries())
      for (const cell of row) {
        if (cell === undefined) continue;
        done[index]! += 1;
        spent = addAmounts([spent, amountsOf(cell)]);
      }
  }
  const cells = problems * options.seeds.length;
  const plans = options.plans.map((plan, index): PlanStock => {
    const { model, verifier } = models[index]!;
    const named = { generator: model.name, ...(verifier && { verifier: verifier.name }) };
    return { plan, ...named, cells, done: done[index]! };
  });
  return { plans, spent };
}

/** Every lane takes one problem at a time, and runs what is missing of its cells in order. */
async function runAll(
  options: SweepOptions,
  lanes: readonly Lane[],
  state: State,
  { signal, onCell }: { readonly signal: AbortSignal; readonly onCell: (event: SweepEvent) => void },
): Promise<SweepEnd> {
  const { bank, seeds, plans, clock = systemClock, prices = defaultPrices, budget } = options;
  const ending: { stop?: SweepEnd["stop"]; lost: number; inARow: number; reason?: string } = {
    lost: 0,
    inARow: 0,
  };
  const failure = new AbortController();
  const deadline = new AbortController();
  const stopTimer = budget?.ms === undefined ? () => {} : clock.after(budget.ms, () => deadline.abort());
  const all = AbortSignal.any([signal, failure.signal, deadline.signal]);
  const iterator = options.problems()[Symbol.asyncIterator]();

  const runOne = async (lane: Lane, problem: Problem, plan: GridPlan, seed: number, key: string) => {
    const mean = meanOf(state, plan);
    if (mean !== undefined && !state.purse.affords(mean)) {
      ending.stop ??= "budget";
      return;
    }
    const start = clock.now();
    const models = await lane.models(plan);
    const run = { key, problem, plan, seed, models, bank, counter: state.counter, prices, signal: all };
    const end = await state.purse.pay((share) => runCell(run, share));
    state.counted = addAmounts([state.counted, end.spent]);
    note(end, ending);
    const { cell, cancelled, short, lost } = end;
    if (cell !== undefined) learn(state, plan, end.spent);
    if (short && !cancelled) ending.stop ??= "budget";
    if (cell !== undefined || lost !== undefined)
      onCell({ plan, ms: clock.now() - start, ...(cell && { cell }) });
  };
  const drive = async (lane: Lane) => {
    while (!all.aborted && ending.stop === undefined) {
      const { value: problem, done } = await iterator.next();
      if (done) return;
      const keys = state.keysOf(problem);
      const finished = await bank.sweeps.cellsOf(keys.flat());
      for (const [place, seed] of seeds.entries())
        for (const [index, plan] of plans.entries()) {
          const key = keys[index]![place]!;
          if (finished.has(key)) continue;
          if (all.aborted || ending.stop !== undefined) return;
          await runOne(lane, problem, plan, seed, key);
        }
    }
  };
  try {
    const driven = lanes.map((lane) =>
      drive(lane).catch((error: unknown) => {
        failure.abort();
        throw error;
      }),
    );
    await Promise.allSettled(driven);
    await Promise.all(driven);
  } finally {
    stopTimer();
    await iterator.return?.();
  }
  const stop = signal.aborted ? "cancelled" : deadline.signal.aborted ? "deadline" : ending.stop;
  return {
    stop: stop ?? (ending.lost > 0 ? "failed" : "done"),
    lost: ending.lost,
    ...(ending.reason !== undefined && { reason: ending.reason }),
  };
}

function note(
  { cell, lost }: CellEnd,
  ending: { stop?: SweepEnd["stop"]; lost: number; inARow: number; reason?: string },
) {
  if (cell !== undefined) ending.inARow = 0;
  if (lost === undefined) return;
  ending.reason = lost;
  ending.lost += 1;
  ending.inARow += 1;
  if (ending.inARow === MOST_LOST) ending.stop ??= "failed";
}

function learn({ means }: State, plan: GridPlan, spent: Amounts): void {
  const { cells, total } = means.get(plan) ?? { cells: 0, total: { tokens: 0, flops: 0, usd: 0 } };
  means.set(plan, { cells: cells + 1, total: addAmounts([total, spent]) });
}

function meanOf({ means }: State, plan: GridPlan): Amounts | undefined {
  const known = means.get(plan);
  if (known === undefined) return undefined;
  const { cells, total } = known;
  return {
    tokens: total.tokens / cells,
    flops: total.flops && total.flops / cells,
    usd: total.usd && total.usd / cells,
  };
}
