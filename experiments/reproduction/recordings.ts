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

export const shapeOf = (name: "pico-s" | "pico-prm" | "pico-l" | "pico-rev"): FlopsShape => {
  const { shape } = ggufFacts(readGgufHeader(embeddedPath(name)));
  if (shape === undefined) throw new Error(`The file of ${name} does not say its shape.`);
  return shape;
};

interface Line {
  readonly prompt: string;
  readonly text: string;
  readonly params: { readonly temperature: number };
  readonly finish: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly scores?: readonly { readonly value: number; readonly steps: readonly number[] }[];
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
    return new Map(lines.map((line) => [line.id, line]));
  });
  const lines = Map.groupBy(rowsOf<Line>(file), ({ prompt }) => prompt);
  return [...new Map(problems.map((problem) => [problem.prompt, problem])).values()].map((problem) => {
    const most = Math.min(512, lines.get(problem.prompt)!.length - 1);
    const own = lines.get(problem.prompt)!.filter(({ params }) => params.temperature === 1);
    const runs = found.map((byId) => byId.get(problem.id)!);
    return recordingOf(problem, own.slice(0, most), lines.get(problem.prompt)!, searches, runs);
  });
}

function recordingOf(
  problem: Problem,
  own: readonly Line[],
  all: readonly Line[],
  names: readonly string[],
  runs: readonly SearchLine[],
): Recording {
  const [generator, verifier] = [shapeOf("pico-s"), shapeOf("pico-prm")];
  const known = verdicts(problem, [
    ...own.map(({ text }) => text),
    ...runs.flatMap(({ candidates }) => candidates.map(({ text }) => text)),
  ]);
  const scores = new Map(
    all.flatMap(({ text, scores: said }) => (said === undefined ? [] : [[text, said[0]!.value] as const])),
  );
  const { inputTokens } = all[0]!;
  const score = Float64Array.from(own, ({ text, finish }) =>
    finish === "end" ? (scores.get(text) ?? Number.NaN) : Number.NaN,
  );
  const right = Uint8Array.from(own, ({ text, finish }) =>
    finish === "end" && known.get(text)!.right ? 1 : 0,
  );
  const greedy = all.find(({ params }) => params.temperature === 0)!;
  const search = ({ candidates, generator: drawn, verifier: read }: SearchLine): Search => ({
    answer: candidates.map(({ text }) => known.get(text)!.answer),
    score: candidates.map((one) => one.score),
    right: candidates.map(({ text }) => Number(known.get(text)!.right)),
    count: candidates.map(({ count }) => count),
    cost: evaluated(generator, drawn) + evaluated(verifier, read) - start(generator, verifier, inputTokens),
  });
  const byName = new Map(names.map((name, number) => [name, search(runs[number]!)]));
  const sum = (values: ArrayLike<number>) =>
    Array.from(values).reduce((total, one) => total + (Number.isNaN(one) ? 0 : one), 0);
  return {
    problem,
    samples: {
      promptLength: problem.prompt.length,
      answer: Int32Array.from(own, ({ text, finish }) => (finish === "end" ? known.get(text)!.answer : -1)),
      score,
      right,
      tokens: Int32Array.from(own, ({ outputTokens }) => outputTokens),
      start: start(generator, verifier, inputTokens),
      cost: Float64Array.from(own, ({ outputTokens }) =>
        flops(generator, { inputTokens, cachedTokens: inputTokens, outputTokens }),
      ),
      reading: readingOf(own, verifier),
      searches: [...byName.values()],
    },
    passAt1: sum(right) / own.length,
    meanScore: sum(score) / own.length,
    greedy: {
      right: Number(isCorrectAnswer(problem, extractAnswer(problem, greedy.text)) === true),
      flops: flops(generator, { inputTokens, outputTokens: greedy.outputTokens }),
    },
    searches: byName,
  };
}

const evaluated = (
  { activeParameters, layers, attentionWidth }: FlopsShape,
  { tokens, attended }: Evaluated,
) => 2 * activeParameters * tokens + 4 * layers * attentionWidth * attended;

/** FLOPs of both models reading the prompt. */
const start = (generator: FlopsShape, verifier: FlopsShape, inputTokens: number) =>
  flops(generator, { inputTokens, outputTokens: 0 }) + flops(verifier, { inputTokens, outputTokens: 0 });

/** For each text the class of its answer, and whether it is right. */
export function verdicts(problem: Problem, texts: readonly string[]) {
  const different = [...new Set(texts)];
  const answers = different.map((text) => extractAnswer(problem, text));
  const stated = [...new Set(answers.filter((answer) => answer !== undefined))];
  const heads = answerClasses(stated);
  const classOf = new Map(stated.map((answer, place) => [answer, heads[place]!]));
  const rightOf = new Map(stated.map((answer) => [answer, isCorrectAnswer(problem, answer) === true]));
  return new Map(
    different.map((text, place) => {
      const answer = answers[place];
      return [
        text,
        answer === undefined
          ? { answer: -1, right: false }
          : { answer: classOf.get(answer)!, right: rightOf.get(answer)! },
      ];
    }),
  );
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
