import { readFileSync } from "node:fs";
import { parseBudget } from "../budget/budget.ts";
import { defaultPrices, type PriceTable, parsePrices } from "../budget/prices.ts";
import { knobsOf, makeStrategy, type PlannedStrategy, type StrategyPlan } from "../strategies/index.ts";
import { type Budget, UsageError } from "../types.ts";
import type { Choice } from "./choice.ts";

/** The options of `bedacht solve`, as commander gives them. */
export interface SolveFlags {
  readonly problems?: string;
  readonly strategy?: string;
  readonly n?: number;
  readonly width?: number;
  readonly temperature?: number;
  readonly maxTokens?: number;
  /** Knobs that have no option of their own, as they were typed. */
  readonly set?: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly generator?: string;
  readonly verifier?: string;
  readonly workers?: number;
  /** File of a policy that decides how many samples to draw. */
  readonly policy?: string;
  /** Generated tokens per problem that the policy aims at. */
  readonly average?: number;
  /** Hard limits of all problems of a file together. */
  readonly pool?: string;
  /** Use the policy with other models than its own. */
  readonly insist?: boolean;
  readonly budget?: string;
  readonly prices?: string;
  readonly journal?: string;
  readonly bank?: string;
  readonly trace?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** Solutions of the embedded models are shorter than this. */
export const PICO_MAX_TOKENS = 256;

/** The budget that was asked for; no limit without one. */
export function budgetOf({ budget }: SolveFlags): Budget {
  return budget === undefined ? {} : parseBudget(budget);
}

/** The price table that was asked for; throws a `UsageError` when its file cannot be read. */
export function pricesOf({ prices }: Pick<SolveFlags, "prices">): PriceTable {
  return prices === undefined ? defaultPrices : parsePrices(readText(prices, "price table"), prices);
}

/**
 * The strategy of a choice with what the command line says of its knobs. `--set` wins over the options. Throws a
 * `UsageError` for a knob that it does not have.
 */
export function strategyOf({ strategy, generator }: Choice, flags: SolveFlags): PlannedStrategy {
  const { n, temperature, set = {} } = flags;
  const usual = makeStrategy({ strategy, params: {} });
  const defaults = usual.plan.params;
  const least = n !== undefined && Number(defaults.width) > n ? n : undefined;
  const embedded = generator.kind === "embedded" && knobsOf(usual).includes("maxTokens");
  const asked = {
    n,
    temperature,
    width: flags.width ?? least,
    maxTokens: flags.maxTokens ?? (embedded ? PICO_MAX_TOKENS : undefined),
    ...Object.fromEntries(Object.entries(set).map(([knob, text]) => [knob, knobValue(text, defaults[knob])])),
  };
  const params = Object.entries(asked).flatMap(([knob, value]) =>
    value === undefined ? [] : [[knob, value] as const],
  );
  return makeStrategy({ strategy, params: Object.fromEntries(params) });
}

/** What was typed, as a number, true or false, or text where the knob takes text. */
export function knobValue(text: string, usual?: KnobValue): KnobValue {
  if (typeof usual === "string") return text;
  if (text === "true" || text === "false") return text === "true";
  return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
}

type KnobValue = StrategyPlan["params"][string];

/** What a policy decides, so that nobody else can. */
const DECIDED = ["strategy", "n", "width", "temperature", "set"] as const;

/** Throws a `UsageError` when options contradict a policy, or mean nothing without one. */
export function checkPolicyFlags(flags: SolveFlags): void {
  if (flags.policy === undefined) {
    const alone = (["average", "pool", "insist"] as const).find((name) => flags[name] !== undefined);
    if (alone !== undefined)
      throw new UsageError(`--${alone} needs a --policy FILE, as bedacht calibrate writes one.`);
    return;
  }
  const decided = DECIDED.find((name) => flags[name] !== undefined);
  if (decided !== undefined)
    throw new UsageError(`--policy decides what --${decided} would: leave one of them out.`);
  if (flags.average !== undefined && flags.pool !== undefined)
    throw new UsageError(
      "--pool shares out all that it has, so there is no --average: leave one of them out.",
    );
  if (flags.pool !== undefined && budgetOf(flags).ms !== undefined)
    throw new UsageError(
      "Under a --pool problems wait for their turns, so --budget cannot have ms: give --pool a time limit.",
    );
}

/** Solutions that a strategy makes, for the display; `undefined` where it does not say beforehand. */
export function plannedCandidates(choice: Choice, flags: SolveFlags): number | undefined {
  if (flags.policy !== undefined) return undefined;
  if (choice.strategy === "greedy") return 1;
  const { n } = strategyOf(choice, flags).plan.params;
  return typeof n === "number" ? n : undefined;
}

/** Reads a text file; throws a `UsageError` that says what it should have been. */
export function readText(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`Cannot read the ${what} ${path}: ${reason(error)}.`, { cause: error });
  }
}

/** Why a file could not be used, without its path. */
export function reason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES" || code === "EPERM") return "it may not be used by you";
  if (code === "EISDIR") return "it is a folder";
  return error instanceof Error ? error.message : String(error);
}
