import type { Usage } from "../types.ts";

/** One message of a chat. */
export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** One generation asked of a model. */
export interface GenerateRequest {
  /** The problem's text (the adapter renders it: chat template, or the text plus a newline), or a whole chat. */
  readonly prompt: string | readonly Message[];
  /** What is already written of the answer; the completion continues it, character for character. Default "". */
  readonly prefix?: string;
  /** Most tokens to generate. */
  readonly maxTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  /** Nucleus sampling. Default 1: off. */
  readonly topP?: number;
  /** Texts that end the generation; the matched one is not part of the completion's text. Default none. */
  readonly stop?: readonly string[];
  /** Where `can.thinking`, the model ends its thinking span itself when it is so long, and goes on to its answer. Other
   * models ignore it. Default: no limit but `maxTokens`. */
  readonly thinking?: ThinkingLimit;
  /** Derived from the position; equal requests with equal seeds give equal completions where the server can. */
  readonly seed: number;
  /** Ask for the log-probability of every generated token. Default false. */
  readonly logprobs?: boolean;
  /** With `logprobs`, also the so many most probable tokens of every place, where the model gives them. Default 0. */
  readonly topLogprobs?: number;
  /** Logical place in the search; unique among the calls of one `solve`. */
  readonly position: string;
}

/** A limit of the visible thinking at the beginning of an answer. */
export interface ThinkingLimit {
  /** What the span begins with, as the model or its chat template writes it. */
  readonly open: string;
  /** What ends it. */
  readonly close: string;
  /** Most tokens of it that follow the request's `prefix`. */
  readonly tokens: number;
  /** Tokens of it that the `prefix` holds. Default 0. */
  readonly before?: number;
}

/** How a generation ended. `end`: the model ended its answer; `stop`: a stop text matched; `refused`: it did
 * not fit the budget and was never sent; `error`: lost after retries. */
export type Finish = "end" | "stop" | "length" | "cancelled" | "refused" | "error";

export interface TokenLogprob {
  readonly token: string;
  /** Natural logarithm of the probability under the sampling model at temperature 1. */
  readonly logprob: number;
  /** The most probable tokens of this place, the most probable first, when they were asked for. */
  readonly top?: readonly { readonly token: string; readonly logprob: number }[];
}

/** One generation. Failed and refused ones are completions too: one lost sample never fails its batch. */
export interface Completion {
  /** New text only, without prefix and stop text. Partial when `finish` is "cancelled", "error" or "length". */
  readonly text: string;
  readonly finish: Finish;
  /** The stop text that matched, when `finish` is "stop" and the server says which. */
  readonly stopText?: string;
  /** What it cost, also when it failed or was cancelled. */
  readonly usage: Usage;
  readonly logprobs?: readonly TokenLogprob[];
  /** Milliseconds from send to end. */
  readonly ms?: number;
  /** Attempts beyond the first. Default 0. */
  readonly retries?: number;
  /** What each attempt cost, in order, when there was more than one; `usage` is their sum. */
  readonly attempts?: readonly Usage[];
  /** "replayed": answered from the journal or a bank; "repeated": in flight when an earlier run died, sent again. */
  readonly journal?: "replayed" | "repeated";
  /** Present when `finish` is "error" or "refused": one sentence that says what happened and what to do. */
  readonly error?: Error;
}

export interface CallOptions {
  /** Aborts what is in flight; completions then end as "cancelled" with what they cost. */
  readonly signal?: AbortSignal;
  /** Called with each new piece of text of request `index`, where the model streams. */
  readonly onText?: (index: number, delta: string) => void;
  /** Called once for request `index` as soon as it is complete, before `generate` returns the same object.
   * Adapters that send a batch as single calls should call it, so that a journal loses nothing when the
   * process dies in the middle of a batch; whoever needs it must bear with adapters that do not. */
  readonly onCompletion?: (index: number, completion: Completion) => void;
  /** A wrapper that retries must ask before it sends request `index` again, with what its attempts cost so
   * far; false forbids it, because the budget has no room for one more. The answer may wait for the other
   * requests, so whoever asks must ask for each request on its own, and must call `onCompletion` for each as
   * soon as it is complete. Default: allowed. */
  readonly mayRetry?: (index: number, attempts: readonly Usage[]) => Promise<boolean>;
}

