import { rng } from "../random.ts";
import type { Problem } from "../types.ts";
import { CHAIN_LEVELS, drawChain } from "./chain.ts";
import { COUNTDOWN_LEVELS, drawCountdown } from "./countdown.ts";
import { SPLITS, type Split } from "./split.ts";

/** A generated problem; `solution` is the reference solution, present only when it was asked for. */
export type GeneratedProblem = Problem & { solution?: string };

/** What to generate. */
export interface ProblemOptions {
  readonly family: string;
  /** One level, or a range such as "1-8" that is cycled through evenly. Chain has 1..8, countdown 1..6. */
  readonly level: number | string;
  /** How many problems. The first problems of a larger count are the same. */
  readonly count: number;
  readonly seed: number;
  /** Default "test". */
  readonly split?: Split;
  /** Give the reference solution too; default false. */
  readonly solutions?: boolean;
}

const FAMILIES = {
  chain: { levels: CHAIN_LEVELS, draw: drawChain },
  countdown: { levels: COUNTDOWN_LEVELS.length, draw: drawCountdown },
} as const;

function levelRange(level: number | string, family: string, most: number): [number, number] {
  const match = /^(\d+)(?:-(\d+))?$/.exec(String(level));
  const lo = Number(match?.[1]);
  const hi = Number(match?.[2] ?? match?.[1]);
  if (match === null || lo < 1 || hi > most || lo > hi) {
    throw new RangeError(
      `Level "${level}" of ${family} must be a number from 1 to ${most} or a range such as 1-${most}.`,
    );
  }
  return [lo, hi];
}

/**
 * Generates problems lazily. Each one is a pure function of family, level, split, seed and its index, all of
 * which its id names. Throws a RangeError at the first pull for an unknown family, level, split or count.
 */
export function* generateProblems(options: ProblemOptions): Generator<GeneratedProblem> {
  const { family, level, count, seed, split = "test", solutions = false } = options;
  if (family !== "chain" && family !== "countdown") {
    throw new RangeError(`Unknown family "${family}": use chain or countdown.`);
  }
  if (!SPLITS.includes(split)) throw new RangeError(`Unknown split "${split}": use ${SPLITS.join(", ")}.`);
  if (!Number.isInteger(count) || count < 0)
    throw new RangeError(`Count ${count} must be a whole number, 0 or more.`);
  if (!Number.isSafeInteger(seed)) throw new RangeError(`Seed ${seed} must be a whole number.`);
  const { levels, draw } = FAMILIES[family];
  const [lo, hi] = levelRange(level, family, levels);
  const base = rng(seed).split(family, split);
  for (let index = 0; index < count; index += 1) {
    const at = lo + (index % (hi - lo + 1));
    const { prompt, answer, solution } = draw(at, split, base.split(at, index));
    const problem: Problem = {
      id: `${family}-${at}-${split}-${seed}-${index}`,
      family,
      level: at,
      prompt,
      answer,
    };
    yield solutions ? { ...problem, solution } : problem;
  }
}

export { CHAIN_LEVELS, CHAIN_LIMIT } from "./chain.ts";
export { type ChainFacts, chainAnswer, chainPath, chainStepValidity, parseChain } from "./chain-rules.ts";
export { COUNTDOWN_LEVELS, COUNTDOWN_LIMIT } from "./countdown.ts";
export {
  type CountdownFacts,
  checkCountdown,
  countdownExpression,
  countdownStepValidity,
  parseCountdown,
  reachable,
  reachableValues,
  solveCountdown,
} from "./countdown-rules.ts";
export { gameOf24 } from "./game24.ts";
export { gradeProblem } from "./grade.ts";
export { ngramOverlap, OVERLAP_WORDS, type Overlap } from "./overlap.ts";
export { SPLITS, type Split } from "./split.ts";
