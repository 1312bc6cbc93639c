import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { tinyGguf } from "../../../test/tiny-gguf.ts";
import { UsageError } from "../../types.ts";
import { gguf } from "./gguf.ts";
import { readGgufHeader } from "./header.ts";
import { ggufFacts } from "./shape.ts";

const folder = mkdtempSync(path.join(tmpdir(), "gguf-header-"));
const whole = tinyGguf({ width: 64, layers: 2, heads: 2, ffn: 128, words: [" apples"] });

function write(name: string, bytes: Uint8Array | string): string {
  const file = path.join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

afterAll(() => rmSync(folder, { recursive: true }));

describe("a good file", () => {
  const header = readGgufHeader(write("good.gguf", whole));

  it("tells its metadata and tensors without its weights", () => {
    expect(header.metadata.get("general.architecture")).toBe("llama");
    expect(header.metadata.get("tokenizer.ggml.tokens")).toEqual({ length: 262 });
    expect(header.tensors).toHaveLength(2 + 2 * 9 + 1);
    expect(header.fileBytes).toBe(whole.length);
  });

  it("gives the shape that FLOPs are counted with", () => {
    const inner = 2 * (4 * 64 * 64 + 3 * 64 * 128);
    expect(ggufFacts(header)).toEqual({
      architecture: "llama",
      shape: {
        layers: 2,
        attentionWidth: 64,
        activeParameters: inner + 262 * 64,
        nonEmbeddingParameters: inner,
      },
      contextLength: 256,
      headSize: 32,
      kvWidth: 2 * 2 * 64,
      revises: false,
      seesHistory: false,
    });
  });
});

describe("a bad file is refused with a sentence, before native code sees it", () => {
  const version9 = Buffer.from(whole);
  version9.writeUInt32LE(9, 4);
  const endless = Buffer.from(whole);
  endless.writeBigUInt64LE(2n ** 60n, 16);
  const cases: [string, string, RegExp][] = [
    ["missing", path.join(folder, "none.gguf"), /There is no file .*none\.gguf; check the path/],
    ["a folder", folder, /is not a file/],
    ["empty", write("empty.gguf", ""), /not a GGUF file/],
    ["of another kind", write("page.gguf", "<!doctype html><title>Not found</title>"), /not a GGUF file/],
    ["of an unknown version", write("version.gguf", version9), /version 9/],
    ["cut in its header", write("head.gguf", whole.subarray(0, 900)), /truncated or damaged/],
    ["cut in its weights", write("cut.gguf", whole.subarray(0, whole.length - 4096)), /truncated or damaged/],
    ["split into parts", write("part.gguf", tinyGguf({ parts: 3 })), /one of 3 parts .*merge them first/],
    ["with absurd counts", write("endless.gguf", endless), /truncated or damaged/],
  ];
  it.each(cases)("%s", async (_, file, message) => {
    expect(() => readGgufHeader(file)).toThrow(UsageError);
    await expect(gguf({ path: file })).rejects.toThrow(message);
  });

  it("that no check foresees ends its process, not this one", async () => {
    const twice = tinyGguf({ words: [" twin", " twin"] });
    await expect(gguf({ path: write("twice.gguf", twice), workers: 1 })).rejects.toThrow(UsageError);
  });
});
