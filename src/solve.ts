import { type Clock, systemClock } from "./budget/clock.ts";
import { endingOf, refuseIfNothingFits } from "./budget/ending.ts";
import { type Journal, openJournal } from "./budget/journal.ts";
import { createLedger, type Ledger } from "./budget/ledger.ts";
import { defaultPrices, type PriceTable } from "./budget/prices.ts";
import { createReceipt } from "./budget/receipt.ts";
import { fitted } from "./models/fitted.ts";
import { journaled } from "./models/journaled.ts";
import { type LimitedOptions, limited } from "./models/limited.ts";
import { metered } from "./models/metered.ts";
import type { Model } from "./models/model.ts";
import { rng } from "./random.ts";
import { type Context, makeStrategy, type Strategy, type StrategyPlan } from "./strategies/index.ts";
import { type Budget, type Plan, type Problem, type Result, type TraceEvent, UsageError } from "./types.ts";
import { journaled as journaledVerifier } from "./verifiers/journaled.ts";
import { metered as meteredVerifier } from "./verifiers/metered.ts";
import type { Verifier } from "./verifiers/verifier.ts";

/** What to solve, with what, and how far to go. */
export interface SolveOptions {
  /** A problem, or the text of one. Its reference answer is never shown to strategy, model or verifier. */
  readonly problem: Problem | string;
  /** Made by a factory (`beam({ n: 16 })`), any function of that shape, or a plan as data. */
  readonly strategy: Strategy | StrategyPlan;
  readonly model: Model;
  /** Needed by every strategy that selects or searches by score; one that needs it and has none says so. */
  readonly verifier?: Verifier;
  /** Hard limits. Default: none. */
  readonly budget?: Budget;
  /** A ledger that several problems share: its limits hold for all of them together, beside `budget`. */
  readonly pool?: Ledger;
  /** Default 1. Equal seeds, models and problems give equal answers. */
  readonly seed?: number;
  /** Ends the search; the best so far is returned, with what was spent. */
  readonly signal?: AbortSignal;
  /** A journal, or its path: what an earlier run paid for is replayed, the rest is bought and recorded. */
  readonly journal?: Journal | string;
  /** Concurrency, time limit per call and retries. Default: as `limited` has them. */
  readonly limits?: Omit<LimitedOptions, "clock">;
  /** Default: the embedded models alone. */
  readonly prices?: PriceTable;
  /** Why this plan, for the receipt. Default "asked for". */
  readonly reason?: string;
  /** Told of every event of the trace as it happens. */
  readonly onEvent?: (event: TraceEvent) => void;
  /** Default: the machine's. The budget's milliseconds start when `solve` is called. */
  readonly clock?: Clock;
}

/**
 * Solves one problem: plan -> strategy -> answer + receipt.
 *
 * Models and verifiers are the caller's: `solve` never closes them.
 * @throws UsageError when a model, verifier, parameter or budget cannot do what is asked
 * @throws BudgetTooSmallError when not even the first call fits the budget
 */
export async function solve(options: SolveOptions): Promise<Result> {
  const { budget = {}, clock = systemClock, journal } = options;
  const ledger = createLedger({ budget, clock, within: options.pool });
  try {
    if (typeof journal !== "string") return await search(options, ledger, journal);
    const opened = await openJournal(journal);
    try {
      return await search(options, ledger, opened);
    } finally {
      await opened.close();
    }
  } finally {
    ledger.close();
  }
}

async function search(options: SolveOptions, ledger: Ledger, journal: Journal | undefined): Promise<Result> {
  const { model, verifier, seed = 1, reason = "asked for", prices = defaultPrices } = options;
  const problem = blind(options.problem);
  const strategy = typeof options.strategy === "function" ? options.strategy : makeStrategy(options.strategy);
  if (!Number.isSafeInteger(seed)) throw new UsageError(`seed must be a whole number, not ${seed}.`);
  const trace: TraceEvent[] = [];
  const emit = (event: TraceEvent) => {
    trace.push(event);
    options.onEvent?.(event);
  };
  const buying = { ledger, prices, journal, scope: problem.id };
  const { selected, candidates } = await strategy(problem, {
    model: boughtModel(model, buying, { ...options.limits, clock: ledger.clock }),
    ...(verifier && { verifier: boughtVerifier(verifier, buying) }),
    rng: rng(seed).split(problem.id),
    signal: AbortSignal.any([ledger.signal, ...(options.signal ? [options.signal] : [])]),
    budgeted: Object.keys(ledger.limits).length > 0,
    ...concurrencyOf(model, options.limits),
    emit,
  });
  refuseIfNothingFits(ledger);
  const { stop, stoppedBy } = endingOf(ledger, candidates.length, options.signal?.aborted ?? false);
  emit({ type: "stopped", reason: stop, ...(stoppedBy && { stoppedBy }) });
  const notes = trace.flatMap((event) => (event.type === "note" ? [event.text] : []));
  const receipt = createReceipt(ledger.entries, {
    plan: planOf(strategy, model, verifier),
    reason,
    seed,
    stop,
    ...(stoppedBy && { stoppedBy }),
    selectedTokens: selected?.outputTokens ?? 0,
    budget: ledger.budget,
    pricesVersion: prices.version,
    wallMs: ledger.spent().ms ?? 0,
    notes: [...(model.notes?.() ?? []), ...(verifier?.notes?.() ?? []), ...notes],
  });
  return { answer: selected?.answer, text: selected?.text, receipt, trace };
}

interface Buying {
  readonly ledger: Ledger;
  readonly prices: PriceTable;
  readonly journal: Journal | undefined;
  /** Tells apart equal calls of different problems. */
  readonly scope: string;
}

/** Wrapped inside out: a call is fitted to the context, reserved, looked up, then sent and sent again. */
function boughtModel(model: Model, buying: Buying, limits: LimitedOptions): Model {
  const { ledger, prices, journal, scope } = buying;
  const sent = limited(model, limits);
  return fitted(metered(journal ? journaled(sent, { journal, scope }) : sent, { ledger, prices }));
}

/** What both the model's slots and the caller's limit allow; absent when neither is known. */
function concurrencyOf(model: Model, limits: SolveOptions["limits"]): Pick<Context, "concurrency"> {
  const known = [model.concurrency, limits?.concurrency].filter((one) => one !== undefined);
  return known.length === 0 ? {} : { concurrency: Math.min(...known) };
}

function boughtVerifier(verifier: Verifier, { ledger, prices, journal, scope }: Buying): Verifier {
  return meteredVerifier(journal ? journaledVerifier(verifier, { journal, scope }) : verifier, {
    ledger,
    prices,
  });
}

/** The problem without its reference answer. */
function blind(problem: Problem | string): Problem {
  if (typeof problem === "string") return { id: "prompt", prompt: problem };
  const { answer: _, ...rest } = problem;
  return rest;
}

function planOf(strategy: Strategy, model: Model, verifier: Verifier | undefined): Plan {
  const plan = strategy.plan ?? { strategy: strategy.name || "unnamed", params: {} };
  return { ...plan, generator: model.name, ...(verifier && { verifier: verifier.name }) };
}
