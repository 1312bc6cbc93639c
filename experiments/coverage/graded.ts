import { createReadStream, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { openBank } from "../../src/lab/index.ts";
import type { Problem } from "../../src/types.ts";
import { isCorrect, isCorrectAnswer } from "../../src/verifiers/answer.ts";

/** A problem and which of its samples are right, in the order of their seeds. */
export interface Graded {
  readonly problem: Problem;
  readonly right: readonly boolean[];
}

/** The problems of files of JSON lines, by their prompt. */
export function readProblems(files: readonly string[]): ReadonlyMap<string, Problem> {
  const lines = files.flatMap((file) => readFileSync(file, "utf8").split("\n").filter(Boolean));
  return new Map(
    lines.map((line) => {
      const problem = JSON.parse(line) as Problem;
      return [problem.prompt, problem];
    }),
  );
}

/** Grades all samples at a temperature above 0, of a bank or of a file of JSON lines. */
export function gradeSamples(place: string, problems: ReadonlyMap<string, Problem>): Promise<Graded[]> {
  return place.endsWith(".jsonl") ? gradeLines(place, problems) : gradeBank(place, problems);
}

interface Line {
  readonly prompt: string;
  readonly text: string;
  readonly seed: number;
  readonly params: { readonly temperature: number };
}

async function gradeLines(file: string, problems: ReadonlyMap<string, Problem>): Promise<Graded[]> {
  const found = new Map<string, { right: boolean[]; verdicts: Map<string, boolean> }>();
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const { prompt, text, seed, params } = JSON.parse(line) as Line;
    const problem = problems.get(prompt);
    if (problem === undefined || params.temperature === 0) continue;
    const { right, verdicts } = found.get(prompt) ?? { right: [], verdicts: new Map<string, boolean>() };
    found.set(prompt, { right, verdicts });
    const verdict = verdicts.get(text) ?? isCorrect(problem, text) === true;
    verdicts.set(text, verdict);
    right[seed] = verdict;
  }
  return [...found].map(([prompt, { right }]) => ({
    problem: problems.get(prompt)!,
    right: right.filter(known),
  }));
}

async function gradeBank(place: string, problems: ReadonlyMap<string, Problem>): Promise<Graded[]> {
  const bank = await openBank(place);
  try {
    const { settings } = await bank.contents();
    const drawn = settings.filter(({ params }) => params.temperature !== 0).map(({ id }) => id);
    const graded: Graded[] = [];
    for await (const { id, text } of bank.prompts()) {
      const problem = problems.get(text);
      if (problem === undefined) continue;
      const samples = await bank.drawn(id, { settings: drawn });
      const right = samples.map(
        ({ answer, complete }) => complete && isCorrectAnswer(problem, answer) === true,
      );
      graded.push({ problem, right });
    }
    return graded;
  } finally {
    await bank.close();
  }
}

const known = (verdict: boolean | undefined): verdict is boolean => verdict !== undefined;
