/** What the recipe recorded of each problem: samples with step scores, and searches (pico/bank.py, pico/searches.py). */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { type FlopsShape, flops } from "../../src/budget/flops.ts";
import { embeddedPath } from "../../src/models/embedded.ts";
import { ggufFacts, readGgufHeader } from "../../src/models/gguf/index.ts";
import type { Recorded, Search } from "../../src/policy/index.ts";
import type { Problem } from "../../src/types.ts";
import { answerClasses, extractAnswer, isCorrectAnswer } from "../../src/verifiers/answer.ts";

/** Problem, samples and searches, with all costs in FLOPs. */
export interface Recording {
  readonly problem: Problem;
  readonly samples: Recorded;
  /** Share of right samples. */
  readonly passAt1: number;
  /** Mean score of all samples. */
  readonly meanScore: number;
  /** The sample at temperature 0. */
  readonly greedy: { readonly right: number; readonly flops: number };
  /** Beam searches by name, such as "beam-16-4". */
  readonly searches: ReadonlyMap<string, Search>;
}

export const LEVELS = [
  ...[2, 3, 4, 5, 6].map((level) => ({ family: "chain", level })),
  ...[1, 2, 3, 4, 5].map((level) => ({ family: "countdown", level })),
] as const;

const shapes = new Map<string, FlopsShape>();

export function shapeOf(name: "pico-s" | "pico-prm" | "pico-l" | "pico-rev"): FlopsShape {
  const shape = shapes.get(name) ?? ggufFacts(readGgufHeader(embeddedPath(name))).shape;
  if (shape === undefined) throw new Error(`The file of ${name} does not say its shape.`);
  shapes.set(name, shape);
  return shape;
}

/** A sample, as a bank exports it. */
export interface Line {
  readonly prompt: string;
  readonly text: string;
  readonly params: { readonly temperature: number };
  readonly finish: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly scores?: readonly { readonly value: number; readonly steps: readonly number[] }[];
}

/** A search that was run: its completed candidates, and what it evaluated beside the prompt. */
export interface Run {
  readonly candidates: readonly {
    readonly answer: string | undefined;
    readonly score: number;
    readonly count: number;
  }[];
  readonly flops: number;
}

interface SearchLine {
  readonly id: string;
  readonly generator: Evaluated;
  readonly verifier: Evaluated;
  readonly candidates: readonly { readonly text: string; readonly score: number; readonly count: number }[];
}

/** Tokens that were evaluated, and the tokens that they attended to. */
interface Evaluated {
  readonly tokens: number;
  readonly attended: number;
}

export const rowsOf = <T>(file: string): readonly T[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);

/** The recordings of one level, problem by problem; none when the level is not there. Equal prompts come once. */
export function readLevel(
  folder: string,
  family: string,
  level: number,
  searches: readonly string[],
): readonly Recording[] {
  const file = path.join(folder, `${family}-${level}.jsonl`);
  if (!existsSync(file)) return [];
  const problems = rowsOf<Problem>(path.join(folder, `problems-${family}-${level}.json`));
  const found = searches.map((name) => {
    const lines = rowsOf<SearchLine>(path.join(folder, `${name}-${family}-${level}.jsonl`));
    return [name, new Map(lines.map((line) => [line.id, line]))] as const;
  });
  const lines = Map.groupBy(rowsOf<Line>(file), ({ prompt }) => prompt);
  const samples = Math.min(...[...lines.values()].map(({ length }) => length)) - 1;
  const [generator, verifier] = [shapeOf("pico-s"), shapeOf("pico-prm")];
  return [...new Map(problems.map((problem) => [problem.prompt, problem])).values()].map((problem) => {
    const own = lines.get(problem.prompt)!;
    const runs = found.map(([name, byId]): [string, Run] => {
      const { candidates, generator: drawn, verifier: read } = byId.get(problem.id)!;
      const answered = candidates.map(({ text, ...one }) => ({
        ...one,
        answer: extractAnswer(problem, text),
      }));
      const all = evaluated(generator, drawn) + evaluated(verifier, read);
      return [name, { candidates: answered, flops: all - startOf(own[0]!.inputTokens) }];
    });
    return recordingOf(problem, own, samples, runs);
  });
}

