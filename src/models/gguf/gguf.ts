import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import path from "node:path";
import { UsageError } from "../../types.ts";
import { TransientError } from "../errors.ts";
import type {
  CallOptions,
  Completion,
  GenerateRequest,
  Model,
  Reader,
  ReadRequest,
  ReadResult,
} from "../model.ts";
import type { KvType } from "./engine.ts";
import { type GgufHeader, readGgufHeader } from "./header.ts";
import { LIBRARY_VERSION } from "./library.ts";
import { createPool, type Pool } from "./pool.ts";
import type { TemplateMode } from "./prompt.ts";
import type { LoadOptions, WireRead, WireRequest } from "./protocol.ts";
import { type GgufFacts, ggufFacts, quickKvType } from "./shape.ts";
import type { WireCompletion, WireReading } from "./tasks.ts";

/** A GGUF file that runs: a generator and a reader in one. */
export interface LocalModel extends Model, Reader {
  /** Process ids of the running workers. */
  pids(): readonly number[];
}

/** How a GGUF file is run. */
export interface GgufOptions {
  /** The file; for an `hf:` address see `download` in hf.ts. */
  readonly path: string;
  /** Name for people and receipts. Default: the file's name without ".gguf". */
  readonly name?: string;
  /** Processes, each with the whole model. Default: 2, or 1 on a single core. */
  readonly workers?: number;
  /** Threads of llama.cpp in each process. Default 1: its threads spin, so more than the free cores is slow. */
  readonly threads?: number;
  /** Sequences that a process evaluates together and keeps for reuse. Default: up to 64, as memory allows. */
  readonly sequences?: number;
  /** Tokens of one sequence, prompt and answer. Default: the model's, at most 4096. */
  readonly contextLength?: number;
  /** How prompts become text. Default "auto": the file's chat template where llama.cpp knows it, else raw. */
  readonly template?: TemplateMode;
  /** True: names of special tokens in prompts and texts become those tokens. Default false: they stay text. */
  readonly parseSpecial?: boolean;
  /** False: prompts are evaluated again for every request instead of sharing KV state. Default true. */
  readonly shareKv?: boolean;
  /** Numbers of the KV cache. Default: "f16", or "bf16" for heads that llama.cpp handles slowly in f16. "q8_0" takes
   * half the memory and is the fastest for small heads, at some ten times the error of "bf16". */
  readonly kvType?: KvType;
}

const MOST_CONTEXT = 4096;
const MOST_SEQUENCES = 64;
/** Part of the machine's memory that the KV caches of all workers may take by default. */
const KV_MEMORY = 1 / 8;
/** Files up to this size are hashed whole, larger ones at evenly spread places. */
const HASH_WHOLE = 64 << 20;
const HASH_PLACES = 64;
const HASH_PIECE = 1 << 20;

/** Hash of the file: of all of it, or of its size, header and 64 places of 1 MiB when it is large. */
function hashFile(file: string, header: GgufHeader): string {
  const hash = createHash("sha256").update(`${header.fileBytes}`);
  const descriptor = openSync(file, "r");
  const add = (from: number, bytes: number) => {
    const piece = Buffer.alloc(bytes);
    hash.update(piece.subarray(0, readSync(descriptor, piece, 0, bytes, from)));
  };
  try {
    if (header.fileBytes <= HASH_WHOLE) add(0, header.fileBytes);
    else {
      add(0, header.dataOffset);
      const step = (header.fileBytes - HASH_PIECE) / (HASH_PLACES - 1);
      for (let i = 0; i < HASH_PLACES; i += 1) add(Math.floor(i * step), HASH_PIECE);
    }
  } finally {
    closeSync(descriptor);
  }
  return hash.digest("hex").slice(0, 32);
}

function positive(name: string, value: number | undefined, least = 1): void {
  if (value !== undefined && (!Number.isInteger(value) || value < least)) {
    throw new UsageError(`${name} is ${value}; give a whole number of at least ${least}.`);
  }
}

/** Fills in what depends on the model and the machine. */
function plan(options: GgufOptions, facts: GgufFacts): { load: LoadOptions; workers: number } {
  positive("workers", options.workers);
  positive("threads", options.threads);
  positive("sequences", options.sequences, 2);
  positive("contextLength", options.contextLength, 2);
  const workers = options.workers ?? Math.min(2, availableParallelism());
  const contextLength = options.contextLength ?? Math.min(MOST_CONTEXT, facts.contextLength);
  const kvType = options.kvType ?? quickKvType(facts);
  const sequenceBytes = contextLength * facts.kvWidth * 2;
  const affordable = Math.floor((totalmem() * KV_MEMORY) / workers / Math.max(1, sequenceBytes));
  const load = {
    path: path.resolve(options.path),
    sequences: options.sequences ?? Math.max(2, Math.min(MOST_SEQUENCES, affordable)),
    contextLength,
    threads: options.threads ?? 1,
    shareKv: options.shareKv ?? true,
    kvType,
    template: options.template ?? "auto",
    parseSpecial: options.parseSpecial ?? false,
  } as const;
  return { load, workers };
}

function wire(request: GenerateRequest): WireRequest {
  const { prompt, prefix = "", maxTokens, temperature, topP = 1, stop = [], seed } = request;
  const { logprobs = false, topLogprobs = 0 } = request;
  return { prompt, prefix, maxTokens, temperature, topP, stop, seed, logprobs, topLogprobs };
}

