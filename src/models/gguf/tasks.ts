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
  readonly isEnd: (token: number) => boolean;
  readonly piece: (token: number) => Uint8Array;
  /** Name of a special token. */
  readonly name: (token: number) => string;
  readonly sampler: Sampler;
}

export interface GenerateParams {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly stop: readonly string[];
  readonly seed: number;
  readonly logprobs: boolean;
  /** With `logprobs`, the most probable tokens of every place to give beside it; 0 for none. */
  readonly topLogprobs: number;
}

/** How a generation reports. */
export interface GenerateEvents {
  readonly onText?: (delta: string) => void;
  readonly onDone: (completion: WireCompletion) => void;
}

/** A completion whose error is a plain sentence, so that it can cross between processes. */
export type WireCompletion = Omit<Completion, "error" | "ms"> & {
  readonly error?: string;
  /** True when another attempt may succeed. */
  readonly transient?: boolean;
};

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
      const logprob = sampler.logprob(logits, offset, token);
      this.#logprobs.push({ token: name, logprob, ...this.#top(logits, offset) });
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

  #top(logits: Float32Array, offset: number): Pick<TokenLogprob, "top"> {
    const { sampler, isEnd, name, piece } = this.#vocabulary;
    if (this.#params.topLogprobs <= 0) return {};
    const top = sampler.top(logits, offset, this.#params.topLogprobs).map((id) => ({
      token: isEnd(id) ? name(id) : Buffer.from(piece(id)).toString("utf8"),
      logprob: sampler.logprob(logits, offset, id),
    }));
    return { top };
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
  /** True when another attempt may succeed. */
  readonly transient?: boolean;
}

/** Remembers what was read after a list of tokens, so that a longer text asks only for what is new. */
export interface ReadMemory {
  get(key: string): readonly number[] | undefined;
  set(key: string, probabilities: readonly number[]): void;
}

/** Reads the probabilities of `ids` after the tokens at `rows` (ascending indices into `tokens`). */
export class ReadTask implements Task {
  readonly tokens: Int32Array;
  readonly count: number;
  readonly firstRow: number;
  done = false;
  readonly #rows: readonly number[];
  readonly #ids: readonly number[];
  readonly #sampler: Sampler;
  readonly #memory: ReadMemory | undefined;
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
    memory?: ReadMemory,
  ) {
    this.#rows = rows;
    this.#ids = ids;
    this.#sampler = sampler;
    this.#memory = memory;
    this.#onDone = onDone;
    this.count = (rows.at(-1) ?? -1) + 1;
    this.tokens = tokens.subarray(0, this.count);
    for (const row of rows) {
      const known = memory?.get(this.#key(row));
      if (known !== undefined) this.#found.set(row, known);
    }
    this.firstRow = rows.find((row) => !this.#found.has(row)) ?? this.count;
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
    if (this.firstRow === this.count) this.#finish();
  }

  take(index: number, logits: Float32Array, offset: number): void {
    const probabilities = this.#ids.map((id) => Math.exp(this.#sampler.logprob(logits, offset, id)));
    this.#found.set(index, probabilities);
    this.#memory?.set(this.#key(index), probabilities);
    if (index === this.count - 1) this.#finish();
  }

  stop(error = "The reading was cancelled."): void {
    if (this.done) return;
    this.done = true;
    this.#onDone({ usage: this.usage, error });
  }

  #key(row: number): string {
    return `${this.#ids.join(",")}:${this.tokens.subarray(0, row + 1).join(",")}`;
  }

  #finish(): void {
    this.done = true;
    this.#onDone({ probabilities: this.#rows.map((row) => this.#found.get(row) ?? []), usage: this.usage });
  }
}