/** A recording of the first so many samples of a problem at temperature 1, the one at temperature 0, and searches. */
export function recordingOf(
  problem: Problem,
  lines: readonly Line[],
  samples: number,
  runs: readonly (readonly [name: string, run: Run])[],
): Recording {
  const own = lines.filter(({ params }) => params.temperature === 1).slice(0, samples);
  const greedy = lines.find(({ params }) => params.temperature === 0)!;
  const answers = new Map(
    [...new Set(own.map(({ text }) => text))].map((text) => [text, extractAnswer(problem, text)]),
  );
  const verdict = verdicts(problem, [
    ...answers.values(),
    ...runs.flatMap(([, { candidates }]) => candidates.map(({ answer }) => answer)),
  ]);
  const scores = new Map(
    lines.flatMap(({ text, scores: said }) =>
      said === undefined || said.length === 0 ? [] : [[text, said[0]!.value] as const],
    ),
  );
  const [generator, verifier] = [shapeOf("pico-s"), shapeOf("pico-prm")];
  const { inputTokens } = lines[0]!;
  const ended = ({ finish }: Line) => finish === "end";
  const score = Float64Array.from(own, (one) =>
    ended(one) ? (scores.get(one.text) ?? Number.NaN) : Number.NaN,
  );
  const of = (one: Line) => verdict(ended(one) ? answers.get(one.text) : undefined);
  const right = Uint8Array.from(own, (one) => of(one).right);
  const found = new Map(
    runs.map(([name, { candidates, flops: cost }]) => [name, searchOf(candidates, verdict, cost)]),
  );
  return {
    problem,
    samples: {
      promptLength: problem.prompt.length,
      answer: Int32Array.from(own, (one) => of(one).answer),
      score,
      right,
      tokens: Int32Array.from(own, ({ outputTokens }) => outputTokens),
      start: startOf(inputTokens),
      cost: Float64Array.from(own, ({ outputTokens }) =>
        flops(generator, { inputTokens, cachedTokens: inputTokens, outputTokens }),
      ),
      reading: readingOf(own, verifier),
      searches: [...found.values()],
    },
    passAt1: sum(right) / own.length,
    meanScore: sum(score) / own.length,
    greedy: {
      right: verdict(extractAnswer(problem, greedy.text)).right,
      flops: flops(generator, { inputTokens, outputTokens: greedy.outputTokens }),
    },
    searches: found,
  };
}

type Verdict = (answer: string | undefined) => { readonly answer: number; readonly right: number };

function searchOf(candidates: Run["candidates"], verdict: Verdict, cost: number): Search {
  const said = candidates.map(({ answer }) => verdict(answer));
  return {
    answer: said.map(({ answer }) => answer),
    score: candidates.map(({ score }) => score),
    right: said.map(({ right }) => right),
    count: candidates.map(({ count }) => count),
    cost,
  };
}

/** The sum of what is known. */
const sum = (values: ArrayLike<number>) =>
  Array.from(values).reduce((total, one) => total + (Number.isNaN(one) ? 0 : one), 0);

const evaluated = (
  { activeParameters, layers, attentionWidth }: FlopsShape,
  { tokens, attended }: Evaluated,
) => 2 * activeParameters * tokens + 4 * layers * attentionWidth * attended;

/** FLOPs of both models reading a prompt. */
export const startOf = (inputTokens: number) =>
  flops(shapeOf("pico-s"), { inputTokens, outputTokens: 0 }) +
  flops(shapeOf("pico-prm"), { inputTokens, outputTokens: 0 });

/** Classes of equal answers, and which of them are right. */
export function verdicts(problem: Problem, answers: readonly (string | undefined)[]): Verdict {
  const stated = [...new Set(answers.filter((answer) => answer !== undefined))];
  const heads = answerClasses(stated);
  const known = new Map(
    stated.map((answer, place) => [
      answer,
      { answer: heads[place]!, right: Number(isCorrectAnswer(problem, answer) === true) },
    ]),
  );
  return (answer) => (answer === undefined ? undefined : known.get(answer)) ?? { answer: -1, right: 0 };
}

/**
 * What the verifier reads: a line behind the same lines is read once, as a prefix cache has it. The tokens of a
 * sample are dealt to its lines by their characters.
 */
function readingOf(own: readonly Line[], verifier: FlopsShape) {
  const numbers = new Map<string, number>();
  const pieces: number[] = [];
  const cost: number[] = [];
  const ends: number[] = [];
  for (const { text, inputTokens, outputTokens } of own) {
    let [prefix, before] = ["", inputTokens];
    for (const line of text.split("\n")) {
      prefix += `${line}\n`;
      const after = inputTokens + Math.round((outputTokens * prefix.length) / (text.length + 1));
      if (!numbers.has(prefix)) numbers.set(prefix, numbers.size);
      pieces.push(numbers.get(prefix)!);
      cost.push(flops(verifier, { inputTokens: after, cachedTokens: before, outputTokens: 0 }));
      before = after;
    }
    ends.push(pieces.length);
  }
  return { pieces: Int32Array.from(pieces), cost: Float64Array.from(cost), ends: Int32Array.from(ends) };
}
