import { chainStepValidity, countdownStepValidity, parseChain, parseCountdown } from "../problems/index.ts";
import type { Problem } from "../types.ts";
import { type Aggregation, aggregate } from "./aggregate.ts";
import { extractAnswer, isCorrectAnswer } from "./answer.ts";
import { equationsHold } from "./equations.ts";
import type { Score, Verifier } from "./verifier.ts";

export interface RuleOptions {
  /** How step scores become one. Default "last": once a step is wrong, so are all later ones. */
  readonly aggregation?: Aggregation;
}

const CHAIN_STEP = /^[A-Z][a-z]+: /;
const COUNTDOWN_STEP = /^\d+ ?[-+*/] ?\d+ ?=/;

/** Validity of each line in the format of a family; `undefined` for free text. */
function familyValidity(problem: Problem, lines: readonly string[]): boolean[] | undefined {
  const only = (form: RegExp) =>
    lines.some((line) => form.test(line)) || lines.every((line) => line.startsWith("####"));
  if (parseChain(problem.prompt) !== undefined && only(CHAIN_STEP)) {
    return chainStepValidity(problem.prompt, lines);
  }
  if (parseCountdown(problem.prompt) !== undefined && only(COUNTDOWN_STEP)) {
    return countdownStepValidity(problem.prompt, lines);
  }
  return undefined;
}

/** Free text: no equation so far is false, and the answer to a problem of a family is the true one. */
function textValidity(problem: Problem, text: string, lines: readonly string[]): boolean[] | undefined {
  let right = true;
  let checked = false;
  const valid = lines.map((line) => {
    const held = equationsHold(line);
    checked ||= held !== undefined;
    right &&= held !== false;
    return right;
  });
  const answer = extractAnswer(problem, text);
  const { answer: _reference, ...asked } = problem;
  const truth = answer === undefined ? undefined : isCorrectAnswer(asked, answer);
  if (truth !== undefined) valid[valid.length - 1] &&= truth;
  return checked || truth !== undefined ? valid : undefined;
}

function scoreText(problem: Problem, text: string, aggregation: Aggregation): Score {
  const lines = text.split("\n").map((line) => line.trim());
  const stated = lines.filter((line) => line !== "");
  if (stated.length === 0) return { value: undefined };
  const valid = familyValidity(problem, stated) ?? textValidity(problem, text, stated);
  if (valid === undefined) return { value: undefined };
  const steps = valid.map(Number);
  return { steps, value: aggregate(steps, aggregation) };
}

/**
 * A verifier by exact arithmetic. It reads the prompt, never the reference answer. One score per line that is
 * not empty: 1 while everything up to it is right, then 0.
 *
 * - chain: each step states a true relation of the prompt from a known amount with true arithmetic, `####` the
 *   true answer; countdown: each step is legal and the target can still be reached. It knows the truth there,
 *   so it is the bound that a learned verifier is measured against.
 * - any other text: every `a op b = c` in it is true. Without any such equation the score is unknown.
 */
export function rule(options: RuleOptions = {}): Verifier {
  const { aggregation = "last" } = options;
  return {
    name: "rule",
    fingerprint: `rule/1/${aggregation}`,
    scoresPartial: true,
    free: true,
    countTokens: async (requests) => requests.map(() => ({ input: 0, output: 0 })),
    score: async (requests, { onScore } = {}) =>
      requests.map(({ problem, text }, index) => {
        const score = scoreText(problem, text, aggregation);
        onScore?.(index, score);
        return score;
      }),
    close: async () => {},
  };
}