/** What requests share: they can reuse each other's KV state as far as this is equal. */
function key(prompt: GenerateRequest["prompt"], prefix = ""): string {
  return `${typeof prompt === "string" ? prompt : JSON.stringify(prompt)}\u0000${prefix}`;
}

function toError(message: string, transient = false): Error {
  return transient ? new TransientError(message) : new Error(message);
}

function completion({ error, transient, ...rest }: WireCompletion, ms: number): Completion {
  return { ...rest, ms, ...(error === undefined ? {} : { error: toError(error, transient) }) };
}

const cancelled: Completion = {
  text: "",
  finish: "cancelled",
  usage: { inputTokens: 0, cachedTokens: 0, outputTokens: 0 },
};

async function generate(
  pool: Pool,
  requests: readonly GenerateRequest[],
  options: CallOptions = {},
): Promise<Completion[]> {
  const { signal, onText, onCompletion } = options;
  const completions: Completion[] = requests.map(() => cancelled);
  if (signal?.aborted) return completions;
  await pool.run<WireRequest, WireCompletion>({
    keys: requests.map(({ prompt, prefix }) => key(prompt, prefix)),
    requests: requests.map(wire),
    message: (call, items) => ({ type: "generate", call, items, stream: onText !== undefined }),
    lost: (error, usage, transient) => ({ text: "", finish: "error", usage, error, transient }),
    ...(onText === undefined ? {} : { onText }),
    onAnswer(index, answer, worker, ms) {
      const { prompt, prefix = "" } = requests[index]!;
      const { text, stopText = "" } = answer;
      pool.assigner.remember(key(prompt, prefix + text), worker);
      if (stopText !== "") pool.assigner.remember(key(prompt, prefix + text + stopText), worker);
      completions[index] = completion(answer, ms);
      onCompletion?.(index, completions[index]);
    },
    signal,
  });
  return completions;
}

async function read(
  pool: Pool,
  requests: readonly ReadRequest[],
  options: CallOptions = {},
): Promise<ReadResult[]> {
  const { signal } = options;
  const usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0 };
  if (signal?.aborted) {
    const error = new Error("The reading was cancelled.");
    return requests.map(() => ({ probabilities: undefined, usage, error }));
  }
  const results: ReadResult[] = [];
  await pool.run<WireRead, WireReading>({
    keys: requests.map(({ prompt }) => key(prompt)),
    requests: requests.map(
      ({ prompt, text, offsets, tokens }): WireRead => ({ prompt, text, offsets, tokens }),
    ),
    message: (call, items) => ({ type: "read", call, items }),
    lost: (error, spent, transient) => ({ usage: spent, error, transient }),
    onAnswer(index, { probabilities, usage: spent, error, transient }, _, ms) {
      const failure = error === undefined ? {} : { error: toError(error, transient) };
      results[index] = { probabilities, usage: spent, ms, ...failure };
    },
    signal,
  });
  return results;
}

/** Counts in a worker, which owns the vocabulary. @throws TransientError when that worker died. */
async function count<Request>(
  pool: Pool,
  type: "count" | "countRead",
  requests: readonly Request[],
  keys: readonly string[],
): Promise<number[]> {
  let lost: string | undefined;
  const counts = await pool.run<Request, number>({
    keys,
    requests,
    message: (call, items) => ({ type, call, items }) as never,
    lost: (why) => {
      lost = why;
      return 0;
    },
  });
  if (lost !== undefined) throw new TransientError(lost);
  return counts;
}

/**
 * Opens a GGUF file as a generator and a reader: llama.cpp in child processes, so that a crash in native code
 * is a lost call and not the end of the program.
 *
 * Same seed, same text: sampling draws from (seed, index of the token) alone, and each row of logits is
 * computed alike whatever else is in the batch (see `createEngine`).
 * @throws UsageError for a missing, truncated or foreign file, an unusable option, a missing library, or a
 * model that llama.cpp cannot load.
 */
export async function gguf(options: GgufOptions): Promise<LocalModel> {
  const header = readGgufHeader(options.path);
  const facts = ggufFacts(header);
  const { load, workers } = plan(options, facts);
  const pool = createPool(load, workers);
  const loaded = await pool.open().catch(async (error: unknown) => {
    await pool.close();
    throw error;
  });
  const settings = [loaded.mode, load.parseSpecial, load.kvType, load.contextLength, LIBRARY_VERSION].join(
    ",",
  );
  return {
    name: options.name ?? path.basename(options.path, ".gguf"),
    fingerprint: `gguf:${hashFile(options.path, header)}:${settings}`,
    shape: facts.shape,
    contextLength: loaded.room,
    chat: loaded.mode === "chat",
    can: {
      prefix: true,
      logprobs: true,
      seed: true,
      chat: loaded.mode === "chat",
      ...(facts.revises && { revise: true }),
    },
    ...(facts.seesHistory && { seesHistory: true }),
    countTokens: (requests) =>
      count(
        pool,
        "count",
        requests.map(({ prompt, prefix = "" }) => ({ prompt, prefix })),
        requests.map(({ prompt, prefix }) => key(prompt, prefix)),
      ),
    generate: (requests, call) => generate(pool, requests, call),
    countReadTokens: (requests) =>
      count(
        pool,
        "countRead",
        requests,
        requests.map(({ prompt }) => key(prompt)),
      ),
    read: (requests, call) => read(pool, requests, call),
    notes: () =>
      loaded.unknownTemplate
        ? ["the file's chat template is not one that llama.cpp knows: prompts are sent as raw text"]
        : [],
    pids: () => pool.pids,
    close: () => pool.close(),
  };
}
