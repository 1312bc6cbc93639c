import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { UsageError } from "../../types.ts";

/** A metadata value of a GGUF file. Integers beyond 2^53 lose their last digits; long arrays keep their length only. */
export type MetadataValue =
  | string
  | number
  | boolean
  | readonly MetadataValue[]
  | { readonly length: number };

/** One tensor's description. */
export interface TensorInfo {
  readonly name: string;
  /** Innermost dimension first, as the file has it. */
  readonly shape: readonly number[];
  /** Number of ggml's type. */
  readonly type: number;
  /** Bytes from the start of the data section. */
  readonly offset: number;
  readonly bytes: number;
}

/** What a GGUF file says before its weights. */
export interface GgufHeader {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly tensors: readonly TensorInfo[];
  /** Bytes before the data section. */
  readonly dataOffset: number;
  /** Bytes of the whole file. */
  readonly fileBytes: number;
}

/** Values per block and bytes per block of ggml's types, by number (ggml/include/ggml.h, ggml-common.h). */
const blocks: Readonly<Record<number, readonly [number, number]>> = {
  0: [1, 4],
  1: [1, 2],
  2: [32, 18],
  3: [32, 20],
  6: [32, 22],
  7: [32, 24],
  8: [32, 34],
  9: [32, 36],
  10: [256, 84],
  11: [256, 110],
  12: [256, 144],
  13: [256, 176],
  14: [256, 210],
  15: [256, 292],
  16: [256, 66],
  17: [256, 74],
  18: [256, 98],
  19: [256, 50],
  20: [32, 18],
  21: [256, 110],
  22: [256, 82],
  23: [256, 136],
  24: [1, 1],
  25: [1, 2],
  26: [1, 4],
  27: [1, 8],
  28: [1, 8],
  29: [256, 56],
  30: [1, 2],
  34: [256, 54],
  35: [256, 66],
  39: [32, 17],
  40: [64, 36],
  41: [128, 18],
  42: [64, 18],
};

/** Longest array that is kept; vocabularies are longer and stay in the file. */
const KEPT_ITEMS = 64;
const CHUNK = 1 << 20;

class TruncatedError extends Error {}

/** Reads forward through a file, a chunk at a time. */
class Cursor {
  readonly #file: number;
  #chunk: Buffer = Buffer.alloc(0);
  #chunkAt = 0;
  position = 0;

  constructor(file: number) {
    this.#file = file;
  }

