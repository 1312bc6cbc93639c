/**
 * The nouns of bedacht. Only these words are used, in code, docs and output.
 *
 * Terminology
 * - **problem**: a task, with an optional reference answer. **prompt**: the text of it.
 * - **generator**: the model that proposes. **completion**: one generation of it. **step**: the unit that a
 *   process reward model scores, by default one line.
 * - **candidate**: a partial or full solution. **answer**: the final result extracted from one.
 * - **verifier**: anything that scores candidates: a PRM (per step), an ORM (whole solution), a judge (a
 *   language model asked), a rule (a deterministic check).
 * - **aggregation**: step scores to one number.
 * - **strategy**: how compute becomes an answer. **plan**: a strategy, its parameters and a budget, as data.
 * - **budget**: the limit. **ledger**: the entries. **receipt**: the totals, with units.
 * - **position**: the logical place of a call in a search (`sample/3`, `round/2/beam/0/child/1`), never its
 *   order of arrival. Seeds and journal keys come from it.
 *
 * Unknown is `undefined`, never 0, -1 or 0.5.
 */

/** A task to answer. */
export interface Problem {
  /** Unique within its file. */
  readonly id: string;
  /** Text of the task, as a user would type it. */
  readonly prompt: string;
  /** Reference answer, for measuring only: no strategy, verifier or model ever sees it. */
  readonly answer?: string;
  /** Generated family ("chain", "countdown") when bedacht made it. */
  readonly family?: string;
  /** Difficulty level within the family. */
  readonly level?: number;
}

/** Who spent tokens. */
export type Role = "generator" | "verifier" | "difficulty";

/** Tokens of one call. */
export interface Usage {
  /** Prompt tokens, reused ones included. */
  readonly inputTokens: number;
  /** Of `inputTokens`, those reused from earlier evaluation (KV state, prefix cache). `undefined`: the server does not say. */
  readonly cachedTokens?: number;
  /** Generated tokens, those of a stop string or hidden reasoning included. */
  readonly outputTokens: number;
  /** Of `outputTokens`, hidden reasoning. `undefined`: the server does not say. */
  readonly reasoningTokens?: number;
}

/** Hard limits, any mix of units. An absent unit is unlimited. */
export interface Budget {
  /** Input plus output tokens of all roles; reused input tokens count once they are sent again. */
  readonly tokens?: number;
  /** Floating-point operations of all roles; needs models of known shape. */
  readonly flops?: number;
  /** US dollars; needs models with a known price. */
  readonly usd?: number;
  /** Milliseconds of wall clock from the start of `solve`. */
  readonly ms?: number;
}

export type BudgetUnit = keyof Budget;

/** Totals of one role. */
export interface RoleTotals {
  /** Calls that were sent, failed ones included, refused ones not. */
  readonly calls: number;
  readonly inputTokens: number;
  /** Of `inputTokens`, reused. `undefined` when some call did not say. */
  readonly cachedTokens: number | undefined;
  readonly outputTokens: number;
  /** Of `outputTokens`, hidden reasoning. `undefined` when no call said. */
  readonly reasoningTokens: number | undefined;
  /** `undefined` when the model's shape is unknown. */
  readonly flops: number | undefined;
  /** `undefined` when the model has no price in the table. */
  readonly usd: number | undefined;
  /** Milliseconds spent inside the model, summed over calls. */
  readonly modelMs: number;
}

/** Why a search ended. */
export type StopReason = "done" | "budget" | "deadline" | "cancelled" | "failed";

/** What one answer cost, and why it was bought. */
export interface Receipt {
  readonly plan: Plan;
  /** Why this plan ("asked for", or a policy's reason). */
  readonly reason: string;
  readonly seed: number;
  readonly stop: StopReason;
  /** The budget unit that ended the search, when `stop` is "budget" or "deadline". */
  readonly stoppedBy?: BudgetUnit;
  readonly roles: Readonly<Partial<Record<Role, RoleTotals>>>;
  readonly total: RoleTotals;
  /** Output tokens which no part of the selected answer uses: other candidates, pruned, lost, cancelled. */
  readonly discardedTokens: number;
  /** Calls answered from the journal or a bank: paid for by an earlier run, counted above all the same. */
  readonly replayedCalls: number;
  /** Calls that were in flight when an earlier run died and had to be sent again. */
  readonly repeatedCalls: number;
  /** Calls that failed for good after retries. */
  readonly lostCalls: number;
  /** Retried attempts. */
  readonly retries: number;
  /** Calls refused before they were sent because they did not fit the budget. */
  readonly refusedCalls: number;
  /** Tokens beyond a reservation that a server spent against its own limit; 0 for every honest server. */
  readonly overrunTokens: number;
  readonly budget: Budget;
  /** Name of the formula behind every `flops`. */
  readonly flopsFormula: string;
  /** Version of the price table behind every `usd`. */
  readonly pricesVersion: string;
  readonly wallMs: number;
  /** Fallbacks taken, in plain sentences ("the server ignores n: 16 single calls"). */
  readonly notes: readonly string[];
}

