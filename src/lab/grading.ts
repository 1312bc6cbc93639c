import type { Problem } from "../types.ts";
import { isCorrectAnswer } from "../verifiers/answer.ts";
import type { Bank } from "./bank.ts";
import type { BankRecord } from "./records.ts";

/**
 * Grades the samples of a problem that the bank has, against its reference answer or, for a generated problem,
 * by its rule. Does nothing when there is neither.
 */
export async function grade(bank: Bank, problem: Problem): Promise<void> {
  const prompt = await bank.prompt(problem.prompt);
  if (prompt === undefined) return;
  const records: BankRecord[] = [];
  const seen = new Set<number>();
  for (const { text, answer, complete, correct, whole } of await bank.drawn(prompt, { whole: true })) {
    if (correct !== undefined || seen.has(text)) continue;
    seen.add(text);
    const right = isCorrectAnswer(problem, complete ? answer : undefined);
    if (right === undefined) return;
    const reference = problem.answer === undefined ? {} : { reference: problem.answer };
    records.push({
      prompt: problem.prompt,
      text: whole!.text,
      answer: answer ?? null,
      grades: [{ correct: right, ...reference }],
    });
  }
  await bank.append(records);
}
