import { UsageError } from "../types.ts";

/** A generator as the command line names it. */
export type GeneratorSpec =
  | { readonly kind: "embedded"; readonly name: "pico-s" | "pico-l" | "pico-rev" }
  | { readonly kind: "gguf"; readonly path: string }
  | { readonly kind: "hf"; readonly address: string }
  | { readonly kind: "openai"; readonly model: string; readonly baseUrl: string };

/** A verifier as the command line names it. */
export type VerifierSpec =
  | { readonly kind: "none" }
  /** The embedded PRM; with `history` the reviser, which judges an attempt with the earlier ones in view. */
  | { readonly kind: "pico"; readonly history?: boolean }
  | { readonly kind: "rule" }
  /** Without a model of its own, the generator judges. */
  | { readonly kind: "judge"; readonly model?: GeneratorSpec }
  /** A GGUF file, or an `hf:` address of one. */
  | { readonly kind: "prm"; readonly source: string }
  | { readonly kind: "orm"; readonly source: string }
  | {
      readonly kind: "prm-server";
      readonly server: "vllm" | "sglang";
      readonly model: string;
      readonly baseUrl: string;
    };

const HOSTED = "https://api.openai.com/v1";
const GENERATORS = "pico, gguf:FILE, hf:USER/REPO:QUANT or openai:MODEL@URL";
const VERIFIERS =
  "pico, rule, judge, judge:MODEL, prm:FILE, prm:vllm:MODEL@URL, prm:sglang:MODEL@URL, orm:FILE or none";

/** Parses `--generator`. Throws a `UsageError` that names the right forms. */
export function parseGenerator(text: string): GeneratorSpec {
  if (text === "pico" || text === "pico-s") return { kind: "embedded", name: "pico-s" };
  if (text === "pico-l" || text === "pico-rev") return { kind: "embedded", name: text };
  const [kind, rest] = splitKind(text);
  if (kind === "gguf" && rest !== "") return { kind, path: rest };
  if (kind === "hf" && /^[^/\s]+\/[^\s]+$/.test(rest)) return { kind, address: text };
  const served = kind === "openai" ? parseServed(rest, HOSTED) : undefined;
  if (served !== undefined) return { kind: "openai", ...served };
  throw new UsageError(`The generator "${text}" is unknown: use ${GENERATORS}.`);
}

/** Parses `--verifier`. Throws a `UsageError` that names the right forms. */
export function parseVerifier(text: string): VerifierSpec {
  if (text === "none" || text === "pico" || text === "rule" || text === "judge") return { kind: text };
  const [kind, rest] = splitKind(text);
  if (kind === "judge" && rest !== "") return { kind, model: parseGenerator(rest) };
  const [server, address] = splitKind(rest);
  if (kind === "prm" && (server === "vllm" || server === "sglang")) {
    const served = parseServed(address);
    if (served !== undefined) return { kind: "prm-server", server, ...served };
  } else if ((kind === "prm" || kind === "orm") && rest !== "") return { kind, source: rest };
  throw new UsageError(`The verifier "${text}" is unknown: use ${VERIFIERS}.`);
}

function splitKind(text: string): [string, string] {
  const at = text.indexOf(":");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** MODEL@URL. Model names may hold "@" and ":", so the address starts at the last "@http". */
function parseServed(rest: string, home?: string): { model: string; baseUrl: string } | undefined {
  const at = rest.search(/@(?!.*@https?:)https?:/);
  const model = at < 0 ? rest : rest.slice(0, at);
  const baseUrl = at < 0 ? home : rest.slice(at + 1);
  if (model === "" || model.includes("://") || baseUrl === undefined || !URL.canParse(baseUrl))
    return undefined;
  return { model, baseUrl };
}
