import { writeFileSync } from "node:fs";
import { rng } from "../src/random.ts";

/** What the model file holds. Every default gives a valid Llama-shaped model that llama.cpp loads. */
export interface TinyGgufOptions {
  readonly seed?: number;
  /** Whole pre-tokens that are one token each, beside the specials and the 256 bytes. */
  readonly words?: readonly string[];
  readonly width?: number;
  readonly layers?: number;
  readonly heads?: number;
  readonly ffn?: number;
  readonly contextLength?: number;
  /** Jinja text, or `undefined` for none. */
  readonly chatTemplate?: string;
  /** Number of files that the model claims to be split into. Default: no claim. */
  readonly parts?: number;
  /** Names of metadata that are true. */
  readonly flags?: readonly string[];
  /** Scale of the logits; higher is more certain. */
  readonly certainty?: number;
  /** Attention and feed-forward do nothing and each token is followed by the one that this map names (by text). */
  readonly follow?: Readonly<Record<string, string>>;
  readonly type?: "f16" | "f32";
}

type Optional = "chatTemplate" | "flags" | "follow" | "parts";
type Complete = Required<Omit<TinyGgufOptions, Optional>>;

/** Special tokens, in order of their ids from 0. */
export const specials = ["<pad>", "<bos>", "<eos>", "<good>", "<bad>"] as const;

const F32 = 0;
const F16 = 1;
const ALIGNMENT = 32;

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly type: number;
}

/** GPT-2's printable stand-in for each byte. */
function byteAlphabet(): string[] {
  const printable = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let spare = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : spare++));
}

/** The vocabulary's texts as the file stores them. */
export function vocabulary(words: readonly string[]): string[] {
  const alphabet = byteAlphabet();
  const stored = words.map((word) => [...Buffer.from(word)].map((byte) => alphabet[byte]!).join(""));
  return [...specials, ...alphabet, ...stored];
}

/** The id of a token by its plain text: a special, a word, or a single byte. */
export function tokenId(text: string, words: readonly string[] = []): number {
  const special = (specials as readonly string[]).indexOf(text);
  if (special >= 0) return special;
  const word = words.indexOf(text);
  if (word >= 0) return specials.length + 256 + word;
  const bytes = Buffer.from(text);
  if (bytes.length !== 1) throw new RangeError(`"${text}" is not one token.`);
  return specials.length + bytes[0]!;
}

function matrix(name: string, inputs: number, outputs: number, type: number, draw: () => number): Tensor {
  const values = new Float32Array(inputs * outputs);
  for (let i = 0; i < values.length; i += 1) values[i] = draw();
  return { name, shape: [inputs, outputs], values, type };
}

function ones(name: string, width: number): Tensor {
  return { name, shape: [width], values: new Float32Array(width).fill(1), type: F32 };
}

function tensors(options: Complete, follow: TinyGgufOptions["follow"]): Tensor[] {
  const { width, layers, ffn, words, certainty } = options;
  const type = options.type === "f16" ? F16 : F32;
  const tokens = specials.length + 256 + words.length;
  const random = rng(options.seed);
  const uniform = (label: string, scale: number) => {
    const stream = random.split(label);
    return () => (stream.next() * 2 - 1) * scale;
  };
  const still = follow !== undefined;
  const layer = (index: number): Tensor[] => {
    const weight = (name: string, inputs: number, outputs: number) => {
      const label = `blk.${index}.${name}.weight`;
      const scale = Math.sqrt(3 / inputs) * (name === "attn_q" || name === "attn_k" ? 1.5 : 1);
      return matrix(label, inputs, outputs, type, still ? () => 0 : uniform(label, scale));
    };
    return [
      ones(`blk.${index}.attn_norm.weight`, width),
      weight("attn_q", width, width),
      weight("attn_k", width, width),
      weight("attn_v", width, width),
      weight("attn_output", width, width),
      ones(`blk.${index}.ffn_norm.weight`, width),
      weight("ffn_gate", width, ffn),
      weight("ffn_up", width, ffn),
      weight("ffn_down", ffn, width),
    ];
  };
  const embedding = matrix("token_embd.weight", width, tokens, type, uniform("embedding", Math.sqrt(3)));
  const output = matrix(
    "output.weight",
    width,
    tokens,
    type,
    uniform("output", (still ? 0.05 : 1) * certainty * Math.sqrt(3 / width)),
  );
  for (const [from, to] of Object.entries(follow ?? {})) {
    const source = tokenId(from, words) * width;
    const target = tokenId(to, words) * width;
    for (let i = 0; i < width; i += 1)
      output.values[target + i] = (embedding.values[source + i]! * certainty) / width;
  }
  return [
    embedding,
    ...Array.from({ length: layers }, (_, index) => layer(index)).flat(),
    ones("output_norm.weight", width),
    output,
  ];
}

type Value = string | number | boolean | { readonly float: number } | readonly string[] | readonly number[];