/** A strategy with its parameters and models, as data. */
export interface Plan {
  readonly strategy: string;
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly generator: string;
  readonly verifier?: string;
}

/** A partial or full solution. Plain data. */
export interface Candidate {
  /** Logical position of the call that completed it. Unique in a search. */
  readonly id: string;
  /** All text after the prompt. */
  readonly text: string;
  /** False while a search may still extend it. */
  readonly complete: boolean;
  /** Extracted final result; `undefined` when there is none. */
  readonly answer?: string;
  /** One verifier score per step, each in [0, 1]. */
  readonly stepScores?: readonly number[];
  /** Aggregated verifier score in [0, 1]. */
  readonly score?: number;
  /** Sum of token log-probabilities (natural log), where the model gives them. */
  readonly logprob?: number;
  /** Generated tokens along its whole path. */
  readonly outputTokens: number;
  /** Candidates of equal text that were merged into this one, itself included. Default 1. */
  readonly count?: number;
}

/** One thing that happened in a search. Append-only; enough to draw it and to replay it. */
export type TraceEvent =
  | {
      readonly type: "proposed";
      readonly id: string;
      /** The candidate that it continues; absent when it continues the prompt. */
      readonly parent?: string;
      /** New text only: the parent's text followed by this is the candidate's. */
      readonly text: string;
      /** Of this call only. */
      readonly outputTokens: number;
      readonly complete: boolean;
      readonly answer?: string;
    }
  | {
      readonly type: "scored";
      readonly id: string;
      readonly score: number | undefined;
      readonly stepScores?: readonly number[];
    }
  /** The probability that the solution `id` is better than `against`, over both orders; unknown without a verdict. */
  | {
      readonly type: "compared";
      readonly id: string;
      readonly against: string;
      readonly chance: number | undefined;
    }
  /** Its text equals that of `into`, which stands for both from here on. */
  | { readonly type: "merged"; readonly id: string; readonly into: string }
  /** What was written after the candidate `id` at temperature 0, to score it there: no candidate itself. */
  | {
      readonly type: "lookedAhead";
      readonly id: string;
      readonly text: string;
      /** Of calls that were not lost; a step that was written before costs nothing. */
      readonly outputTokens: number;
    }
  /** Particles were drawn anew by weight, or only weighed when all were complete. A candidate that is not
   * named is given up. */
  | {
      readonly type: "resampled";
      readonly round: number;
      /** Effective sample size of the weights, before the drawing. */
      readonly ess: number;
      /** How many particles each candidate is from here on. */
      readonly copies: Readonly<Record<string, number>>;
    }
  /** A whole solution of its own, written after `parent`, of whose text it keeps the first `kept` characters. */
  | { readonly type: "revised"; readonly id: string; readonly parent: string; readonly kept?: number }
  /** What was said of the solution `parent`, and of this call only, the tokens. */
  | {
      readonly type: "critiqued";
      readonly id: string;
      readonly parent: string;
      readonly text: string;
      readonly outputTokens: number;
    }
  /** What the problem, or the part whose id `id` begins with, was split into; nothing, when there was no list. */
  | {
      readonly type: "split";
      readonly id: string;
      readonly parts: readonly string[];
      readonly outputTokens: number;
    }
  /** A part of a split, and the answer that was found for it; absent when it was not resolved. */
  | { readonly type: "answered"; readonly id: string; readonly text: string; readonly answer?: string }
  | { readonly type: "pruned"; readonly id: string; readonly reason: string }
  /** A call that gave no candidate: failed, refused or cancelled, with the output tokens it cost all the same. */
  | { readonly type: "lost"; readonly id: string; readonly reason: string; readonly outputTokens: number }
  | {
      readonly type: "voted";
      readonly answer: string;
      readonly weight: number;
      readonly candidates: readonly string[];
    }
  | { readonly type: "note"; readonly text: string }
  | {
      readonly type: "selected";
      readonly id: string;
      readonly answer: string | undefined;
      readonly why: string;
    }
  | { readonly type: "stopped"; readonly reason: StopReason; readonly stoppedBy?: BudgetUnit };

/** The only result type: CLI, gateway, lab and dashboard all render this object. */
export interface Result {
  /** Final result, or `undefined` when no candidate gave one. */
  readonly answer: string | undefined;
  /** Full text of the selected candidate. */
  readonly text: string | undefined;
  readonly receipt: Receipt;
  readonly trace: readonly TraceEvent[];
}

/** A mistake that the caller can mend; `message` is one sentence that says what to do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The budget does not allow a single sample; `message` says what one would take. */
export class BudgetTooSmallError extends Error {
  override readonly name = "BudgetTooSmallError";
}
