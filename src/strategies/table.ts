import { UsageError } from "../types.ts";
import { beam } from "./beam.ts";
import { bestOfN } from "./best-of-n.ts";
import { greedy } from "./greedy.ts";
import { majority } from "./majority.ts";
import type { Strategy, StrategyPlan } from "./strategy.ts";
import { weightedBestOfN } from "./weighted-best-of-n.ts";

/** Every strategy by its name. */
export const strategies = {
  greedy,
  majority,
  "best-of-n": bestOfN,
  "weighted-best-of-n": weightedBestOfN,
  beam,
} as const;

/**
 * The strategy that a plan names, with the plan's parameters; those it does not name take their defaults.
 * Throws `UsageError` for an unknown strategy, an unknown parameter and a value out of range.
 */
export function makeStrategy({ strategy, params }: StrategyPlan): Strategy {
  if (!Object.hasOwn(strategies, strategy)) {
    throw new UsageError(`Unknown strategy "${strategy}": use ${Object.keys(strategies).join(", ")}.`);
  }
  const made = strategies[strategy as keyof typeof strategies](params);
  const known = Object.keys(made.plan.params);
  if ("temperature" in made.plan.params && !known.includes("topP")) known.push("topP");
  const unknown = Object.keys(params).find((name) => !known.includes(name));
  if (unknown === undefined) return made;
  throw new UsageError(`${strategy} has no parameter "${unknown}": it takes ${known.join(", ")}.`);
}
