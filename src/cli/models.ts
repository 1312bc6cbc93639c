import { readdirSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { EMBEDDED_MODELS, embeddedPath } from "../models/embedded.ts";
import { output } from "./output.ts";

/** A model file on this machine. */
interface Row {
  readonly name: string;
  /** What it is for; `undefined` for what bedacht knows nothing of. */
  readonly purpose?: string;
  readonly path: string;
  /** `undefined`: the file is not there. */
  readonly bytes: number | undefined;
  /** Parameters without the embeddings, as papers count. */
  readonly parameters: number | undefined;
}

/** `bedacht models`: what is on this machine, and how to use something else. */
export async function modelsCommand({ json = false }: { json?: boolean }): Promise<void> {
  const embedded = await Promise.all(
    EMBEDDED_MODELS.map(async ({ name, purpose }) => ({
      ...(await look(name, embeddedPath(name))),
      purpose,
    })),
  );
  const downloaded = await lookForDownloads();
  await output().write(
    json ? `${JSON.stringify({ embedded, downloaded })}\n` : describeModels(embedded, downloaded),
  );
}

async function look(name: string, path: string): Promise<Row> {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size;
  if (bytes === undefined) return { name, path, bytes, parameters: undefined };
  const { ggufFacts, readGgufHeader } = await import("../models/gguf/index.ts");
  try {
    return { name, path, bytes, parameters: ggufFacts(readGgufHeader(path)).shape.nonEmbeddingParameters };
  } catch {
    return { name, path, bytes, parameters: undefined };
  }
}

/** Files of the Hugging Face Hub that are here already, by their address. */
async function lookForDownloads(): Promise<Row[]> {
  const { cacheFolder } = await import("../models/gguf/hf.ts");
  const folder = join(cacheFolder(), "hf");
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".gguf"),
  );
  return Promise.all(files.sort().map((file) => look(`hf:${file.split(sep).join("/")}`, join(folder, file))));
}

function describeModels(embedded: readonly Row[], downloaded: readonly Row[]): string {
  const here = downloaded.length === 0 ? "" : `Downloaded:\n${downloaded.map(describeRow).join("")}\n`;
  return `Embedded, for chain and countdown problems and nothing else:
${embedded.map(describeRow).join("")}
${here}Your own:
  --generator gguf:FILE                         a GGUF file
  --generator hf:USER/REPO:QUANT                a GGUF file of the Hugging Face Hub, downloaded once
  --generator openai:MODEL@http://HOST:PORT/v1  llama.cpp, vLLM, Ollama, SGLang or a hosted service
  --verifier judge, judge:MODEL or prm:FILE     what scores the candidates, if not their votes
`;
}

function describeRow({ name, bytes, parameters, purpose, path }: Row): string {
  const size = bytes === undefined ? "the file is missing" : `${(bytes / 1e6).toFixed(1)} MB`;
  const count =
    parameters === undefined ? "" : `${(parameters / 1e6).toFixed(2)}M parameters without embeddings, `;
  const head = `  ${name.padEnd(9)} ${purpose ?? ""}`.trimEnd();
  return `${head}\n${" ".repeat(12)}${count}${size}: ${path}\n`;
}
