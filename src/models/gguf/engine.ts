import { UsageError } from "../../types.ts";
import { type Batch, type Llama, loadLlama, type Pointer } from "./ffi.ts";
import { createSampler } from "./sampling.ts";
import { createSlots, place, type Slot } from "./slots.ts";
import type { Task, Vocabulary } from "./tasks.ts";

/** How one context of one model is made. */
export interface EngineOptions {
  readonly path: string;
  /** Sequences evaluated together, and kept for reuse. At least 2. */
  readonly sequences: number;
  /** Tokens of one sequence. */
  readonly contextLength: number;
  readonly threads: number;
  /** False: every task evaluates all its tokens again. */
  readonly shareKv: boolean;
  readonly kvType: KvType;
}

/** Number formats of the KV cache, by ggml's numbers. */
export const kvTypes = { f16: 1, q8_0: 8, bf16: 30 } as const;
export type KvType = keyof typeof kvTypes;

/**
 * Most tokens of a sequence in one decode. Below 64 llama.cpp attends row by row in the order of the sequence
 * (ggml-cpu/ops.cpp, flash attention, tile of 64 queries), so the result does not depend on how a prompt was cut.
 */
const CHUNK = 63;
const BATCH = 512;
/** Wider holes between running sequences are cheaper evaluated as two batches. */
const WIDEST_HOLE = 12;

/** One model, one context, many sequences. Synchronous: `step` evaluates one token of every running task. */
export interface Engine {
  readonly llama: Llama;
  readonly model: Pointer;
  readonly vocabulary: Vocabulary;
  readonly native: Pointer;
  /** Tokens that one sequence can hold. */
  readonly room: number;
  readonly busy: boolean;
  add(task: Task): void;
  /** Evaluates some tokens of every task; tasks report through their own callbacks. */
  step(): void;
  close(): void;
}

function createVocabulary(llama: Llama, native: Pointer): Vocabulary {
  const size = llama.vocabularySize(native);
  const pieces: (Uint8Array | undefined)[] = new Array(size);
  const ends: (boolean | undefined)[] = new Array(size);
  return {
    sampler: createSampler(size),
    isEnd: (token) => (ends[token] ??= llama.isEnd(native, token)),
    piece: (token) => (pieces[token] ??= llama.tokenPiece(native, token)),
    name: (token) => llama.tokenText(native, token),
  };
}

function open(llama: Llama, options: EngineOptions): { model: Pointer; context: Pointer } {
  const model = llama.loadModel(options.path);
  if (model === null) {
    throw new UsageError(`llama.cpp cannot load ${options.path}: ${llama.takeLog() || "no reason given"}.`);
  }
  const { sequences, contextLength } = options;
  const context = llama.createContext(model, {
    contextTokens: sequences * contextLength,
    sequences,
    batchTokens: Math.max(BATCH, sequences),
    outputs: Math.max(CHUNK + 1, sequences),
    threads: options.threads,
    unified: false,
    kvType: kvTypes[options.kvType],
  });
  if (context !== null) return { model, context };
  llama.freeModel(model);
  const why = llama.takeLog() || "no reason given";
  throw new UsageError(
    `llama.cpp cannot make ${sequences} sequences of ${contextLength} tokens of ${options.path} (${why}); ask for fewer sequences or a shorter context.`,
  );
}

/**
 * Loads a model and makes its context.
 *
 * Every decode has at least two tokens and two rows of logits, and no more than {@link CHUNK} tokens of one
 * sequence: llama.cpp's CPU kernels then compute each row alike, whatever else is in the batch. So the same
 * request gives the same text alone or among others, from shared or from fresh KV state (measured for F16
 * weights on x86; other formats may choose kernels by batch size).
 * @throws UsageError when the library, the model or the memory is not there.
 */
