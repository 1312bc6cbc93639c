/**
 * Bindings to llama.cpp v0.5.0's C interface (include/llama.h). Layouts are checked against the library's own
 * defaults when it is loaded, so another build is refused instead of misread.
 */
import koffi, { type LibraryHandle } from "koffi";
import { UsageError } from "../../types.ts";
import {
  batch,
  chatMessage,
  checkDefaults,
  contextParams,
  expectedContext,
  expectedModel,
  type Fields,
  modelParams,
} from "./layout.ts";
import { findLibrary, type LibraryFiles } from "./library.ts";

/** Address in native memory. */
export type Pointer = bigint;

/** The functions that the engine calls; one per C function, named without the prefix "llama_". */
export interface Llama {
  readonly systemInfo: () => string;
  /** Errors that the library logged since the last call, joined. */
  readonly takeLog: () => string;
  readonly loadModel: (path: string) => Pointer | null;
  readonly freeModel: (model: Pointer) => void;
  readonly createContext: (model: Pointer, params: ContextParams) => Pointer | null;
  readonly freeContext: (context: Pointer) => void;
  readonly contextPerSequence: (context: Pointer) => number;
  readonly memory: (context: Pointer) => Pointer;
  readonly copySequence: (memory: Pointer, from: number, to: number) => void;
  /** Removes the positions from `start` on; false when the model's state cannot be cut there. */
  readonly cutSequence: (memory: Pointer, sequence: number, start: number) => boolean;
  readonly createBatch: (capacity: number) => Batch;
  /** 0: done. 1: no room in the KV cache. Anything else: failed. */
  readonly decode: (context: Pointer, batch: Batch, tokens: number) => number;
  /** Rows of logits of the last decode, in the order of the batch's outputs. */
  readonly logits: (context: Pointer, values: number) => Float32Array;
  readonly vocabulary: (model: Pointer) => Pointer;
  readonly vocabularySize: (vocabulary: Pointer) => number;
  readonly bos: (vocabulary: Pointer) => number;
  readonly addsBos: (vocabulary: Pointer) => boolean;
  readonly isEnd: (vocabulary: Pointer, token: number) => boolean;
  readonly isControl: (vocabulary: Pointer, token: number) => boolean;
  /** Text as stored in the vocabulary: of a special token its name. */
  readonly tokenText: (vocabulary: Pointer, token: number) => string;
  /** Bytes that the token stands for; none for special tokens. */
  readonly tokenPiece: (vocabulary: Pointer, token: number) => Buffer;
  readonly tokenize: (vocabulary: Pointer, text: string, specials: boolean) => Int32Array;
  readonly chatTemplate: (model: Pointer) => string | undefined;
  /** The rendered chat, or `undefined` when llama.cpp does not know the template. */
  readonly applyTemplate: (
    template: string,
    messages: readonly ChatMessage[],
    open: boolean,
  ) => string | undefined;
  /** True for models whose state cannot be cut (Mamba, RWKV and hybrids of them). */
  readonly isRecurrent: (model: Pointer) => boolean;
}

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

export interface ContextParams {
  /** Tokens of all sequences together. */
  readonly contextTokens: number;
  readonly sequences: number;
  /** Most tokens in one decode. */
  readonly batchTokens: number;
  /** Most rows of logits in one decode. */
  readonly outputs: number;
  readonly threads: number;
  readonly unified: boolean;
  /** Numbers of ggml's type for keys and values. */
  readonly kvType: number;
}

/** A reusable batch: views of native arrays, one sequence per token. */
export interface Batch {
  readonly token: Int32Array;
  readonly position: Int32Array;
  readonly sequence: Int32Array;
  /** 1 where logits are wanted. */
  readonly output: Int8Array;
  readonly native: Fields;
}

const modelStruct = koffi.struct("llama_model_params", modelParams);
const contextStruct = koffi.struct("llama_context_params", contextParams);
const batchStruct = koffi.struct("llama_batch", batch);
koffi.struct("llama_chat_message", chatMessage);

const LOG_ERROR = 4;
const LOG_CONTINUED = 5;
const LOG_KEPT = 8;

