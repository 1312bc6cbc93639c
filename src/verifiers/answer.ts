import { chainAnswer, checkCountdown, parseChain, parseCountdown } from "../problems/index.ts";
import type { Problem } from "../types.ts";
import { equivalent } from "./answer/equivalent.ts";
import { extractAnswer } from "./answer/extract.ts";

export { answerClasses, equivalent } from "./answer/equivalent.ts";
export { extractAnswer, hasFinalAnswer } from "./answer/extract.ts";
export { normaliseAnswer } from "./answer/normalise.ts";

/**
 * Whether an answer is right, for measuring only: countdown by exact rule, anything else by the reference
 * answer. `undefined` when there is nothing to compare with.
 */
export function isCorrectAnswer(problem: Problem, answer: string | undefined): boolean | undefined {
  const countdown = parseCountdown(problem.prompt);
  if (countdown !== undefined) {
    return answer !== undefined && checkCountdown(countdown.numbers, countdown.target, answer);
  }
  const chain = problem.answer === undefined ? parseChain(problem.prompt) : undefined;
  const reference = chain === undefined ? problem.answer : String(chainAnswer(chain));
  if (reference === undefined) return undefined;
  return answer !== undefined && equivalent(answer, reference);
}

/** Whether the answer that a solution states is right (`extractAnswer`, then `isCorrectAnswer`). */
export function isCorrect(problem: Problem, text: string): boolean | undefined {
  return isCorrectAnswer(problem, extractAnswer(problem, text));
}
