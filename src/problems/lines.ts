import type { Problem } from "../types.ts";

/** One line of a problem file: a problem, or why it is none. */
export type Line =
  | {
      readonly number: number;
      readonly problem: Problem;
      /** What stands in "answer": a JSON number, or text that is none. Absent for text that is a number. */
      readonly answerType?: "number" | "text";
    }
  | { readonly number: number; readonly mistake: string };

/**
 * Reads JSON lines of problems, one at a time. Empty lines are skipped. A line is
 * `{ id?, prompt, answer?, family?, level? }`; "question" stands for "prompt" as in GSM8K, where the
 * reference answer is what follows "####". An absent id becomes the line's number.
 */
export async function* readLines(chunks: AsyncIterable<string>): AsyncGenerator<Line> {
  let number = 0;
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      number += 1;
      if (line.trim() !== "") yield parseLine(line, number);
    }
  }
  if (rest.trim() !== "") yield parseLine(rest, number + 1);
}

/** Parses one line of a problem file; `number` counts from 1. */
export function parseLine(text: string, number: number): Line {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch {
    return { number, mistake: "it is not JSON" };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { number, mistake: 'it is not an object such as { "id": "1", "prompt": "...", "answer": "..." }' };
  const fields = value as Record<string, unknown>;
  const prompt = fields.prompt ?? fields.question;
  if (typeof prompt !== "string" || prompt.trim() === "")
    return { number, mistake: 'it has no text in "prompt" (or "question")' };
  const answer = fields.answer;
  if (answer !== undefined && answer !== null && typeof answer !== "string" && typeof answer !== "number")
    return { number, mistake: '"answer" is neither text nor a number' };
  const id = fields.id;
  if (id !== undefined && typeof id !== "string" && typeof id !== "number")
    return { number, mistake: '"id" is neither text nor a number' };
  return {
    number,
    problem: {
      id: String(id ?? number),
      prompt,
      ...(answer === undefined || answer === null ? {} : { answer: reference(String(answer)) }),
      ...(typeof fields.family === "string" ? { family: fields.family } : {}),
      ...(typeof fields.level === "number" ? { level: fields.level } : {}),
    },
    ...answerTypeOf(answer),
  };
}

function answerTypeOf(answer: string | number | undefined | null): {
  readonly answerType?: "number" | "text";
} {
  if (answer === undefined || answer === null) return {};
  if (typeof answer === "number") return { answerType: "number" };
  const text = reference(answer).replaceAll(",", "");
  return text.trim() === "" || Number.isNaN(Number(text)) ? { answerType: "text" } : {};
}

function reference(answer: string): string {
  const at = answer.lastIndexOf("####");
  return at < 0 ? answer : answer.slice(at + 4).trim();
}
