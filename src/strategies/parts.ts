import type { Message } from "../models/model.ts";

/** A smaller problem, and the answer that was found for it. */
export interface Part {
  readonly text: string;
  readonly answer: string;
}

/** What is being worked on: the whole problem, or one part of it. */
export interface Task {
  /** Text of the whole problem. */
  readonly whole: string;
  /** Parts that were answered before, in order. */
  readonly known: readonly Part[];
  /** Text of the part; absent for the whole problem. */
  readonly part?: string;
}

/** What a part's solution ends with when it must be split again. */
export const TOO_HARD = "too hard";

const ANSWER = 'Think step by step, and end with a line "#### " and the answer alone.';
const GIVE_UP = `If you cannot answer it at once, end with "#### ${TOO_HARD}" instead; then it is split.`;

/** Asks for at most `most` smaller problems. */
export function splitting(task: Task, most: number): readonly Message[] {
  const what = task.part === undefined ? "the problem" : "this part";
  const question = [
    ...named(task),
    `Split ${what} into at most ${most} smaller problems, in the order in which they must be solved, so that each needs only the problem and earlier answers, and together they lead to its answer. Do not solve them.`,
    'Write one to a line, numbered "1.", "2." and so on, and nothing else. If it is simple enough to be answered at once, write it unchanged as "1." alone.',
  ];
  return chat(task, "You split problems into smaller ones.", question);
}

/** Asks for the answer of one part; with `splittable` the model may say that it is too hard. */
export function solving(task: Task, splittable: boolean): readonly Message[] {
  const question = [...named(task), splittable ? `${ANSWER} ${GIVE_UP}` : ANSWER];
  return chat(task, "You solve one part of a larger problem, and nothing else of it.", question);
}

/** Asks for the answer that follows from the answers of the parts. */
export function combining(task: Task): readonly Message[] {
  const what = task.part === undefined ? "the problem" : "this part";
  const question = [...named(task), `Use the answers above to answer ${what}. ${ANSWER}`];
  return chat(task, "You put the answers of smaller problems together.", question);
}

function named({ part }: Task): readonly string[] {
  return part === undefined ? [] : [`This part of it is asked now:\n${part}`];
}

function chat({ whole, known }: Task, system: string, question: readonly string[]): readonly Message[] {
  const solved = known.map(({ text, answer }, index) => `${index + 1}. ${text}\nAnswer: ${answer}`);
  const before = solved.length === 0 ? [] : [`Answered already:\n${solved.join("\n")}`];
  return [
    { role: "system", content: system },
    { role: "user", content: [`Problem:\n${whole}`, ...before, ...question].join("\n\n") },
  ];
}

/** Longest text of one part, in characters: what is longer is an essay, not a part. */
const LONGEST = 1000;
const MARK =
  /^\s*(?:\*\*)?(?:[-*•]|\(?\d{1,2}[.):]|\(?[a-z][.)]|(?:part|step|problem|sub-?(?:problem|question)|question)\s*\d{1,2}\s*[.):-])(?:\*\*)?\s+(\S.*)$/i;

/**
 * The parts that a model listed, in order, equal ones once: numbered lines, bullets, "Part 1: ...", or a JSON array
 * of texts, whatever stands around them. Empty when there is no list.
 */
export function parseParts(text: string): readonly string[] {
  const shown = text.split("</think>").at(-1)!;
  const lines = jsonTexts(shown) ?? shown.split("\n").flatMap((line) => MARK.exec(line)?.[1] ?? []);
  const parts = lines.map((line) => line.replaceAll("**", "").replaceAll(/\s+/g, " ").trim());
  return [...new Set(parts)].filter((part) => part !== "" && part.length <= LONGEST);
}

function jsonTexts(text: string): readonly string[] | undefined {
  const array = /\[\s*"[\s\S]*"\s*\]/.exec(text)?.[0];
  if (array === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(array);
    return Array.isArray(parsed) ? parsed.filter((one) => typeof one === "string") : undefined;
  } catch {
    return undefined;
  }
}
