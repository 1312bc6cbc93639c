import type { ModelShape } from "../models/model.ts";
import type { Problem, Usage } from "../types.ts";

/** One candidate to score. */
export interface ScoreRequest {
  readonly problem: Problem;
  /** All text after the prompt, partial or full. */
  readonly text: string;
  /** Logical place, for journal keys; unique among the scorings of one `solve`. */
  readonly position: string;
}

/** Two candidates to compare. */
export interface PairRequest {
  readonly problem: Problem;
  readonly first: string;
  readonly second: string;
  /** Logical place, for journal keys; unique among the comparisons of one `solve`. */
  readonly position: string;
}

/** What a verifier says of one candidate, or of two. */
export interface Score {
  /** One score per step, each in [0, 1], for PRMs. */
  readonly steps?: readonly number[];
  /** Score in [0, 1]; `undefined` when the verifier cannot say (an unparsable grade, a failed or refused call). */
  readonly value: number | undefined;
  /** What it cost; absent when it costs no tokens (a rule). */
  readonly usage?: Usage;
  readonly ms?: number;
  readonly retries?: number;
  /** What each attempt cost, in order, when there was more than one; `usage` is their sum. */
  readonly attempts?: readonly Usage[];
  readonly journal?: "replayed" | "repeated";
  /** Why there is no value: one sentence. */
  readonly error?: Error;
  /** True when the call succeeded, but what came holds no score (an unparsable grade): it is paid for, and
   * asking again would give the same. */
  readonly unreadable?: boolean;
  /** True when it did not fit the budget and was never sent. */
  readonly refused?: boolean;
}

export interface ScoreOptions {
  /** Aborts what is in flight; scores then have no value, and say what they cost. */
  readonly signal?: AbortSignal;
  /** Called once for request `index` as soon as it is scored, before `score` returns the same object. May be
   * left out by verifiers that score a batch at once. */
  readonly onScore?: (index: number, score: Score) => void;
  /** As for models: a verifier that retries must ask before it sends request `index` again. */
  readonly mayRetry?: (index: number, attempts: readonly Usage[]) => Promise<boolean>;
}

/** How requests of one kind are scored. Always batched; one failed score never fails its batch. */
export interface Scoring<Request> {
  /** Most tokens (input plus output) that scoring each request can take; 0 for rules. */
  countTokens(requests: readonly Request[]): Promise<readonly { input: number; output: number }[]>;
  /** One score per request, in order. */
  score(requests: readonly Request[], options?: ScoreOptions): Promise<readonly Score[]>;
}

/** Anything that scores candidates. */
export interface Verifier extends Scoring<ScoreRequest> {
  readonly name: string;
  /** Changes whenever scores could. Part of every journal key. */
  readonly fingerprint: string;
  /** True when partial solutions can be scored, so step search may use it. */
  readonly scoresPartial: boolean;
  /** True when it was trained to judge a revision with its history: `text` is then the earlier solutions of the
   * chain, in the form that `Model.can.revise` gives them, and behind them the solution. Default false. */
  readonly seesHistory?: boolean;
  /** True when scoring costs no tokens: a rule. Others need a known shape and price under such budgets. */
  readonly free?: boolean;
  /** Name of the model behind it, by which the price table knows it. Default: `name`. */
  readonly model?: string;
  /** Shape of the model behind it, for FLOPs; absent for rules. */
  readonly shape?: ModelShape;
  /** Compares two solutions: the score is the probability that the first is the better one. Absent: it cannot. */
  readonly pairs?: Scoring<PairRequest>;
  notes?(): readonly string[];
  close(): Promise<void>;
}
