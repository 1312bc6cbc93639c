import { UsageError } from "../types.ts";

/** A generator as the command line names it. */
export type GeneratorSpec =
  | { readonly kind: "embedded"; readonly name: "pico-s" | "pico-l" }
  | { readonly kind: "gguf"; readonly path: string }
  | { readonly kind: "hf"; readonly address: string }
  | { readonly kind: "openai"; readonly model: string; readonly baseUrl: string };

/** A verifier as the command line names it. */
export type VerifierSpec =
  | { readonly kind: "none" }
  | { readonly kind: "pico" }
  | { readonly kind: "rule" }
  /** Without a model of its own, the generator judges. */
  | { readonly kind: "judge"; readonly model?: GeneratorSpec }
  | { readonly kind: "prm"; readonly source: string };

const HOSTED = "https://api.openai.com/v1";
const GENERATORS = "pico, gguf:FILE, hf:USER/REPO:QUANT or openai:MODEL@URL";
const VERIFIERS = "pico, rule, judge, judge:MODEL, prm:FILE or none";

/** Parses `--generator`. Throws a `UsageError` that names the right forms. */
export function parseGenerator(text: string): GeneratorSpec {
  if (text === "pico" || text === "pico-s") return { kind: "embedded", name: "pico-s" };
  if (text === "pico-l") return { kind: "embedded", name: "pico-l" };
  const [kind, rest] = splitKind(text);
  if (kind === "gguf" && rest !== "") return { kind, path: rest };
  if (kind === "hf" && /^[^/\s]+\/[^\s]+$/.test(rest)) return { kind, address: text };
  if (kind === "openai" && rest !== "") return parseOpenAi(rest);
  throw new UsageError(`The generator "${text}" is unknown: use ${GENERATORS}.`);
}

/** Parses `--verifier`. Throws a `UsageError` that names the right forms. */
export function parseVerifier(text: string): VerifierSpec {
  if (text === "none" || text === "pico" || text === "rule" || text === "judge") return { kind: text };
  const [kind, rest] = splitKind(text);
  if (kind === "judge" && rest !== "") return { kind, model: parseGenerator(rest) };
  if (kind === "prm" && rest !== "") return { kind, source: rest };
  throw new UsageError(`The verifier "${text}" is unknown: use ${VERIFIERS}.`);
}

function splitKind(text: string): [string, string] {
  const at = text.indexOf(":");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** Model names may hold "@" and ":", so the address starts at the last "@http". */
function parseOpenAi(rest: string): GeneratorSpec {
  const at = rest.search(/@(?!.*@https?:)https?:/);
  const model = at < 0 ? rest : rest.slice(0, at);
  const address = at < 0 ? HOSTED : rest.slice(at + 1);
  if (model === "" || (at < 0 && /:\/\//.test(rest)) || !URL.canParse(address)) {
    throw new UsageError(
      `The generator "openai:${rest}" needs a model and an address: openai:MODEL@http://HOST:PORT/v1.`,
    );
  }
  return { kind: "openai", model, baseUrl: address };
}
