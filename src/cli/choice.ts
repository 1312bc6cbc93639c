import { parseChain, parseCountdown } from "../problems/index.ts";
import { isStrategy, strategies } from "../strategies/index.ts";
import { UsageError } from "../types.ts";
import { type GeneratorSpec, parseGenerator, parseVerifier, type VerifierSpec } from "./specs.ts";

/** What the command line asks for; the rest is chosen. */
export interface Asked {
  readonly strategy?: string;
  readonly generator?: string;
  readonly verifier?: string;
  /** File of a policy, which takes the place of a strategy. */
  readonly policy?: string;
}

/** Strategy and models for one problem. */
export interface Choice {
  readonly strategy: string;
  readonly generator: GeneratorSpec;
  readonly verifier: VerifierSpec;
  /** Why, for the receipt. */
  readonly reason: string;
}

/** The embedded family that a prompt belongs to, if any. */
export function familyOf(prompt: string): "chain" | "countdown" | undefined {
  if (parseCountdown(prompt) !== undefined) return "countdown";
  return parseChain(prompt) === undefined ? undefined : "chain";
}

/**
 * Fills in what was not asked for: pico-s and its PRM for the problems that they know, or pico-rev, its own verifier,
 * for strategies that revise; majority for other models without a verifier. Throws a `UsageError` when nothing fits.
 */
export function choose(prompt: string, asked: Asked): Choice {
  const family = familyOf(prompt);
  const generator = chooseGenerator(family, asked);
  const named = chooseVerifier(family, generator, asked);
  if (asked.policy !== undefined)
    return { strategy: "allocated", generator, verifier: named, reason: `by the policy ${asked.policy}` };
  const revises =
    generator.kind === "embedded" && generator.name === "pico-rev" && REVISING.has(asked.strategy);
  const verifier: VerifierSpec = named.kind === "pico" && revises ? { ...named, history: true } : named;
  const strategy =
    asked.strategy ??
    (verifier.kind === "none" ? "majority" : family === "countdown" ? "best-of-n" : "weighted-best-of-n");
  const need = isStrategy(strategy) ? strategies[strategy].verifier : "none";
  if (verifier.kind === "none" && need !== "none" && need !== "optional") {
    throw new UsageError(
      `The strategy ${strategy} needs a verifier: add --verifier judge, judge:MODEL or prm:FILE, or use --strategy majority.`,
    );
  }
  const reason =
    asked.strategy !== undefined
      ? "asked for"
      : verifier.kind === "none"
        ? "no verifier, so the candidates vote"
        : `suits ${family === undefined ? "a generator with a verifier" : `${family} problems`}`;
  return { strategy, generator, verifier: need === "none" ? { kind: "none" } : verifier, reason };
}

/** Strategies that need a model which revises its solutions. */
const REVISING: ReadonlySet<string | undefined> = new Set(["revisions", "ab-mcts"]);

function chooseGenerator(family: string | undefined, { generator, strategy }: Asked): GeneratorSpec {
  if (generator !== undefined) return parseGenerator(generator);
  if (family !== undefined) return { kind: "embedded", name: REVISING.has(strategy) ? "pico-rev" : "pico-s" };
  throw new UsageError(
    "The embedded models know only the problems of `bedacht problems`; for this one name a model: --generator gguf:FILE, hf:USER/REPO:QUANT or openai:MODEL@URL.",
  );
}

function chooseVerifier(family: string | undefined, generator: GeneratorSpec, asked: Asked): VerifierSpec {
  if (asked.verifier === undefined)
    return generator.kind === "embedded" && family !== undefined ? { kind: "pico" } : { kind: "none" };
  const verifier = parseVerifier(asked.verifier);
  if (family === undefined && (verifier.kind === "rule" || verifier.kind === "pico")) {
    throw new UsageError(
      `The verifier ${verifier.kind} knows only the problems of \`bedacht problems\`: for this one use --verifier judge, judge:MODEL or prm:FILE.`,
    );
  }
  return verifier;
}
