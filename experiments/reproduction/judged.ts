/** What the verifier said of each step of the first samples, beside the truth, and how all samples look. */
import path from "node:path";
import { chainStepValidity, countdownStepValidity } from "../../src/problems/index.ts";
import type { Problem } from "../../src/types.ts";
import { extractAnswer, isCorrectAnswer } from "../../src/verifiers/answer.ts";
import { type Line, rowsOf } from "./recordings.ts";

/** Samples of each problem whose steps are looked at. */
const FIRST = 8;

export interface Step {
  /** Of the verifier, behind the step. */
  readonly score: number;
  /** Every step up to here is right, and the answer can still be reached: what the verifier learned from. */
  readonly valid: boolean;
  /** Every step up to here is legal and true arithmetic, also where the target of countdown is lost. */
  readonly legal: boolean;
  /** The sample that goes on from here ends right: a draw of what Monte-Carlo labels estimate. */
  readonly ended: boolean;
}

export interface Judged {
  /** Of the first samples that were ended, one sample after the other. */
  readonly steps: readonly Step[];
  /** Lines of each sample, the answer's included, in the order of the recording. */
  readonly lines: Uint8Array;
  /** 1 for a sample that states a line twice. */
  readonly repeats: Uint8Array;
}

/** Of one level, by the id of the problem. */
export function readJudged(folder: string, family: string, level: number): ReadonlyMap<string, Judged> {
  const problems = rowsOf<Problem>(path.join(folder, `problems-${family}-${level}.json`));
  const lines = Map.groupBy(
    rowsOf<Line>(path.join(folder, `${family}-${level}.jsonl`)),
    ({ prompt }) => prompt,
  );
  return new Map(
    problems.map((problem) => [problem.id, judgedOf(problem, lines.get(problem.prompt) ?? [])] as const),
  );
}

/** Of one problem, from its samples. */
export function judgedOf(problem: Problem, all: readonly Line[]): Judged {
  const scores = new Map(
    all.flatMap(({ text, scores: said }) => (said === undefined ? [] : [[text, said[0]!.steps] as const])),
  );
  const own = all.filter(({ params }) => params.temperature === 1);
  const linesOf = ({ text }: Line) => text.trim().split("\n");
  return {
    steps: own
      .slice(0, FIRST)
      .filter(({ finish }) => finish === "end")
      .flatMap(({ text }) => stepsOf(problem, text.trim(), scores.get(text) ?? [])),
    lines: Uint8Array.from(own, (line) => linesOf(line).length),
    repeats: Uint8Array.from(own, (line) => {
      const stated = linesOf(line);
      return new Set(stated).size < stated.length ? 1 : 0;
    }),
  };
}

/** The steps of a solution with the verifier's scores, of which there is one per line. */
export function stepsOf(problem: Problem, text: string, scores: readonly number[]): readonly Step[] {
  const lines = text.split("\n");
  const valid = validityOf(problem, lines, false);
  const legal = validityOf(problem, lines, true);
  const ended = isCorrectAnswer(problem, extractAnswer(problem, text)) === true;
  return scores.map((score, place) => ({ score, valid: valid[place]!, legal: legal[place]!, ended }));
}

const validityOf = ({ family, prompt }: Problem, lines: readonly string[], hopeless: boolean) =>
  family === "chain" ? chainStepValidity(prompt, lines) : countdownStepValidity(prompt, lines, { hopeless });
