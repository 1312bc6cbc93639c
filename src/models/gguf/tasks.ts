import type { Usage } from "../../types.ts";
import type { Completion, Finish, TokenLogprob } from "../model.ts";
import { type Sampler, uniform } from "./sampling.ts";
import { type GrowingText, growingText } from "./text.ts";

/** What the engine evaluates for a caller: tokens, and the rows of logits that are wanted of them. */
export interface Task {
  /** Tokens to evaluate; grows while a generation goes on. Only the first `count` are set. */
  readonly tokens: Int32Array;
  readonly count: number;
  /** Index of the first token whose logits are wanted: it must be evaluated, not reused. */
  readonly firstRow: number;
  /** True when the logits after token `index` are wanted. */
  wants(index: number): boolean;
  /** Takes the logits after token `index`. */
  take(index: number, logits: Float32Array, offset: number): void;
  /** True once nothing is left to do. */
  readonly done: boolean;
  /** Told once, before anything is evaluated: how many leading tokens are reused. */
  start(reused: number): void;
  /** Ends it early; `error` when it failed, else it was cancelled. */
  stop(error?: string): void;
  /** Tokens that it has cost so far. */
  readonly usage: Usage;
}

/** What a generation needs to know of the vocabulary. */
export interface Vocabulary {
  isEnd(token: number): boolean;
  piece(token: number): Uint8Array;
  /** Name of a special token. */
  name(token: number): string;
  readonly sampler: Sampler;
}

export interface GenerateParams {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly stop: readonly string[];
  readonly seed: number;
  readonly logprobs: boolean;
}

/** How a generation reports. */
export interface GenerateEvents {
  readonly onText?: (delta: string) => void;
  readonly onDone: (completion: WireCompletion) => void;
}

/** A completion whose error is a plain sentence, so that it can cross between processes. */
export type WireCompletion = Omit<Completion, "error" | "ms"> & { readonly error?: string };

/** Generates from `prompt` until an end token, a stop text, or a limit. `room` is the sequence's capacity. */
export class GenerateTask implements Task {
  readonly tokens: Int32Array;
  count: number;
  done = false;
  readonly #inputTokens: number;
  readonly #params: GenerateParams;
  readonly #vocabulary: Vocabulary;
  readonly #events: GenerateEvents;
  readonly #text: GrowingText;
  readonly #logprobs: TokenLogprob[] = [];
  #reused = 0;
  #outputTokens = 0;
  #started = false;

  constructor(
    prompt: Int32Array,
    room: number,
    params: GenerateParams,
    vocabulary: Vocabulary,
    events: GenerateEvents,
  ) {
    this.tokens = new Int32Array(Math.min(room, prompt.length + params.maxTokens));
    this.tokens.set(prompt.subarray(0, this.tokens.length));
    this.count = prompt.length;
    this.#inputTokens = prompt.length;
    this.#params = params;
    this.#vocabulary = vocabulary;
    this.#events = events;
    this.#text = growingText(params.stop);
  }

  get firstRow(): number {
    return this.#inputTokens - 1;
  }

  get usage(): Usage {
    if (!this.#started) return { inputTokens: 0, cachedTokens: 0, outputTokens: 0 };
    return { inputTokens: this.#inputTokens, cachedTokens: this.#reused, outputTokens: this.#outputTokens };
  }

  wants(index: number): boolean {
    return index === this.count - 1;
  }

  start(reused: number): void {
    this.#started = true;
    this.#reused = reused;
  }

  take(index: number, logits: Float32Array, offset: number): void {
    const { temperature, topP, seed, maxTokens, logprobs } = this.#params;
    const { sampler } = this.#vocabulary;
    const draw = temperature > 0 ? uniform(seed, this.#outputTokens) : 0;
    const token = sampler.sample(logits, offset, temperature, topP, draw);
    this.#outputTokens += 1;
    const ends = this.#vocabulary.isEnd(token);
    const text = ends ? "" : this.#text.push(this.#vocabulary.piece(token));
    if (logprobs) {
      const name = ends ? this.#vocabulary.name(token) : text;
      this.#logprobs.push({ token: name, logprob: sampler.logprob(logits, offset, token) });
    }
    if (ends) this.#finish("end");
    else if (this.#text.stopText !== undefined) this.#finish("stop");
    else if (this.#outputTokens >= maxTokens || index + 1 >= this.tokens.length) this.#finish("length");
    else {
      this.tokens[this.count++] = token;
      this.#release(false);
    }
  }

  stop(error?: string): void {
    if (!this.done) this.#finish(error === undefined ? "cancelled" : "error", error);
  }

  /** Ends it before it began, because no token was asked for. */
  end(): void {
    this.#finish("length");
  }

  #release(ended: boolean): void {
    if (this.#events.onText === undefined) return;
    const delta = this.#text.release(ended);
    if (delta !== "") this.#events.onText(delta);
  }

  #finish(finish: Finish, error?: string): void {
    this.done = true;
    this.#release(true);
    const { stopText } = this.#text;
    this.#events.onDone({
      text: this.#text.text,
      finish,
      usage: this.usage,
      ...(finish === "stop" && stopText !== undefined ? { stopText } : {}),
      ...(this.#params.logprobs ? { logprobs: this.#logprobs } : {}),
      ...(error === undefined ? {} : { error }),
    });
  }
}

/** A reading as it crosses between processes. */
export interface WireReading {
  readonly probabilities?: readonly (readonly number[])[];
  readonly usage: Usage;
  readonly error?: string;
}

/** Reads the probabilities of `ids` after the tokens at `rows` (ascending indices into `tokens`). */
export class ReadTask implements Task {
  readonly tokens: Int32Array;
  readonly count: number;
  done = false;
  readonly #rows: readonly number[];
  readonly #ids: readonly number[];
  readonly #sampler: Sampler;
  readonly #onDone: (reading: WireReading) => void;
  readonly #found = new Map<number, readonly number[]>();
  #reused = 0;
  #started = false;

  constructor(
    tokens: Int32Array,
    rows: readonly number[],
    ids: readonly number[],
    sampler: Sampler,
    onDone: (reading: WireReading) => void,
  ) {
    this.#rows = rows;
    this.#ids = ids;
    this.#sampler = sampler;
    this.#onDone = onDone;
    this.count = (rows.at(-1) ?? -1) + 1;
    this.tokens = tokens.subarray(0, this.count);
  }

  get firstRow(): number {
    return this.#rows[0] ?? 0;
  }

  get usage(): Usage {
    if (!this.#started) return { inputTokens: 0, cachedTokens: 0, outputTokens: 0 };
    return { inputTokens: this.count, cachedTokens: this.#reused, outputTokens: 0 };
  }

  wants(index: number): boolean {
    return this.#rows.includes(index);
  }

  start(reused: number): void {
    this.#started = true;
    this.#reused = reused;
  }

  take(index: number, logits: Float32Array, offset: number): void {
    this.#found.set(
      index,
      this.#ids.map((id) => Math.exp(this.#sampler.logprob(logits, offset, id))),
    );
    if (index !== this.count - 1) return;
    this.done = true;
    this.#onDone({ probabilities: this.#rows.map((row) => this.#found.get(row) ?? []), usage: this.usage });
  }

  stop(error = "The reading was cancelled."): void {
    if (this.done) return;
    this.done = true;
    this.#onDone({ usage: this.usage, error });
  }
}
