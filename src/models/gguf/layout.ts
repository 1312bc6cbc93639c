/** Layouts of the structs of llama.cpp v0.5.0 (include/llama.h) that are passed by value, and their defaults. */
import { UsageError } from "../../types.ts";

/** Members of a struct by name. */
export type Fields = Record<string, number | boolean | bigint | null>;

export const modelParams = {
  devices: "void *",
  tensor_buft_overrides: "void *",
  n_gpu_layers: "int32_t",
  split_mode: "int32_t",
  load_mode: "int32_t",
  lazy_mode: "int32_t",
  main_gpu: "int32_t",
  tensor_split: "void *",
  progress_callback: "void *",
  progress_callback_user_data: "void *",
  kv_overrides: "void *",
  vocab_only: "bool",
  check_tensors: "bool",
  use_extra_bufts: "bool",
  no_host: "bool",
  no_alloc: "bool",
  load_mtp: "bool",
} as const;

export const contextParams = {
  n_ctx: "uint32_t",
  n_batch: "uint32_t",
  n_ubatch: "uint32_t",
  n_seq_max: "uint32_t",
  n_rs_seq: "uint32_t",
  n_outputs_max: "uint32_t",
  n_outputs_max_per_seq: "uint32_t",
  n_threads: "int32_t",
  n_threads_batch: "int32_t",
  ctx_type: "int32_t",
  rope_scaling_type: "int32_t",
  pooling_type: "int32_t",
  attention_type: "int32_t",
  flash_attn_type: "int32_t",
  rope_freq_base: "float",
  rope_freq_scale: "float",
  yarn_ext_factor: "float",
  yarn_attn_factor: "float",
  yarn_beta_fast: "float",
  yarn_beta_slow: "float",
  yarn_orig_ctx: "uint32_t",
  defrag_thold: "float",
  cb_eval: "void *",
  cb_eval_user_data: "void *",
  type_k: "int32_t",
  type_v: "int32_t",
  abort_callback: "void *",
  abort_callback_data: "void *",
  embeddings: "bool",
  offload_kqv: "bool",
  no_perf: "bool",
  op_offload: "bool",
  swa_full: "bool",
  kv_unified: "bool",
  samplers: "void *",
  n_samplers: "size_t",
  ctx_other: "void *",
} as const;

export const batch = {
  n_tokens: "int32_t",
  token: "void *",
  embd: "void *",
  pos: "void *",
  n_seq_id: "void *",
  seq_id: "void *",
  logits: "void *",
} as const;

export const chatMessage = { role: "const char *", content: "const char *" } as const;

/** Defaults of llama.cpp v0.5.0: one per region of each struct, so that a shifted field shows. */
export const expectedModel: Fields = {
  n_gpu_layers: -1,
  split_mode: 1,
  load_mode: -1,
  main_gpu: 0,
  kv_overrides: null,
  use_extra_bufts: true,
  load_mtp: false,
};
export const expectedContext: Fields = {
  n_ctx: 512,
  n_batch: 2048,
  n_ubatch: 512,
  n_seq_max: 1,
  n_outputs_max_per_seq: 1,
  flash_attn_type: -1,
  yarn_beta_slow: -1,
  defrag_thold: -1,
  cb_eval: null,
  type_k: 1,
  type_v: 1,
  embeddings: false,
  offload_kqv: true,
  no_perf: true,
  swa_full: true,
  kv_unified: false,
  ctx_other: null,
};

/** @throws UsageError naming the first field that is not as expected. */
export function checkDefaults(what: string, actual: Fields, expected: Fields): void {
  for (const [field, value] of Object.entries(expected)) {
    if (actual[field] === value) continue;
    throw new UsageError(
      `The installed llama.cpp library is not the build that bedacht knows (${what}.${field} is ${actual[field]}, not ${value}); install bedacht's exact dependencies again.`,
    );
  }
}