/** Shape of a transformer, for FLOPs and memory. */
export interface ModelShape {
  readonly layers: number;
  /** Width of the attention output (heads times head size). */
  readonly attentionWidth: number;
  /** Parameters that multiply an activation for every token: all matrices, the output matrix included, the
   * input embedding (a look-up) not. Active ones only for a mixture of experts. */
  readonly activeParameters: number;
  /** As `activeParameters` without the output matrix, as papers count. */
  readonly nonEmbeddingParameters: number;
}

/** Where tokens come from. Adapters turn refusals of the server into completions, never into exceptions;
 * they throw `UsageError` only for what no retry can mend (unknown model, key refused). */
export interface Model {
  /** For people and receipts: "pico-s", "qwen3-8b@127.0.0.1:8080". */
  readonly name: string;
  /** Changes whenever outputs could: file hash, server and model name. Part of every journal key. */
  readonly fingerprint: string;
  /** `undefined`: unknown, so budgets in FLOPs are refused. */
  readonly shape?: ModelShape;
  /** Tokens; `undefined`: unknown. */
  readonly contextLength?: number;
  /** Requests that it serves at once without letting one wait: the slots of a server. `undefined`: unknown. */
  readonly concurrency?: number;
  /** What it can do; a strategy that needs more refuses with a clear error. */
  readonly can: {
    /** Continue a given prefix exactly. */
    readonly prefix: boolean;
    readonly logprobs: boolean;
    /** Same seed, same text. */
    readonly seed: boolean;
    /** Trained to write a better solution after earlier ones, which are given as `prefix`: in order, each
     * trimmed, with its last line `#### answer`, and followed by a line break. Default false. */
    readonly revise?: boolean;
    /** End its own thinking at a limit (`GenerateRequest.thinking`). Default false. */
    readonly thinking?: boolean;
    /** Follow what a chat asks: false for a model without a chat template. Default: unknown, so it is asked. */
    readonly chat?: boolean;
  };
  /** Input tokens that each request would take: exact, or an upper bound. Needed to reserve before a call. */
  countTokens(requests: readonly GenerateRequest[], options?: CallOptions): Promise<readonly number[]>;
  /** One completion per request, in order. */
  generate(requests: readonly GenerateRequest[], options?: CallOptions): Promise<readonly Completion[]>;
  /** Sentences for the receipt about fallbacks taken so far ("the server ignores n: single calls"). */
  notes?(): readonly string[];
  /** Releases processes, sockets and memory. */
  close(): Promise<void>;
}

/** Asks for the probabilities of given next tokens after given places of a text, in one forward pass. */
export interface ReadRequest {
  readonly prompt: string | readonly Message[];
  /** The answer's text. */
  readonly text: string;
  /** Offsets in `text` (UTF-16 units, ascending, each on a token boundary): the probability of the token that
   * follows `text.slice(0, offset)` is read. */
  readonly offsets: readonly number[];
  /** Tokens to read, each a single token of the vocabulary (special tokens by their text). */
  readonly tokens: readonly string[];
}

export interface ReadResult {
  /** `probabilities[i][j]`: softmax over the whole vocabulary of `tokens[j]` after `offsets[i]`. `undefined` on error. */
  readonly probabilities: readonly (readonly number[])[] | undefined;
  readonly usage: Usage;
  readonly ms?: number;
  readonly error?: Error;
}

/** A model whose next-token probabilities can be read: PRMs and P(Yes) judges over GGUF files. */
export interface Reader {
  readonly name: string;
  readonly fingerprint: string;
  /** Trained to judge a solution with the earlier ones of its chain before it, in the form that a reviser is
   * given them. Default false. */
  readonly seesHistory?: boolean;
  /** As for a model: false without a chat template. Default: unknown. */
  readonly chat?: boolean;
  readonly shape?: ModelShape;
  readonly contextLength?: number;
  countReadTokens(requests: readonly ReadRequest[]): Promise<readonly number[]>;
  read(requests: readonly ReadRequest[], options?: CallOptions): Promise<readonly ReadResult[]>;
  close(): Promise<void>;
}
