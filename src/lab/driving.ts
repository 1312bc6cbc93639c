import { setImmediate as nextTurn } from "node:timers/promises";
import { systemClock } from "../budget/clock.ts";
import { type Amounts, addAmounts } from "../budget/cost.ts";
import { defaultPrices } from "../budget/prices.ts";
import type { Problem } from "../types.ts";
import type { CellFigures } from "./cells.ts";
import type { Counter } from "./counted.ts";
import type { GridPlan } from "./grid.ts";
import type { Purse } from "./purse.ts";
import { type CellEnd, runCell } from "./running.ts";
import { keysOf, type OpenPlan } from "./stocktaking.ts";
import type { Lane, SweepOptions, SweepRun } from "./sweep.ts";

/** Cells in a row that lost calls before a sweep gives up: the server is gone. */
const MOST_LOST = 10;

/** How a run of a sweep ended. */
export interface SweepEnd {
  /** "failed": calls were lost, so that cells are missing. */
  readonly stop: "done" | "budget" | "deadline" | "cancelled" | "failed";
  /** Cells that were begun and are not stored, because calls were lost. */
  readonly lost: number;
  /** Why the last of them was. */
  readonly reason?: string;
}

/** A cell came to its end. */
export interface SweepEvent {
  readonly plan: GridPlan;
  /** Absent when it was lost. */
  readonly cell?: CellFigures;
  /** Milliseconds of wall clock that it took in this run. */
  readonly ms: number;
}

/** What the lanes of a sweep share. */
export interface Shared {
  /** Those to run. */
  readonly plans: readonly OpenPlan[];
  readonly lanes: readonly Lane[];
  readonly purse: Purse;
  readonly counter: Counter;
  /** What the cells of this run took. */
  counted: Amounts;
}

/** How far one run is. */
interface Course {
  readonly options: SweepOptions;
  readonly shared: Shared;
  readonly signal: AbortSignal;
  readonly onCell: (event: SweepEvent) => void;
  /** What finished cells of each plan took. */
  readonly took: Map<GridPlan, Amounts & { readonly cells: number }>;
  /** Why nothing more is begun. */
  stop?: SweepEnd["stop"];
  lost: number;
  lostInARow: number;
  reason?: string;
}

/** Every lane takes one problem at a time, and runs what is missing of its cells in order. */
export async function drive(options: SweepOptions, shared: Shared, run: SweepRun): Promise<SweepEnd> {
  const { clock = systemClock, budget } = options;
  const { signal = new AbortController().signal, onCell = () => {} } = run;
  const [failure, deadline] = [new AbortController(), new AbortController()];
  const stopTimer = budget?.ms === undefined ? () => {} : clock.after(budget.ms, () => deadline.abort());
  const course: Course = {
    options,
    shared,
    signal: AbortSignal.any([signal, failure.signal, deadline.signal]),
    onCell,
    took: new Map(),
    lost: 0,
    lostInARow: 0,
  };
  const problems = options.problems()[Symbol.asyncIterator]();
  const driven = shared.lanes.map((lane) =>
    driveLane(course, lane, problems).catch((error: unknown) => {
      failure.abort();
      throw error;
    }),
  );
  try {
    await Promise.allSettled(driven);
    await Promise.all(driven);
  } finally {
    stopTimer();
    await problems.return?.();
  }
  const { lost, reason } = course;
  const stop = signal.aborted ? "cancelled" : deadline.signal.aborted ? "deadline" : course.stop;
  return { stop: stop ?? (lost > 0 ? "failed" : "done"), lost, ...(reason !== undefined && { reason }) };
}

async function driveLane(course: Course, lane: Lane, problems: AsyncIterator<Problem>): Promise<void> {
  const { options, shared, signal } = course;
  const ended = () => signal.aborted || course.stop !== undefined;
  while (!ended()) {
    const { value: problem, done } = await problems.next();
    if (done) return;
    const keys = keysOf(shared.plans, options.seeds, problem);
    const finished = await options.bank.sweeps.cellsOf(keys.flat());
    for (const [place, seed] of options.seeds.entries())
      for (const [index, { plan }] of shared.plans.entries()) {
        const key = keys[index]![place]!;
        // SQLite answers at once, and scripted models do: without a pause neither Ctrl-C nor the garbage collector
        // of weak references would ever have a turn.
        await nextTurn();
        if (ended()) return;
        if (!finished.has(key)) await driveCell(course, lane, { key, problem, plan, seed });
      }
  }
}

async function driveCell(
  course: Course,
  lane: Lane,
  cell: { readonly key: string; readonly problem: Problem; readonly plan: GridPlan; readonly seed: number },
): Promise<void> {
  const { options, shared, signal, onCell } = course;
  const { bank, clock = systemClock, prices = defaultPrices } = options;
  const { purse, counter } = shared;
  const { plan } = cell;
  const expected = meanOf(course, plan);
  if (expected !== undefined && !purse.affords(expected)) {
    course.stop ??= "budget";
    return;
  }
  const start = clock.now();
  const models = await lane.models(plan);
  const end = await purse.pay((budget) =>
    runCell({ ...cell, models, bank, counter, prices, signal }, budget),
  );
  shared.counted = addAmounts([shared.counted, end.spent]);
  learn(course, plan, end);
  if (end.cell !== undefined || end.lost !== undefined)
    onCell({ plan, ms: clock.now() - start, ...(end.cell && { cell: end.cell }) });
}

function learn(course: Course, plan: GridPlan, { cell, lost, short, spent }: CellEnd): void {
  if (short) course.stop ??= "budget";
  if (lost !== undefined) {
    course.reason = lost;
    course.lost += 1;
    course.lostInARow += 1;
    if (course.lostInARow === MOST_LOST) course.stop ??= "failed";
  }
  if (cell === undefined) return;
  course.lostInARow = 0;
  const before = course.took.get(plan) ?? { cells: 0, tokens: 0, flops: 0, usd: 0 };
  course.took.set(plan, { ...addAmounts([before, spent]), cells: before.cells + 1 });
}

/** What a cell of this plan took on average; `undefined` before the first. */
function meanOf({ took }: Course, plan: GridPlan): Amounts | undefined {
  const known = took.get(plan);
  if (known === undefined) return undefined;
  const { cells, tokens, flops, usd } = known;
  return {
    tokens: tokens / cells,
    flops: flops === undefined ? undefined : flops / cells,
    usd: usd === undefined ? undefined : usd / cells,
  };
}
