import type { Problem } from "../types.ts";
import { type Aggregation, aggregate } from "../verifiers/aggregate.ts";
import { answerClasses, isCorrectAnswer } from "../verifiers/answer.ts";
import type { Drawn } from "./reading.ts";

/** The samples of one problem, in columns, as selection needs them. */
export interface Columns {
  readonly count: number;
  /** Class of equal answers, counted from 0; -1 without an answer. */
  readonly answer: Int32Array;
  readonly classes: number;
  /** 1 for a solution that was ended. */
  readonly complete: Uint8Array;
  /** NaN where it is unknown. */
  readonly score: Float64Array;
  /** 1 for a right one. */
  readonly right: Uint8Array;
  /** Generated tokens; NaN where they are unknown. */
  readonly tokens: Float64Array;
}

/**
 * The columns of a problem's samples, or `undefined` when nobody knows which are right. Answers are classed once,
 * over all samples, so that a subset groups them as the whole does. A reference answer, or for generated problems
 * their rule, decides what is right; where there is neither, what the bank says.
 */
export function columnsOf(
  problem: Problem,
  samples: readonly Drawn[],
  aggregation?: Aggregation,
): Columns | undefined {
  const right = rightOf(problem, samples);
  if (right === undefined) return undefined;
  const answers = [...new Set(samples.flatMap((one) => (answered(one) ? [one.answer!] : [])))];
  const heads = answerClasses(answers);
  const numbers = new Map([...new Set(heads)].map((head, number) => [head, number]));
  const classOf = new Map(answers.map((answer, index) => [answer, numbers.get(heads[index]!)!]));
  return {
    count: samples.length,
    answer: Int32Array.from(samples, (one) => (answered(one) ? classOf.get(one.answer!)! : -1)),
    classes: numbers.size,
    complete: Uint8Array.from(samples, ({ complete }) => (complete ? 1 : 0)),
    score: Float64Array.from(samples, (one) => scoreOf(one, aggregation) ?? Number.NaN),
    right,
    tokens: Float64Array.from(samples, ({ outputTokens }) => outputTokens ?? Number.NaN),
  };
}

/** The same columns with scores that are aggregated otherwise. */
export function rescored(columns: Columns, samples: readonly Drawn[], aggregation?: Aggregation): Columns {
  if (aggregation === undefined) return columns;
  return { ...columns, score: Float64Array.from(samples, (one) => scoreOf(one, aggregation) ?? Number.NaN) };
}

const answered = ({ complete, answer }: Drawn) => complete && answer !== undefined;

function scoreOf({ score, steps }: Drawn, aggregation: Aggregation | undefined): number | undefined {
  return aggregation === undefined || steps === undefined ? score : aggregate(steps, aggregation);
}

function rightOf(problem: Problem, samples: readonly Drawn[]): Uint8Array | undefined {
  const verdicts = new Map<string, boolean | undefined>();
  const ruled = ({ answer, complete }: Drawn): boolean | undefined => {
    const stated = complete ? answer : undefined;
    const key = stated ?? "";
    if (!verdicts.has(key)) verdicts.set(key, isCorrectAnswer(problem, stated));
    return verdicts.get(key);
  };
  const verdict = samples.map((one) => ruled(one) ?? one.correct);
  if (verdict.every((right) => right === undefined)) return undefined;
  return Uint8Array.from(verdict, (right) => (right === true ? 1 : 0));
}
