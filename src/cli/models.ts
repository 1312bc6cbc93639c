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
}

/** `bedacht models`: what is on this machine, and how to use something else. */
export async function modelsCommand({ json = false }: { json?: boolean }): Promise<void> {
  const embedded = EMBEDDED_MODELS.map((model): Row => {
    const path = embeddedPath(model.name);
    return { name: model.name, purpose: model.purpose, path, bytes: sizeOf(path) };
  });
  await output().write(json ? `${JSON.stringify({ embedded })}\n` : describeModels(embedded));
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

function describeModels(embedded: readonly Row[]): string {
  const row = ({ name, bytes, purpose, path }: Row) =>
    `  ${name.padEnd(9)} ${size(bytes).padStart(8)}  ${purpose}\n${" ".repeat(22)}${path}\n`;
  return `Embedded: chain and countdown problems, nothing else
${embedded.map(row).join("")}
Your own
  --generator gguf:FILE                       a GGUF file
  --generator hf:USER/REPO:QUANT              a GGUF file of the Hugging Face Hub, downloaded once
  --generator openai:MODEL@http://HOST:PORT/v1  llama.cpp, vLLM, Ollama, SGLang or a hosted service
  --verifier judge | judge:MODEL | prm:FILE   what scores the candidates
`;
}

function size(bytes: number | undefined): string {
  if (bytes === undefined) return "missing";
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
