import { UsageError } from "../types.ts";
import type { Context } from "./strategy.ts";

/** How every strategy samples. */
export interface Sampling {
  /** Default 1; 0 is greedy. */
  readonly temperature?: number;
  /** Nucleus sampling in (0, 1]. Default: off. */
  readonly topP?: number;
  /** Most generated tokens of one solution. Default 1024. A solution that is cut there has no answer. */
  readonly maxTokens?: number;
}

/** `Sampling` with its defaults filled in. */
export type FullSampling = Sampling & { readonly temperature: number; readonly maxTokens: number };

/** Checks a whole number of at least `least`, or throws a `UsageError` that names the knob. */
export function wholeNumber(knob: string, value: number, least = 1): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`${knob} must be a whole number of at least ${least}, not ${value}.`);
}

/** Checks an error level, or throws a `UsageError`. */
export function errorLevel(level: number): void {
  if (level >= 0 && level < 1) return;
  throw new UsageError(`level must be a number of at least 0 and below 1, not ${level}.`);
}

/** Fills in the defaults and checks the ranges; throws `UsageError`. */
export function fullSampling({ temperature = 1, topP, maxTokens = 1024 }: Sampling): FullSampling {
  if (!Number.isFinite(temperature) || temperature < 0)
    throw new UsageError(`temperature must be a number of at least 0, not ${temperature}.`);
  if (topP !== undefined && !(topP > 0 && topP <= 1))
    throw new UsageError(`topP must be a number above 0 and at most 1, not ${topP}.`);
  wholeNumber("maxTokens", maxTokens);
  return { temperature, maxTokens, ...(topP === undefined ? {} : { topP }) };
}

/** The seed of the call at a position: independent of every other call and of the order of arrival. */
export function seedOf(context: Context, position: string): number {
  return context.rng.split(position).int(0, 2 ** 31 - 1);
}
