import type { Model } from "../models/model.ts";
import type { Rng } from "../random.ts";
import type { Candidate, Plan, Problem, TraceEvent } from "../types.ts";
import type { Verifier } from "../verifiers/verifier.ts";

/** What a strategy works with. Model and verifier arrive metered: a strategy cannot forget to count. */
export interface Context {
  readonly model: Model;
  /** Absent when the caller gave none; a strategy that needs one refuses with a `UsageError`. */
  readonly verifier?: Verifier;
  /** Split by position, never shared by order: `rng.split(position)`. */
  readonly rng: Rng;
  readonly signal: AbortSignal;
  /** True under a budget: what is bought should then be scored before more is bought. Default false. */
  readonly budgeted?: boolean;
  /** Requests that the model serves at once without letting one wait. Default: unknown. */
  readonly concurrency?: number;
  /** Appends to the trace; a note also reaches the receipt. */
  readonly emit: (event: TraceEvent) => void;
}

/** What a strategy found. Cost is not its business: the ledger has it. */
export interface Outcome {
  /** The best candidate, or `undefined` when not one was completed. */
  readonly selected: Candidate | undefined;
  /** All completed candidates, in order of position. */
  readonly candidates: readonly Candidate[];
  /** Why this one, in one sentence: "7 of 16 candidates agree", "highest score 0.930 of 16". */
  readonly why: string;
}

/** A strategy's name and parameters, as data. */
export type StrategyPlan = Pick<Plan, "strategy" | "params">;

/**
 * A strategy is an async function, built by a factory: `beam({ n: 16, width: 4 })`. It returns its best so far
 * when calls come back "refused" or "cancelled"; it never throws for a lost sample. It throws `UsageError`,
 * before anything is spent, when the model or the verifier cannot do what it needs. Any function of this shape
 * is a strategy.
 */
export interface Strategy {
  (problem: Problem, context: Context): Promise<Outcome>;
  /** For plans and receipts; a function without it is named after itself. */
  readonly plan?: StrategyPlan;
}

/** A strategy made by a factory. */
export type PlannedStrategy = Strategy & { readonly plan: StrategyPlan };

/** A function with the plan that it carries out; `params` holds every knob, defaults included. */
export function planned(
  strategy: string,
  params: StrategyPlan["params"],
  run: (problem: Problem, context: Context) => Promise<Outcome>,
): PlannedStrategy {
  return Object.assign(run, { plan: { strategy, params } });
}
