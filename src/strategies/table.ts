import { UsageError } from "../types.ts";
import { abMcts } from "./ab-mcts.ts";
import { adaptiveConsistency } from "./adaptive-consistency.ts";
import { beam } from "./beam.ts";
import { bestOfN } from "./best-of-n.ts";
import { budgetForcing } from "./budget-forcing.ts";
import { critiqueRevise } from "./critique-revise.ts";
import { decompose } from "./decompose.ts";
import { deepconf } from "./deepconf.ts";
import { dvts } from "./dvts.ts";
import { eProcess } from "./e-process.ts";
import { esc } from "./esc.ts";
import { greedy } from "./greedy.ts";
import { lookahead } from "./lookahead.ts";
import { majority } from "./majority.ts";
import { mcts } from "./mcts.ts";
import { particles } from "./particles.ts";
import { rebase } from "./rebase.ts";
import { revisionSearch } from "./revision-search.ts";
import { revisions } from "./revisions.ts";
import type { PlannedStrategy, StrategyPlan } from "./strategy.ts";
import { tournament } from "./tournament.ts";
import { weightedBestOfN } from "./weighted-best-of-n.ts";

/** A strategy as the table has it. */
interface Entry {
  readonly make: (knobs?: never) => PlannedStrategy;
  /** What it asks of a verifier: nothing, to use one if there is one, scores of whole or of partial solutions, or
   * comparisons of pairs. */
  readonly verifier: "none" | "optional" | "whole" | "partial" | "pairs";
  /** What it does, in one line. */
  readonly summary: string;
}

/** Every strategy by its name. */
export const strategies = {
  greedy: { make: greedy, verifier: "none", summary: "one solution, always the likeliest token" },
  majority: { make: majority, verifier: "none", summary: "the commonest answer of N samples" },
  "adaptive-consistency": {
    make: adaptiveConsistency,
    verifier: "none",
    summary: "majority voting that stops when the leader is likely to stay ahead",
  },
  esc: { make: esc, verifier: "none", summary: "majority voting that stops when a window of samples agrees" },
  "e-process": {
    make: eProcess,
    verifier: "none",
    summary: "majority voting that stops when the leader is certified at an error level",
  },
  deepconf: {
    make: deepconf,
    verifier: "none",
    summary: "votes weighed by the model's own confidence, traces in doubt stopped early",
  },
  "best-of-n": { make: bestOfN, verifier: "whole", summary: "the highest-scored of N samples" },
  "weighted-best-of-n": {
    make: weightedBestOfN,
    verifier: "whole",
    summary: "the answer with the largest sum of scores among N samples",
  },
  tournament: {
    make: tournament,
    verifier: "pairs",
    summary: "a knockout of the different answers among N samples, compared in pairs",
  },
  beam: { make: beam, verifier: "partial", summary: "keep the N/M best prefixes after each step" },
  lookahead: {
    make: lookahead,
    verifier: "partial",
    summary: "beam search that scores each prefix after k greedy steps more",
  },
  dvts: {
    make: dvts,
    verifier: "partial",
    summary: "N/M independent trees that each keep their best prefix",
  },
  rebase: {
    make: rebase,
    verifier: "partial",
    summary: "continue every prefix in proportion to the softmax of its score",
  },
  particles: {
    make: particles,
    verifier: "partial",
    summary: "draw N prefixes anew after each step, by the odds of their scores",
  },
  "budget-forcing": {
    make: budgetForcing,
    verifier: "none",
    summary: "one solution whose thinking is extended and ended on purpose",
  },
  decompose: {
    make: decompose,
    verifier: "none",
    summary: "answer, then split into parts, answer them in order and combine them",
  },
  mcts: {
    make: mcts,
    verifier: "partial",
    summary: "grow a tree of steps where the verifier's mean, or too few visits, call for it",
  },
  "ab-mcts": {
    make: abMcts,
    verifier: "whole",
    summary: "write one more solution or refine one, by the scores that either gave so far",
  },
  revisions: {
    make: revisions,
    verifier: "optional",
    summary: "chains of attempts, each better than the last, by a model that is trained to revise",
  },
  "revision-search": {
    make: revisionSearch,
    verifier: "whole",
    summary: "samples, then revisions of those that the verifier finds fault with, from the fault on",
  },
  "critique-revise": {
    make: critiqueRevise,
    verifier: "none",
    summary: "one solution, criticised and revised in a chat until there is no fault",
  },
} as const satisfies Readonly<Record<string, Entry>>;

/** The name of a strategy of the table. */
export type StrategyName = keyof typeof strategies;

/** True for the name of a strategy of the table. */
export function isStrategy(name: string): name is StrategyName {
  return Object.hasOwn(strategies, name);
}

/**
 * The strategy that a plan names, with the plan's parameters; those it does not name take their defaults.
 * Throws `UsageError` for an unknown strategy, an unknown parameter and a value out of range.
 */
export function makeStrategy({ strategy, params }: StrategyPlan): PlannedStrategy {
  if (!isStrategy(strategy)) {
    throw new UsageError(`Unknown strategy "${strategy}": use ${Object.keys(strategies).join(", ")}.`);
  }
  const made = strategies[strategy].make(params);
  const known = knobsOf(made);
  const unknown = Object.keys(params).find((name) => !known.includes(name));
  if (unknown === undefined) return made;
  throw new UsageError(`${strategy} has no parameter "${unknown}": it takes ${known.join(", ")}.`);
}

/** The names of a strategy's knobs, those without a default included. */
export function knobsOf({ plan }: PlannedStrategy): readonly string[] {
  const known = Object.keys(plan.params);
  return "temperature" in plan.params && !known.includes("topP") ? [...known, "topP"] : known;
}