export function createEngine(options: EngineOptions): Engine {
  const llama = loadLlama();
  const { model, context } = open(llama, options);
  const native = llama.vocabulary(model);
  const vocabulary = createVocabulary(llama, native);
  const size = llama.vocabularySize(native);
  const memory = llama.memory(context);
  const room = Math.min(options.contextLength, llama.contextPerSequence(context));
  const slots = createSlots(options.sequences, room);
  const share = options.shareKv && !llama.isRecurrent(model);
  const batch: Batch = llama.createBatch(Math.max(BATCH, options.sequences));
  const rows: { slot: Slot; index: number }[] = [];
  let waiting: Task[] = [];
  let filled = 0;
  let turn = 0;

  const put = (slot: Slot, position: number, token: number, output: boolean): void => {
    batch.token[filled] = token;
    batch.position[filled] = position;
    batch.sequence[filled] = slot.id;
    batch.output[filled] = output ? 1 : 0;
    filled += 1;
  };

  /** Forgets what the slot holds from `length` on. */
  const cut = (slot: Slot, length: number): void => {
    llama.cutSequence(memory, slot.id, length);
    slot.length = Math.min(slot.length, length);
  };

  const settle = (slot: Slot): void => {
    if (slot.task?.done) slot.task = undefined;
  };

  const fail = (slot: Slot, code: number): void => {
    const reason = llama.takeLog() || `code ${code}`;
    slot.task?.stop(`llama.cpp could not evaluate the tokens (${reason}).`);
    cut(slot, 0);
    settle(slot);
  };

  /** Decodes the batch, moves `advanced` on, and hands out the rows of logits. */
  const run = (advanced: readonly Slot[], outputs: number): void => {
    const code = llama.decode(context, batch, filled);
    filled = 0;
    if (code !== 0) {
      for (const slot of advanced) fail(slot, code);
      rows.length = 0;
      return;
    }
    const logits = outputs > 0 ? llama.logits(context, outputs * size) : new Float32Array(0);
    rows.forEach(({ slot, index }, row) => {
      if (index >= 0 && slot.task?.done === false) slot.task.take(index, logits, row * size);
    });
    rows.length = 0;
    for (const slot of advanced) settle(slot);
  };

  const admit = (task: Task): boolean => {
    const placement = place(slots, task, share);
    if (placement === undefined) return false;
    const { slot, source, reused } = placement;
    turn += 1;
    if (source !== undefined && source !== slot) {
      llama.copySequence(memory, source.id, slot.id);
      slot.tokens.set(source.tokens.subarray(0, reused));
      slot.length = reused;
      source.used = turn;
    }
    cut(slot, reused);
    slot.length = reused;
    slot.task = task;
    slot.used = turn;
    task.start(reused);
    return true;
  };

  const advance = (slot: Slot, tokens: number, outputAll: number): number => {
    const { task } = slot;
    let outputs = 0;
    if (task === undefined) return 0;
    for (let i = 0; i < tokens; i += 1) {
      const index = slot.length;
      const token = task.tokens[index]!;
      const wanted = task.wants(index);
      const output = wanted || i >= tokens - outputAll;
      put(slot, index, token, output);
      if (output) {
        rows.push({ slot, index: wanted ? index : -1 });
        outputs += 1;
      }
      slot.tokens[index] = token;
      slot.length = index + 1;
    }
    return outputs;
  };

  /** Evaluates up to a chunk of one slot's tokens, down to the last, which may go with the other slots' next. */
  const prefill = (slot: Slot): void => {
    const left = (slot.task?.count ?? 0) - slot.length;
    const tokens = Math.min(CHUNK, left);
    let wanted = 0;
    for (let i = 0; i < tokens; i += 1) if (slot.task?.wants(slot.length + i)) wanted += 1;
    const outputs = advance(slot, tokens, wanted === 0 ? 0 : 2);
    run([slot], outputs);
  };

  /** A token in a sequence that nobody runs, to close a hole or to be the second of a batch; removed afterwards. */
  const fill = (slot: Slot, fillers: Slot[], output: boolean): void => {
    if (slot.length >= room) cut(slot, room - 1);
    put(slot, slot.length, 0, output);
    if (output) rows.push({ slot, index: -1 });
    fillers.push(slot);
  };

  /** Evaluates one token of every slot in `together` (ascending, holes no wider than WIDEST_HOLE). */
  const decodeRun = (together: readonly Slot[]): void => {
    const fillers: Slot[] = [];
    const [first, last] = [together[0]!, together.at(-1)!];
    const alone = together.length === 1;
    let outputs = 0;
    if (alone && first.id > 0) {
      fill(slots[first.id - 1]!, fillers, true);
      outputs += 1;
    }
    for (let id = first.id; id <= last.id; id += 1) {
      const slot = slots[id]!;
      if (slot.task === undefined) fill(slot, fillers, false);
      else outputs += advance(slot, 1, 1);
    }
    if (alone && first.id === 0) {
      fill(slots[1]!, fillers, true);
      outputs += 1;
    }
    run(together, outputs);
    for (const slot of fillers) cut(slot, slot.length);
  };

  const decodeAll = (): void => {
    let together: Slot[] = [];
    const flush = () => {
      if (together.length > 0) decodeRun(together);
      together = [];
    };
    for (const slot of slots) {
      if (slot.task === undefined) continue;
      const more = slot.task.count - slot.length > 1;
      // A sequence with more tokens to come cannot hold a filler: it parts the batch, as a wide hole does.
      if (more || slot.id - (together.at(-1)?.id ?? slot.id) > WIDEST_HOLE) flush();
      if (!more) together.push(slot);
    }
    flush();
  };

  return {
    llama,
    model,
    native,
    vocabulary,
    room,
    get busy() {
      return waiting.length > 0 || slots.some((slot) => slot.task !== undefined);
    },
    add: (task) => void waiting.push(task),
    step() {
      for (const slot of slots) settle(slot);
      waiting = waiting.filter((task) => !task.done && !admit(task));
      for (const slot of slots) {
        settle(slot);
        if (slot.task !== undefined && slot.task.count - slot.length > 1) prefill(slot);
      }
      decodeAll();
    },
    close() {
      llama.freeContext(context);
      llama.freeModel(model);
    },
  };
}
