/** Chains of revisions by pico-rev (pico/searches.py), and what every ratio of sequential to parallel makes of them. */
import { existsSync } from "node:fs";
import path from "node:path";
import { type FlopsShape, flops } from "../../src/budget/flops.ts";
import { createVotes } from "../../src/policy/index.ts";
import type { Problem } from "../../src/types.ts";
import { extractAnswer } from "../../src/verifiers/answer.ts";
import { meanOf } from "./bins.ts";
import { rowsOf, shapeOf, verdicts } from "./recordings.ts";

/** Attempts that pico-rev sees before the next one, at most. */
const HISTORY = 4;

interface Line {
  readonly id: string;
  readonly chains: readonly (readonly Written[])[];
}

interface Written {
  readonly text: string;
  readonly score: number;
  /** Tokens before the attempt: the prompt and the attempts that it saw. */
  readonly asked: number;
  /** Of the attempt. */
  readonly tokens: number;
}

export interface Attempt {
  /** Class of equal answers; -1 without one. */
  readonly answer: number;
  readonly score: number;
  readonly right: number;
  /** FLOPs, without those of reading the prompt. */
  readonly cost: number;
}

/** The chains of a problem, the longest first: those of `r` attempts and more are the first `most / r`. */
export interface Chains {
  readonly problem: Problem;
  readonly most: number;
  readonly chains: readonly (readonly Attempt[])[];
  /** FLOPs of reading the prompt, once. */
  readonly start: number;
}

/** Chains of the problems of a level that have them; none when the level is not there. */
export function readChains(folder: string, family: string, level: number, most = 64): readonly Chains[] {
  const file = path.join(folder, `revisions-${most}-${family}-${level}.jsonl`);
  if (!existsSync(file)) return [];
  const problems = rowsOf<Problem>(path.join(folder, `problems-${family}-${level}.json`));
  const shape = shapeOf("pico-rev");
  const byId = new Map(problems.map((problem) => [problem.id, problem]));
  const found = rowsOf<Line>(file).map(({ id, chains }) => chainsOf(byId.get(id)!, chains, most, shape));
  return [...new Map(found.map((one) => [one.problem.prompt, one])).values()];
}

function chainsOf(problem: Problem, chains: Line["chains"], most: number, shape: FlopsShape): Chains {
  const answers = new Map(chains.flat().map(({ text }) => [text, extractAnswer(problem, text)]));
  const verdict = verdicts(problem, [...answers.values()]);
  const prompt = chains[0]![0]!.asked;
  return {
    problem,
    most,
    start: flops(shape, { inputTokens: prompt, outputTokens: 0 }),
    chains: chains.map((chain) =>
      chain.map(({ text, score, asked, tokens }, place): Attempt => {
        const { answer, right } = verdict(answers.get(text));
        const cachedTokens = cachedOf(chain, place, prompt);
        const cost = flops(shape, { inputTokens: asked, cachedTokens, outputTokens: tokens });
        return { answer, score, right, cost };
      }),
    ),
  };
}

/**
 * Tokens before an attempt that a prefix cache has of its chain: the prompt, and the leading attempts that stand where
 * they stood before. Once the window of attempts moves, those in it are read anew unless they are equal texts.
 */
export function cachedOf(chain: readonly Written[], place: number, prompt: number): number {
  if (place === 0) return prompt;
  const before = [...windowOf(chain, place - 1, prompt), chain[place - 1]!];
  let cached = prompt;
  for (const [index, { text, tokens }] of windowOf(chain, place, prompt).entries()) {
    if (before[index]?.text !== text) break;
    cached += tokens;
  }
  return cached;
}

/** The attempts that one saw: the last ended ones, fewer where they would not fit its context. */
function windowOf(chain: readonly Written[], place: number, prompt: number): readonly Written[] {
  const ended = chain.slice(0, place).filter(({ text }) => text.split("\n").at(-1)!.startsWith("#### "));
  let seen = ended.slice(-HISTORY);
  const size = (all: readonly Written[]) => all.reduce((sum, { tokens }) => sum + tokens, prompt);
  while (seen.length > 0 && size(seen) > chain[place]!.asked) seen = seen.slice(1);
  return seen;
}

/** Weighted best-of-N: the best solution of the answer with most summed scores. */
function weighted(attempts: readonly Attempt[]): Attempt | undefined {
  const votes = createVotes();
  for (const { answer, score } of attempts) votes.add(answer, score);
  const { leader } = votes.standing();
  return leader && attempts[leader.best];
}

function majority(attempts: readonly Attempt[]): Attempt | undefined {
  return weighted(attempts.map((one) => ({ ...one, score: Number.NaN })));
}

/** What N generations give as N / r chains of r attempts: means over disjoint groups of the recorded chains. */
export interface Spread {
  /** Weighted best-of-N within each chain, then across chains (Snell et al. 2024, section 6.1). */
  readonly weighted: number;
  /** All answers vote flat. */
  readonly majority: number;
  readonly flops: number;
}

export function spread({ chains, most, start }: Chains, n: number, r: number): Spread {
  const starts = chains.slice(0, most / r).map((chain) => chain.slice(0, r));
  const groups = Array.from({ length: most / n }, (_, group) =>
    starts.slice((group * n) / r, ((group + 1) * n) / r),
  );
  const winner = (group: readonly (readonly Attempt[])[]) =>
    weighted(group.map(weighted).filter((one) => one !== undefined));
  return {
    weighted: meanOf(groups.map((group) => winner(group)?.right ?? 0)),
    majority: meanOf(groups.map((group) => majority(group.flat())?.right ?? 0)),
    flops: start + meanOf(groups.map((group) => group.flat().reduce((sum, { cost }) => sum + cost, 0))),
  };
}
