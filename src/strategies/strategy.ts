import type { Model } from "../models/model.ts";
import type { Rng } from "../random.ts";
import type { Candidate, Problem, TraceEvent } from "../types.ts";

/** What a strategy works with. Model and verifier arrive metered: a strategy cannot forget to count. */
export interface Context {
  readonly model: Model;
  /** Split by position, never shared by order: `rng.split(position)`. */
  readonly rng: Rng;
  readonly signal: AbortSignal;
  /** Appends to the trace. */
  readonly emit: (event: TraceEvent) => void;
}

/** What a strategy found. Cost is not its business: the ledger has it. */
export interface Outcome {
  /** The best candidate, or `undefined` when not one was completed. */
  readonly selected: Candidate | undefined;
  /** All completed candidates, in order of position. */
  readonly candidates: readonly Candidate[];
  /** Why this one, in one sentence: "7 of 16 candidates agree", "highest score .93 of 16". */
  readonly why: string;
}

/** A strategy is an async function, built by a factory: `beam({ beams: 16, width: 4, verifier })`. It returns
 * its best so far when calls come back "refused" or "cancelled"; it never throws for a lost sample. */
export type Strategy = (problem: Problem, context: Context) => Promise<Outcome>;
