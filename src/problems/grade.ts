import type { Problem } from "../types.ts";
import { chainAnswer, parseChain } from "./chain-rules.ts";
import { checkCountdown, countdownExpression, parseCountdown } from "./countdown-rules.ts";

/** The text after the last `####`, or undefined. */
function stated(completion: string): string | undefined {
  const at = completion.lastIndexOf("####");
  return at < 0
    ? undefined
    : completion
        .slice(at + 4)
        .split("\n", 1)[0]!
        .trim();
}

/**
 * Whether a completion answers a generated problem rightly, by exact rule. Chain: the whole number after the
 * last `####` is the answer. Countdown: the expression that the steps compose, or without steps the one
 * after `####`, uses every number exactly once and makes the target; the steps count, not what `####` claims.
 * Throws a RangeError for a prompt of neither family.
 */
export function gradeProblem(problem: Pick<Problem, "prompt" | "answer">, completion: string): boolean {
  const countdown = parseCountdown(problem.prompt);
  if (countdown !== undefined) {
    const lines = completion.split("\n");
    const steps = lines.some((line) => /^\s*\d+\s*[-+*/]\s*\d+\s*=/.test(line));
    const expression = steps ? countdownExpression(problem.prompt, lines) : stated(completion);
    return expression !== undefined && checkCountdown(countdown.numbers, countdown.target, expression);
  }
  const chain = parseChain(problem.prompt);
  if (chain === undefined)
    throw new RangeError("This prompt is neither a chain nor a countdown problem: no rule can grade it.");
  const number = /^(-?\d+)\b/.exec(stated(completion) ?? "")?.[1];
  return number !== undefined && Number(number) === Number(problem.answer ?? chainAnswer(chain));
}