function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([length, bytes]);
}

function words32(...values: readonly number[]): Buffer {
  return Buffer.from(new Uint32Array(values).buffer);
}

function word64(value: number): Buffer {
  return Buffer.from(new BigUint64Array([BigInt(value)]).buffer);
}

function encodeValue(value: Value): Buffer {
  if (typeof value === "string") return Buffer.concat([words32(8), encodeText(value)]);
  if (typeof value === "number") return words32(4, value);
  if (typeof value === "boolean") return Buffer.concat([words32(7), Buffer.from([value ? 1 : 0])]);
  if ("float" in value)
    return Buffer.concat([words32(6), Buffer.from(new Float32Array([value.float]).buffer)]);
  const items = value as readonly (string | number)[];
  const texts = typeof items[0] === "string";
  const body = items.map((item) => (typeof item === "string" ? encodeText(item) : words32(item)));
  return Buffer.concat([words32(9, texts ? 8 : 5), word64(items.length), ...body]);
}

function metadata(
  options: Complete,
  { chatTemplate, flags = [], parts }: Pick<TinyGgufOptions, Optional>,
): Map<string, Value> {
  const tokens = vocabulary(options.words);
  const entries: [string, Value][] = [
    ["general.architecture", "llama"],
    ["general.name", "tiny"],
    ["llama.context_length", options.contextLength],
    ["llama.embedding_length", options.width],
    ["llama.block_count", options.layers],
    ["llama.feed_forward_length", options.ffn],
    ["llama.attention.head_count", options.heads],
    ["llama.attention.head_count_kv", options.heads],
    ["llama.attention.layer_norm_rms_epsilon", { float: 1e-5 }],
    ["llama.rope.dimension_count", options.width / options.heads],
    ["llama.vocab_size", tokens.length],
    ["tokenizer.ggml.model", "gpt2"],
    ["tokenizer.ggml.pre", "llama-bpe"],
    ["tokenizer.ggml.tokens", tokens],
    ["tokenizer.ggml.token_type", tokens.map((_, id) => (id < specials.length ? 3 : 1))],
    ["tokenizer.ggml.merges", ["Ġ Ġ"]],
    ["tokenizer.ggml.bos_token_id", 1],
    ["tokenizer.ggml.eos_token_id", 2],
    ["tokenizer.ggml.padding_token_id", 0],
    ["tokenizer.ggml.add_bos_token", true],
    ["tokenizer.ggml.add_eos_token", false],
  ];
  for (const flag of flags) entries.push([flag, true]);
  if (parts !== undefined) entries.push(["split.count", parts]);
  if (chatTemplate !== undefined) entries.push(["tokenizer.chat_template", chatTemplate]);
  return new Map(entries);
}

/** Nearest half-precision bits of values below 65504; tiny ones become 0. */
function half(values: Float32Array): Buffer {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i += 1) {
    const word = bits[i]!;
    const exponent = ((word >>> 23) & 0xff) - 112;
    const sign = (word >>> 16) & 0x8000;
    out[i] =
      exponent <= 0 ? sign : sign | (((exponent << 10) | ((word >>> 13) & 0x3ff)) + ((word >>> 12) & 1));
  }
  return Buffer.from(out.buffer);
}

function pad(length: number): Buffer {
  return Buffer.alloc((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
}

/** The bytes of a small deterministic GGUF (version 3) with random weights. */
export function tinyGguf(options: TinyGgufOptions = {}): Buffer {
  const { chatTemplate, flags, follow, parts, ...given } = options;
  const full = {
    seed: 1,
    words: [],
    width: 64,
    layers: 2,
    heads: 2,
    ffn: 128,
    contextLength: 256,
    certainty: 3,
    type: "f16" as const,
    ...given,
  };
  const all = tensors(full, follow);
  const pairs = metadata(full, options);
  const infos: Buffer[] = [];
  const bodies: Buffer[] = [];
  let offset = 0;
  for (const tensor of all) {
    const bytes = tensor.type === F16 ? half(tensor.values) : Buffer.from(tensor.values.buffer);
    infos.push(
      encodeText(tensor.name),
      words32(tensor.shape.length),
      ...tensor.shape.map(word64),
      words32(tensor.type),
      word64(offset),
    );
    bodies.push(bytes, pad(bytes.length));
    offset += bytes.length + pad(bytes.length).length;
  }
  const head = Buffer.concat([
    Buffer.from("GGUF"),
    words32(3),
    word64(all.length),
    word64(pairs.size),
    ...[...pairs].flatMap(([key, value]) => [encodeText(key), encodeValue(value)]),
    ...infos,
  ]);
  return Buffer.concat([head, pad(head.length), ...bodies]);
}

/** Writes {@link tinyGguf} to `path` and returns the path. */
export function writeTinyGguf(path: string, options: TinyGgufOptions = {}): string {
  writeFileSync(path, tinyGguf(options));
  return path;
}
