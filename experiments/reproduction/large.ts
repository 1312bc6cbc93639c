/** What the large model answered (pico/bank.py with pico-l): greedily, by vote of samples, and chosen by pico-prm. */
import { existsSync } from "node:fs";
import path from "node:path";
import { type FlopsShape, flops } from "../../src/budget/flops.ts";
import { createVotes } from "../../src/policy/index.ts";
import type { Problem, Usage } from "../../src/types.ts";
import { extractAnswer } from "../../src/verifiers/answer.ts";
import { meanOf } from "./bins.ts";
import { rowsOf, shapeOf, verdicts } from "./recordings.ts";

/** Samples of each problem. */
const SAMPLES = 16;
const SIZES = [4, 8, 16] as const;

export interface Answered {
  readonly right: number;
  /** Of prompt, samples and, where it chooses, the verifier, which reads different texts once. */
  readonly flops: number;
}

export interface Large {
  readonly problem: Problem;
  /** By "greedy", "majority of 4", "weighted best-of-4", ...: means over disjoint groups of the samples. */
  readonly answers: ReadonlyMap<string, Answered>;
}

interface Line {
  readonly prompt: string;
  readonly text: string;
  readonly params: { readonly temperature: number };
  readonly finish: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly scores?: readonly { readonly value: number; readonly usage: Usage }[];
}

/** The problems of a level that the large model answered; none when the level is not there. */
export function readLarge(folder: string, family: string, level: number): readonly Large[] {
  const file = path.join(folder, `pico-l-${family}-${level}.jsonl`);
  if (!existsSync(file)) return [];
  const problems = rowsOf<Problem>(path.join(folder, `problems-${family}-${level}.json`));
  const byPrompt = new Map(problems.map((problem) => [problem.prompt, problem]));
  const shapes = { generator: shapeOf("pico-l"), verifier: shapeOf("pico-prm") };
  return [...Map.groupBy(rowsOf<Line>(file), ({ prompt }) => prompt)].map(([prompt, lines]) => {
    const problem = byPrompt.get(prompt)!;
    const answer = answerer(problem, lines, shapes);
    const drawn = lines.filter(({ params }) => params.temperature === 1).slice(0, SAMPLES);
    const greedy = lines.filter(({ params }) => params.temperature === 0).slice(0, 1);
    const chosen = SIZES.flatMap((k) =>
      ["majority of ", "weighted best-of-"].map((rule) => {
        const groups = Array.from({ length: SAMPLES / k }, (_, group) =>
          answer(drawn.slice(group * k, (group + 1) * k), rule.startsWith("weighted")),
        );
        const one = {
          right: meanOf(groups.map(({ right }) => right)),
          flops: meanOf(groups.map((group) => group.flops)),
        };
        return [`${rule}${k}`, one] as const;
      }),
    );
    return { problem, answers: new Map([["greedy", answer(greedy, false)], ...chosen]) };
  });
}

interface Shapes {
  readonly generator: FlopsShape;
  readonly verifier: FlopsShape;
}

/** What some samples of a problem answer by votes, or by summed scores, and what that costs. */
function answerer(problem: Problem, all: readonly Line[], shapes: Shapes) {
  const answers = new Map(all.map(({ text }) => [text, extractAnswer(problem, text)]));
  const verdict = verdicts(problem, [...answers.values()]);
  const said = new Map(
    all.flatMap(({ text, scores }) => (scores === undefined ? [] : [[text, scores[0]!] as const])),
  );
  return (lines: readonly Line[], scored: boolean): Answered => {
    const votes = createVotes();
    const read = new Set<string>();
    let cost = 0;
    for (const [place, { text, finish, inputTokens, outputTokens }] of lines.entries()) {
      const cachedTokens = place === 0 ? 0 : inputTokens;
      cost += flops(shapes.generator, { inputTokens, cachedTokens, outputTokens });
      const score = scored ? said.get(text) : undefined;
      votes.add(finish === "end" ? verdict(answers.get(text)).answer : -1, score?.value ?? Number.NaN);
      if (score !== undefined && !read.has(text))
        cost += flops(shapes.verifier, { ...score.usage, cachedTokens: read.size === 0 ? 0 : inputTokens });
      if (score !== undefined) read.add(text);
    }
    const { leader } = votes.standing();
    const right = leader === undefined ? 0 : verdict(answers.get(lines[leader.best]!.text)).right;
    return { right, flops: cost };
  };
}
