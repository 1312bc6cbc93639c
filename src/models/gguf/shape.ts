import type { ModelShape } from "../model.ts";
import type { GgufHeader, TensorInfo } from "./header.ts";

/** What the adapter needs to know of a file before it loads it. */
export interface GgufFacts {
  /** `general.architecture`. */
  readonly architecture: string;
  readonly shape: ModelShape;
  /** Tokens the model was trained for. */
  readonly contextLength: number;
  /** Size of one attention head's key. */
  readonly headSize: number;
  /** Numbers that the KV cache holds for one token, keys and values of all layers. */
  readonly kvWidth: number;
  /** `bedacht.revises`: trained to write a better solution after earlier ones. */
  readonly revises: boolean;
  /** `bedacht.sees_history`: trained to judge a solution with the earlier ones before it. */
  readonly seesHistory: boolean;
}

function count({ shape }: TensorInfo): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Largest of a per-layer list, or the number itself. */
function number(header: GgufHeader, key: string): number | undefined {
  const value = header.metadata.get(key);
  if (typeof value === "number") return value;
  if (Array.isArray(value)) return Math.max(...value.map(Number));
  return undefined;
}

/** Reads a model's shape from its GGUF header, without its weights. */
export function ggufFacts(header: GgufHeader): GgufFacts {
  const architecture = String(header.metadata.get("general.architecture") ?? "unknown");
  const get = (key: string) => number(header, `${architecture}.${key}`);
  const layers = get("block_count") ?? 0;
  const width = get("embedding_length") ?? 0;
  const heads = get("attention.head_count") ?? 1;
  const kvHeads = get("attention.head_count_kv") ?? heads;
  const headSize = get("attention.key_length") ?? width / heads;
  const valueSize = get("attention.value_length") ?? headSize;
  const experts = get("expert_count") ?? 0;
  const used = experts > 0 ? (get("expert_used_count") ?? experts) / experts : 1;
  const matrices = header.tensors.filter(({ name, shape }) => shape.length >= 2 && name.endsWith(".weight"));
  const embedding = matrices.find(({ name }) => name === "token_embd.weight");
  const output = matrices.find(({ name }) => name === "output.weight") ?? embedding;
  const inner = matrices.filter((tensor) => tensor !== embedding && tensor !== output);
  const nonEmbedding = inner.reduce(
    (sum, tensor) => sum + count(tensor) * (tensor.name.includes("_exps") ? used : 1),
    0,
  );
  return {
    architecture,
    shape: {
      layers,
      attentionWidth: heads * headSize,
      activeParameters: nonEmbedding + (output === undefined ? 0 : count(output)),
      nonEmbeddingParameters: nonEmbedding,
    },
    contextLength: get("context_length") ?? 2048,
    headSize,
    kvWidth: layers * kvHeads * (headSize + valueSize),
    revises: header.metadata.get("bedacht.revises") === true,
    seesHistory: header.metadata.get("bedacht.sees_history") === true,
  };
}

/** On AVX-512 llama.cpp's F16 kernels take 64 numbers at a time and the rest one by one (ggml-cpu/simd-mappings.h). */
const F16_STEP = 64;

/** The number format of the KV cache that llama.cpp handles quickly at 16 bits: "bf16" for heads of uneven size. */
export function quickKvType({ headSize }: GgufFacts): "f16" | "bf16" {
  return headSize % F16_STEP === 0 ? "f16" : "bf16";
}
