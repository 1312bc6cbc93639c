import { createReadStream } from "node:fs";
import path from "node:path";
import { generateProblems, parseChain, parseCountdown } from "../problems/index.ts";
import { type Line, readLines } from "../problems/lines.ts";
import { type Problem, UsageError } from "../types.ts";
import { isCorrectAnswer } from "../verifiers/answer.ts";
import type { FileSource, GeneratedSource, ProblemSource } from "./experiment.ts";

/** Problems of the sources, one after the other, levels by turns; relative files are in `folder`. */
export async function* problemsOf(
  sources: readonly ProblemSource[],
  folder: string,
): AsyncGenerator<Problem> {
  for (const source of sources)
    if ("file" in source) yield* fromFile(source, folder);
    else yield* generated(source);
}

/**
 * Looks at every problem once; one of each kind, of the generated families and of others.
 * @throws UsageError that names file and line for one that cannot be graded, and for kinds of answers that are mixed
 */
export async function survey(sources: readonly ProblemSource[], folder: string): Promise<readonly Problem[]> {
  refuseOverlap(sources, folder);
  const examples = new Map<string, Problem>();
  for (const source of sources) {
    let isEmpty = true;
    for await (const problem of problemsOf([source], folder)) {
      isEmpty = false;
      const kind = kindOf(problem);
      if (!examples.has(kind)) examples.set(kind, problem);
    }
    if (isEmpty && "file" in source)
      throw new UsageError(
        `There is no problem in ${source.file}, or none from line ${source.first ?? 1} on.`,
      );
  }
  return [...examples.values()];
}

/** A problem that is there twice would count twice. */
function refuseOverlap(sources: readonly ProblemSource[], folder: string): void {
  for (const [index, one] of sources.entries())
    for (const other of sources.slice(0, index))
      if (overlap(one, other, folder))
        throw new UsageError(
          `Two sources hold the same problems of ${"file" in one ? one.file : one.family}: leave them out of one, or change its seed.`,
        );
}

function overlap(one: ProblemSource, other: ProblemSource, folder: string): boolean {
  const meet = (a: readonly [number, number], b: readonly [number, number]) => a[0] <= b[1] && b[0] <= a[1];
  if ("file" in one)
    return (
      "file" in other &&
      path.resolve(folder, one.file) === path.resolve(folder, other.file) &&
      meet(linesOf(one), linesOf(other))
    );
  if ("file" in other) return false;
  const streamOf = ({ family, split = "test", seed = 1 }: GeneratedSource) => `${family} ${split} ${seed}`;
  return streamOf(one) === streamOf(other) && meet(levelsOf(one), levelsOf(other));
}

const linesOf = ({ first = 1, count = Infinity }: FileSource) => [first, first + count - 1] as const;

/** Lowest and highest level. */
function levelsOf({ level }: GeneratedSource): readonly [number, number] {
  const [low = 0, high = low] = String(level).split("-").map(Number);
  return [low, high];
}

function kindOf({ prompt }: Problem): string {
  if (parseCountdown(prompt) !== undefined) return "countdown";
  return parseChain(prompt) === undefined ? "other" : "chain";
}

function* generated(source: GeneratedSource): Generator<Problem> {
  const { family, level, count, split = "test", seed = 1 } = source;
  const [low, high] = levelsOf(source);
  // The range as it is written, when it runs backwards: the generator says what is wrong.
  const levels = Array.from({ length: Math.max(1, high - low + 1) }, (_, index) =>
    high < low ? level : low + index,
  );
  const streams = levels.map((one) => generateProblems({ family, level: one, count, split, seed }));
  try {
    for (let index = 0; index < count; index += 1)
      for (const stream of streams) {
        const { value } = stream.next();
        if (value) yield value;
      }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

async function* fromFile(
  { file, first = 1, count = Infinity, suffix = "" }: FileSource,
  folder: string,
): AsyncGenerator<Problem> {
  let taken = 0;
  let kind: { readonly type: "number" | "text"; readonly line: number } | undefined;
  for await (const line of readLines(chunksOf(path.resolve(folder, file)))) {
    if (line.number < first) continue;
    if (taken === count) return;
    taken += 1;
    const { problem, answerType } = gradable(line, file);
    if (answerType !== undefined) kind ??= { type: answerType, line: line.number };
    if (kind !== undefined && answerType !== undefined && answerType !== kind.type)
      throw new UsageError(
        `The answer in line ${line.number} of ${file} is ${named(answerType)}, that in line ${kind.line} ${named(kind.type)}: put them into two files.`,
      );
    yield suffix === "" ? problem : { ...problem, prompt: problem.prompt + suffix };
  }
}

const named = (type: "number" | "text") => (type === "number" ? "a number" : "other text");

function gradable(line: Line, file: string): Extract<Line, { problem: Problem }> {
  if (!("problem" in line)) throw new UsageError(`Line ${line.number} of ${file} is wrong: ${line.mistake}.`);
  if (isCorrectAnswer(line.problem, undefined) === undefined)
    throw new UsageError(`Line ${line.number} of ${file} has no "answer": add it, or leave the line out.`);
  return line;
}

async function* chunksOf(file: string): AsyncGenerator<string> {
  try {
    for await (const chunk of createReadStream(file, "utf8")) yield chunk as string;
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message;
    throw new UsageError(`Cannot read the problems in ${file}: ${why}.`, { cause: error });
  }
}
