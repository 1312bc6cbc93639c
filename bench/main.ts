/** `npm run bench [-- FILE.gguf]`: the GGUF adapter against llama.cpp itself, and what sharing KV state saves. */
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { embeddedPath } from "../src/models/embedded.ts";
import { readGgufHeader } from "../src/models/gguf/index.ts";
import { ggufFacts } from "../src/models/gguf/shape.ts";
import { writeTinyGguf } from "../test/tiny-gguf.ts";
import { benchBeam } from "./beam.ts";
import { benchDecode } from "./decode.ts";

/** Random weights in pico's shape, for a checkout without the trained files. */
function untrained(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "bench-"));
  return writeTinyGguf(path.join(folder, "untrained.gguf"), {
    width: 128,
    layers: 5,
    heads: 4,
    ffn: 384,
    contextLength: 512,
  });
}

const embedded = embeddedPath("pico-s");
const file = process.argv[2] ?? (existsSync(embedded) ? embedded : untrained());
const { shape, contextLength } = ggufFacts(readGgufHeader(file));
const print = (line: string) => console.log(line);

print(
  `${path.basename(file)}: ${(shape.nonEmbeddingParameters / 1e6).toFixed(2)}M parameters without embeddings`,
);
await benchDecode({
  path: file,
  sequences: [1, 16, 64, 128],
  rounds: 3,
  contextLength: Math.min(256, contextLength),
  print,
});
print("");
await benchBeam({ path: file, count: 4, print });
