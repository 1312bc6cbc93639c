import { type Clock, systemClock } from "./budget/clock.ts";
import { createLedger, type Entry, type Ledger } from "./budget/ledger.ts";
import { defaultPrices, type PriceTable } from "./budget/prices.ts";
import { createReceipt } from "./budget/receipt.ts";
import { fitted } from "./models/fitted.ts";
import { metered as meteredModel } from "./models/metered.ts";
import type { Model } from "./models/model.ts";
import { rng } from "./random.ts";
import { makeStrategy, type Outcome, type Strategy, type StrategyPlan } from "./strategies/index.ts";
import {
  type Budget,
  BudgetTooSmallError,
  type BudgetUnit,
  type Plan,
  type Problem,
  type Result,
  type StopReason,
  type TraceEvent,
  UsageError,
} from "./types.ts";
import { metered as meteredVerifier } from "./verifiers/metered.ts";
import type { Verifier } from "./verifiers/verifier.ts";

/** What to solve, with what, and how far to go. */
export interface SolveOptions {
  /** A problem, or the text of one. Its reference answer is never shown to strategy, model or verifier. */
  readonly problem: Problem | string;
  /** Made by a factory (`beam({ n: 16 })`), any function of that shape, or a plan as data. */
  readonly strategy: Strategy | StrategyPlan;
  readonly model: Model;
  /** Needed by best-of-n, weighted-best-of-n and beam. */
  readonly verifier?: Verifier;
  /** Hard limits. Default: none. */
  readonly budget?: Budget;
  /** Default 1. Equal seeds, models and problems give equal answers. */
  readonly seed?: number;
  /** Ends the search; the best so far is returned, with what was spent. */
  readonly signal?: AbortSignal;
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
  const { seed = 1, reason = "asked for", prices = defaultPrices, clock = systemClock } = options;
  const problem = blind(options.problem);
  const strategy = typeof options.strategy === "function" ? options.strategy : makeStrategy(options.strategy);
  if (!Number.isSafeInteger(seed)) throw new UsageError(`seed must be a whole number, not ${seed}.`);
  const ledger = createLedger({ budget: options.budget ?? {}, clock });
  try {
    const trace: TraceEvent[] = [];
    const emit = (event: TraceEvent) => {
      trace.push(event);
      options.onEvent?.(event);
    };
    const { model, verifier } = options;
    const outcome = await strategy(problem, {
      model: fitted(meteredModel(model, { ledger, prices })),
      ...(verifier && { verifier: meteredVerifier(verifier, { ledger, prices }) }),
      rng: rng(seed).split(problem.id),
      signal: AbortSignal.any([ledger.signal, ...(options.signal ? [options.signal] : [])]),
      budgeted: Object.keys(ledger.budget).length > 0,
      emit,
    });
    refuseIfNothingFits(ledger);
    const { stop, stoppedBy } = endingOf(ledger, outcome, options.signal);
    emit({ type: "stopped", reason: stop, ...(stoppedBy && { stoppedBy }) });
    const receipt = createReceipt(ledger.entries, {
      plan: planOf(strategy, model, verifier),
      reason,
      seed,
      stop,
      ...(stoppedBy && { stoppedBy }),
      selectedTokens: outcome.selected?.outputTokens ?? 0,
      budget: ledger.budget,
      pricesVersion: prices.version,
      wallMs: ledger.spent().ms ?? 0,
      notes: [
        ...(model.notes?.() ?? []),
        ...(verifier?.notes?.() ?? []),
        ...trace.flatMap((event) => (event.type === "note" ? [event.text] : [])),
      ],
    });
    return { answer: outcome.selected?.answer, text: outcome.selected?.text, receipt, trace };
  } finally {
    ledger.close();
  }
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

type Refused = Extract<Entry, { type: "refused" }>;

function refusals({ entries }: Ledger): readonly Refused[] {
  return entries.filter((entry) => entry.type === "refused");
}

/** The first call was refused for want of room, and so none was ever made. */
function refuseIfNothingFits(ledger: Ledger): void {
  const [first] = refusals(ledger);
  if (first === undefined || first.unit === "ms" || ledger.entries.some(({ type }) => type === "settled"))
    return;
  const unit = first.unit;
  const needed = first.most[unit];
  throw new BudgetTooSmallError(
    `One sample takes up to ${needed} ${unit} but the budget is ${ledger.budget[unit]}: raise it, or lower maxTokens.`,
  );
}

function endingOf(
  ledger: Ledger,
  outcome: Outcome,
  signal: AbortSignal | undefined,
): { readonly stop: StopReason; readonly stoppedBy?: BudgetUnit } {
  if (signal?.aborted) return { stop: "cancelled" };
  if (ledger.signal.aborted) return { stop: "deadline", stoppedBy: "ms" };
  const [refused] = refusals(ledger);
  if (refused !== undefined) {
    return { stop: refused.unit === "ms" ? "deadline" : "budget", stoppedBy: refused.unit };
  }
  const answered = ledger.entries.some((entry) => entry.type === "settled" && entry.outcome === "answered");
  return { stop: outcome.candidates.length === 0 && !answered ? "failed" : "done" };
}