/** Replaces the library's chatter by a short memory of its errors. */
function keepErrors(library: LibraryHandle): () => string {
  const lines: string[] = [];
  let failing = false;
  const prototype = koffi.proto("void bedacht_log(int level, const char *text, void *data)");
  const callback = koffi.register((level: number, text: string) => {
    if (level !== LOG_CONTINUED) failing = level === LOG_ERROR;
    if (!failing) return;
    lines.push(text.trim());
    if (lines.length > LOG_KEPT) lines.shift();
  }, koffi.pointer(prototype));
  library.func("void llama_log_set(bedacht_log *callback, void *data)")(callback, null);
  return () => lines.splice(0).filter(Boolean).join("; ");
}

function createBatch(capacity: number): Batch {
  const token = koffi.alloc("int32_t", capacity);
  const position = koffi.alloc("int32_t", capacity);
  const sequence = koffi.alloc("int32_t", capacity);
  const counts = koffi.alloc("int32_t", capacity);
  const lists = koffi.alloc("void *", capacity);
  const output = koffi.alloc("int8_t", capacity);
  // Every token belongs to one sequence: its list of sequences is one entry of one array.
  new Int32Array(koffi.view(counts, capacity * 4)).fill(1);
  const entries = new BigUint64Array(koffi.view(lists, capacity * 8));
  const first = koffi.address(sequence);
  for (let i = 0; i < capacity; i += 1) entries[i] = first + BigInt(i * 4);
  return {
    token: new Int32Array(koffi.view(token, capacity * 4)),
    position: new Int32Array(koffi.view(position, capacity * 4)),
    sequence: new Int32Array(koffi.view(sequence, capacity * 4)),
    output: new Int8Array(koffi.view(output, capacity)),
    native: {
      n_tokens: 0,
      token,
      embd: null,
      pos: position,
      n_seq_id: counts,
      seq_id: lists,
      logits: output,
    },
  };
}

type Native = (...values: unknown[]) => unknown;

/** Calls `fill` with a buffer, again with a larger one when it answers with a negative or larger size. */
function sized(fill: (buffer: Buffer) => number): Buffer {
  let buffer = Buffer.alloc(512);
  let length = fill(buffer);
  if (Math.abs(length) > buffer.length) {
    buffer = Buffer.alloc(Math.abs(length));
    length = fill(buffer);
  }
  return buffer.subarray(0, Math.max(0, length));
}

function contexts(bind: (declaration: string) => Native, defaults: () => Fields) {
  const create = bind("void *llama_init_from_model(void *model, llama_context_params params)");
  return (model: Pointer, params: ContextParams) =>
    create(model, {
      ...defaults(),
      n_ctx: params.contextTokens,
      n_batch: params.batchTokens,
      n_ubatch: params.batchTokens,
      n_seq_max: params.sequences,
      n_outputs_max: params.outputs,
      n_outputs_max_per_seq: 0,
      n_threads: params.threads,
      n_threads_batch: params.threads,
      type_k: params.kvType,
      type_v: params.kvType,
      kv_unified: params.unified,
      flash_attn_type: 1,
      offload_kqv: false,
      op_offload: false,
    }) as Pointer | null;
}

function texts(bind: (declaration: string) => Native) {
  const tokenize = bind(
    "int32_t llama_tokenize(void *vocab, const void *text, int32_t length, void *tokens, int32_t most, bool specials, bool parse)",
  );
  const piece = bind(
    "int32_t llama_token_to_piece(void *vocab, int32_t token, void *buffer, int32_t length, int32_t strip, bool special)",
  );
  const apply = bind(
    "int32_t llama_chat_apply_template(const char *tmpl, const llama_chat_message *chat, size_t messages, bool open, void *buffer, int32_t length)",
  );
  return {
    tokenize(vocabulary: Pointer, text: string, specials: boolean) {
      const bytes = Buffer.from(text);
      const tokens = new Int32Array(bytes.length + 16);
      const call = () =>
        tokenize(vocabulary, bytes, bytes.length, tokens, tokens.length, false, specials) as number;
      return bytes.length === 0 ? new Int32Array(0) : tokens.slice(0, Math.max(0, call()));
    },
    tokenPiece: (vocabulary: Pointer, token: number) =>
      sized((buffer) => piece(vocabulary, token, buffer, buffer.length, 0, false) as number),
    applyTemplate(template: string, messages: readonly ChatMessage[], open: boolean) {
      let known = true;
      const rendered = sized((buffer) => {
        const length = apply(template, messages, messages.length, open, buffer, buffer.length) as number;
        known = length >= 0;
        return Math.max(0, length);
      });
      return known ? rendered.toString("utf8") : undefined;
    },
  };
}

