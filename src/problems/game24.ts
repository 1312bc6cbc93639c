import { rng } from "../random.ts";
import type { Problem } from "../types.ts";
import { countdownPrompt, countdownTemplates } from "./countdown.ts";
import { countdownExpression, solveCountdown } from "./countdown-rules.ts";

/**
 * The game of 24 with these numbers (four, each 1..13) as a countdown problem in a template of the test split,
 * with its reference solution. Undefined when no solution stays within natural numbers, as for 16 of the 1362
 * classic games. Throws a RangeError for other numbers. Level 4, like every problem of four such numbers.
 */
export function gameOf24(numbers: readonly number[]): (Problem & { solution: string }) | undefined {
  if (
    numbers.length !== 4 ||
    numbers.some((number) => !Number.isInteger(number) || number < 1 || number > 13)
  ) {
    throw new RangeError(`A game of 24 needs four whole numbers from 1 to 13, not "${numbers.join(" ")}".`);
  }
  const lines = solveCountdown(numbers, 24);
  if (lines === undefined) return undefined;
  const id = `game24-${numbers.join("-")}`;
  const prompt = countdownPrompt(numbers, 24, rng(id).pick(countdownTemplates("test")));
  const answer = countdownExpression(prompt, lines)!;
  return { id, family: "countdown", level: 4, prompt, answer, solution: lines.join("\n") };
}