  take(bytes: number): Buffer {
    const from = this.position - this.#chunkAt;
    if (from < 0 || from + bytes > this.#chunk.length) {
      const fresh = Buffer.alloc(Math.max(CHUNK, bytes));
      const read = readSync(this.#file, fresh, 0, fresh.length, this.position);
      if (read < bytes) throw new TruncatedError();
      this.#chunk = fresh.subarray(0, read);
      this.#chunkAt = this.position;
    }
    const start = this.position - this.#chunkAt;
    this.position += bytes;
    return this.#chunk.subarray(start, start + bytes);
  }

  u32(): number {
    return this.take(4).readUInt32LE();
  }

  u64(): number {
    return Number(this.take(8).readBigUInt64LE());
  }

  text(limit: number): string {
    const length = this.u64();
    if (length > limit) throw new TruncatedError();
    return this.take(length).toString("utf8");
  }
}

/** Readers of the scalar types, by GGUF's number of the type. */
const scalars: Readonly<Record<number, (cursor: Cursor) => number | boolean>> = {
  0: (c) => c.take(1).readUInt8(),
  1: (c) => c.take(1).readInt8(),
  2: (c) => c.take(2).readUInt16LE(),
  3: (c) => c.take(2).readInt16LE(),
  4: (c) => c.u32(),
  5: (c) => c.take(4).readInt32LE(),
  6: (c) => c.take(4).readFloatLE(),
  7: (c) => c.take(1).readUInt8() !== 0,
  10: (c) => c.u64(),
  11: (c) => Number(c.take(8).readBigInt64LE()),
  12: (c) => c.take(8).readDoubleLE(),
};

const TEXT = 8;
const ARRAY = 9;

function readValue(cursor: Cursor, type: number, limit: number): MetadataValue {
  if (type === TEXT) return cursor.text(limit);
  if (type !== ARRAY) {
    const scalar = scalars[type];
    if (scalar === undefined) throw new TruncatedError();
    return scalar(cursor);
  }
  const itemType = cursor.u32();
  const length = cursor.u64();
  if (length > limit) throw new TruncatedError();
  const items: MetadataValue[] = [];
  for (let i = 0; i < length; i += 1) {
    const item = readValue(cursor, itemType, limit);
    if (i < KEPT_ITEMS) items.push(item);
  }
  return length <= KEPT_ITEMS ? items : { length };
}

function tensorBytes(type: number, shape: readonly number[]): number {
  const block = blocks[type];
  if (block === undefined) return 0;
  return (shape.reduce((product, size) => product * size, 1) / block[0]) * block[1];
}

function readTensor(cursor: Cursor, limit: number): TensorInfo {
  const name = cursor.text(limit);
  const dimensions = cursor.u32();
  if (dimensions > 8) throw new TruncatedError();
  const shape = Array.from({ length: dimensions }, () => cursor.u64());
  const type = cursor.u32();
  return { name, shape, type, offset: cursor.u64(), bytes: tensorBytes(type, shape) };
}

function parse(file: number, path: string, fileBytes: number): GgufHeader {
  const cursor = new Cursor(file);
  const magic = fileBytes >= 4 ? cursor.take(4).toString("latin1") : "";
  if (magic !== "GGUF") {
    throw new UsageError(
      `${path} is not a GGUF file (it does not begin with "GGUF"); give a model in GGUF format.`,
    );
  }
  const version = cursor.u32();
  if (version !== 2 && version !== 3) {
    throw new UsageError(
      `${path} is GGUF version ${version}; versions 2 and 3 can be read, so convert it again.`,
    );
  }
  const tensorCount = cursor.u64();
  const pairCount = cursor.u64();
  if (tensorCount > fileBytes || pairCount > fileBytes) throw new TruncatedError();
  const metadata = new Map<string, MetadataValue>();
  for (let i = 0; i < pairCount; i += 1) {
    const key = cursor.text(fileBytes);
    metadata.set(key, readValue(cursor, cursor.u32(), fileBytes));
  }
  const tensors: TensorInfo[] = [];
  for (let i = 0; i < tensorCount; i += 1) tensors.push(readTensor(cursor, fileBytes));
  const alignment = Number(metadata.get("general.alignment") ?? 32);
  const dataOffset = Math.ceil(cursor.position / alignment) * alignment;
  return { version, metadata, tensors, dataOffset, fileBytes };
}

/**
 * Reads and checks what a GGUF file says before its weights, without loading them.
 * @throws UsageError when the file is missing, unreadable, no GGUF, of an unknown version, or shorter than its
 * tensors need: all before native code sees it.
 */
export function readGgufHeader(path: string): GgufHeader {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const what = missing ? "There is no file" : "Cannot read the file";
    throw new UsageError(`${what} ${path}; check the path of the GGUF model.`, { cause });
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw new UsageError(`${path} is not a file; give the path of a GGUF model.`);
    const header = parse(file, path, status.size);
    const parts = Number(header.metadata.get("split.count") ?? 1);
    if (parts > 1) {
      throw new UsageError(
        `${path} is one of ${parts} parts of a model; merge them first (llama-gguf-split --merge).`,
      );
    }
    const end = header.tensors.reduce((most, { offset, bytes }) => Math.max(most, offset + bytes), 0);
    if (header.dataOffset + end > status.size) throw new TruncatedError();
    return header;
  } catch (cause) {
    if (!(cause instanceof TruncatedError)) throw cause;
    throw new UsageError(
      `${path} is truncated or damaged: it is shorter than its header says; download or copy it again.`,
    );
  } finally {
    closeSync(file);
  }
}