function open(files: LibraryFiles): { ggml: LibraryHandle; llama: LibraryHandle } {
  try {
    koffi.load(files.base, { global: true });
    const ggml = koffi.load(files.ggml, { global: true });
    return { ggml, llama: koffi.load(files.llama, { global: true }) };
  } catch (cause) {
    throw new UsageError(
      `Cannot load llama.cpp from ${files.folder}: ${(cause as Error).message}; install bedacht's packages again, or use an openai: model.`,
      { cause },
    );
  }
}

let loaded: Llama | undefined;

/**
 * Loads llama.cpp and its CPU back end for this machine, once per process.
 * @throws UsageError when the library is missing, cannot be loaded, or is another build.
 */
export function loadLlama(): Llama {
  loaded ??= bindLlama(findLibrary());
  return loaded;
}

function bindLlama(files: LibraryFiles): Llama {
  const { ggml, llama } = open(files);
  const bind = (declaration: string): Native => llama.func(declaration) as Native;
  const takeLog = keepErrors(llama);
  const modelDefaults = llama.func("llama_model_default_params", modelStruct, []) as () => Fields;
  const contextDefaults = llama.func("llama_context_default_params", contextStruct, []) as () => Fields;
  checkDefaults("llama_model_params", modelDefaults(), expectedModel);
  checkDefaults("llama_context_params", contextDefaults(), expectedContext);
  ggml.func("void ggml_backend_load_all_from_path(const char *folder)")(files.folder);
  const load = llama.func("llama_model_load_from_file", "void *", ["str", modelStruct]) as Native;
  const decode = llama.func("llama_decode", "int32_t", ["void *", batchStruct]) as Native;
  const copy = bind(
    "void llama_memory_seq_cp(void *memory, int32_t from, int32_t to, int32_t start, int32_t end)",
  );
  const cut = bind("bool llama_memory_seq_rm(void *memory, int32_t sequence, int32_t start, int32_t end)");
  const logits = bind("void *llama_get_logits(void *context)");
  const recurrent = bind("bool llama_model_is_recurrent(void *model)");
  const hybrid = bind("bool llama_model_is_hybrid(void *model)");
  const template = bind("const char *llama_model_chat_template(void *model, const char *name)");
  return {
    ...texts(bind),
    takeLog,
    createBatch,
    createContext: contexts(bind, contextDefaults),
    systemInfo: bind("const char *llama_print_system_info()") as Llama["systemInfo"],
    loadModel: (path) => load(path, { ...modelDefaults(), n_gpu_layers: 0 }) as Pointer | null,
    freeModel: bind("void llama_model_free(void *model)") as Llama["freeModel"],
    freeContext: bind("void llama_free(void *context)") as Llama["freeContext"],
    contextPerSequence: bind("uint32_t llama_n_ctx_seq(void *context)") as Llama["contextPerSequence"],
    memory: bind("void *llama_get_memory(void *context)") as Llama["memory"],
    copySequence: (memory, from, to) => void copy(memory, from, to, -1, -1),
    cutSequence: (memory, sequence, start) => cut(memory, sequence, start, -1) as boolean,
    decode(context, batch, tokens) {
      batch.native.n_tokens = tokens;
      return decode(context, batch.native) as number;
    },
    logits: (context, values) => new Float32Array(koffi.view(logits(context), values * 4)),
    vocabulary: bind("void *llama_model_get_vocab(void *model)") as Llama["vocabulary"],
    vocabularySize: bind("int32_t llama_vocab_n_tokens(void *vocab)") as Llama["vocabularySize"],
    bos: bind("int32_t llama_vocab_bos(void *vocab)") as Llama["bos"],
    addsBos: bind("bool llama_vocab_get_add_bos(void *vocab)") as Llama["addsBos"],
    isEnd: bind("bool llama_vocab_is_eog(void *vocab, int32_t token)") as Llama["isEnd"],
    isControl: bind("bool llama_vocab_is_control(void *vocab, int32_t token)") as Llama["isControl"],
    tokenText: bind("const char *llama_vocab_get_text(void *vocab, int32_t token)") as Llama["tokenText"],
    chatTemplate: (model) => (template(model, null) as string | null) ?? undefined,
    isRecurrent: (model) => (recurrent(model) as boolean) || (hybrid(model) as boolean),
  };
}
