import { statSync } from "node:fs";
import { EMBEDDED_MODELS, embeddedPath } from "../models/embedded.ts";
import { output } from "./output.ts";

/** A model file on this machine. */
interface Row {
  readonly name: string;
  readonly purpose: string;
  readonly path: string;
  /** `undefined`: the file is not there. */
  readonly bytes: number | undefined;
  /** Parameters without the embeddings, as papers count. */
  readonly parameters: number | undefined;
}

/** `bedacht models`: what is on this machine, and how to use something else. */
export async function modelsCommand({ json = false }: { json?: boolean }): Promise<void> {
  const embedded = await Promise.all(
    EMBEDDED_MODELS.map(async (model): Promise<Row> => {
      const path = embeddedPath(model.name);
      const bytes = statSync(path, { throwIfNoEntry: false })?.size;
      const parameters = bytes === undefined ? undefined : await parametersOf(path);
      return { name: model.name, purpose: model.purpose, path, bytes, parameters };
    }),
  );
  await output().write(json ? `${JSON.stringify({ embedded })}\n` : describeModels(embedded));
}

async function parametersOf(path: string): Promise<number> {
  const { ggufFacts, readGgufHeader } = await import("../models/gguf/index.ts");
  return ggufFacts(readGgufHeader(path)).shape.nonEmbeddingParameters;
}

function describeModels(embedded: readonly Row[]): string {
  return `Embedded, for chain and countdown problems and nothing else:
${embedded.map(describeRow).join("")}
Your own:
  --generator gguf:FILE                         a GGUF file
  --generator hf:USER/REPO:QUANT                a GGUF file of the Hugging Face Hub, downloaded once
  --generator openai:MODEL@http://HOST:PORT/v1  llama.cpp, vLLM, Ollama, SGLang or a hosted service
  --verifier judge, judge:MODEL or prm:FILE     what scores the candidates, if not their votes
`;
}

function describeRow({ name, bytes, parameters, purpose, path }: Row): string {
  const facts =
    bytes === undefined || parameters === undefined
      ? "the file is missing"
      : `${(parameters / 1e6).toFixed(2)}M parameters without embeddings, ${(bytes / 1e6).toFixed(1)} MB`;
  return `  ${name.padEnd(9)} ${purpose}\n${" ".repeat(12)}${facts}: ${path}\n`;
}
