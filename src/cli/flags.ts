import { readFileSync } from "node:fs";
import { parseBudget } from "../budget/budget.ts";
import { defaultPrices, type PriceTable, parsePrices } from "../budget/prices.ts";
import { makeStrategy, type Strategy } from "../strategies/index.ts";
import { type Budget, UsageError } from "../types.ts";
import type { Choice } from "./choice.ts";

/** The options of `bedacht solve`, as commander gives them. */
export interface SolveFlags {
  readonly problems?: string;
  readonly strategy?: string;
  readonly n: number;
  readonly width: number;
  readonly temperature: number;
  readonly maxTokens?: number;
  readonly seed: number;
  readonly generator?: string;
  readonly verifier?: string;
  readonly workers?: number;
  readonly budget?: string;
  readonly prices?: string;
  readonly journal?: string;
  readonly trace?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** Solutions of the embedded models are shorter than this. */
const PICO_MAX_TOKENS = 256;

/** The budget that was asked for; no limit without one. */
export function budgetOf({ budget }: SolveFlags): Budget {
  return budget === undefined ? {} : parseBudget(budget);
}

/** The price table that was asked for; throws a `UsageError` when its file cannot be read. */
export function pricesOf({ prices }: SolveFlags): PriceTable {
  return prices === undefined ? defaultPrices : parsePrices(readText(prices, "price table"), prices);
}

/** A strategy with the parameters that it takes of those on the command line. */
export function strategyOf({ strategy, generator }: Choice, flags: SolveFlags): Strategy {
  const { n, temperature } = flags;
  const maxTokens = flags.maxTokens ?? (generator.kind === "embedded" ? PICO_MAX_TOKENS : undefined);
  const limits = maxTokens === undefined ? {} : { maxTokens };
  if (strategy === "greedy") return makeStrategy({ strategy, params: limits });
  const params = { n, temperature, ...limits };
  if (strategy !== "beam") return makeStrategy({ strategy, params });
  return makeStrategy({ strategy, params: { ...params, width: Math.min(flags.width, n) } });
}

/** Candidates that a strategy makes, for the display. */
export function plannedCandidates({ strategy }: Choice, { n }: SolveFlags): number {
  return strategy === "greedy" ? 1 : n;
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
