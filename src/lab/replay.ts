import { type Rng, rng } from "../random.ts";
import { bootstrap, type Estimate } from "../stats/means.ts";
import { type Problem, UsageError } from "../types.ts";
import type { Aggregation } from "../verifiers/aggregate.ts";
import type { Bank } from "./bank.ts";
import { chooseSources, type Sources } from "./choosing.ts";
import { measure, needsScores, type Player, playerOf, type ReplayPlan } from "./measuring.ts";

export type { ReplayPlan } from "./measuring.ts";

/** What to replay. */
export interface ReplayOptions {
  readonly bank: Bank;
  readonly plans: readonly ReplayPlan[];
  /** Values of N. Those that no problem has samples for are left out. */
  readonly n: readonly number[];
  /** Random subsets of every size and problem, drawn without replacement. Default 20. */
  readonly subsets?: number;
  /** Of the subsets and of the bootstrap. Default 1. */
  readonly seed?: number;
  /** Numbers of the settings whose samples are used. Default: the only one with a temperature above 0. */
  readonly settings?: readonly number[] | undefined;
  /** Name or number of the verifier whose scores are used. Default: the only one. */
  readonly verifier?: string | undefined;
  /** The problems to replay, with their reference answers. Default: every prompt of the bank. */
  readonly problems?: readonly Problem[] | undefined;
  /** Told after each problem. */
  readonly onProblem?: () => void;
}

/** One strategy at one N. */
export interface ReplayRow {
  readonly strategy: string;
  readonly aggregation?: Aggregation;
  readonly n: number;
  /** Problems that have so many samples. */
  readonly problems: number;
  readonly accuracy: Estimate;
  /** Unbiased pass@N, averaged over the same problems. */
  readonly coverage: Estimate;
  /** Mean samples that it asked for. */
  readonly samples: number;
  /** Mean generated tokens of these; `undefined` when they are unknown. */
  readonly tokens: number | undefined;
}

/** What came of a replay. */
export interface Replay extends Sources {
  readonly rows: readonly ReplayRow[];
  /** Problems that were replayed. */
  readonly problems: number;
  /** Samples that were read. */
  readonly samples: number;
  /** Problems that were asked for and have no sample in the bank. */
  readonly unknown: number;
  /** Problems of which nobody knows what is right. */
  readonly ungraded: number;
  /** Samples of the problem that has the most. */
  readonly most: number;
}

/**
 * Replays strategies from a bank at any N, with no new call. Every strategy and every N sees the same random
 * subsets (the first N of one random order of a problem's samples), so that they can be compared in pairs.
 * Intervals are over problems.
 * @throws UsageError when a strategy needs more than the bank has
 */
export async function replay(options: ReplayOptions): Promise<Replay> {
  const { bank, plans, problems, subsets = 20, seed = 1 } = options;
  const ns = [...new Set(options.n)].sort((a, b) => a - b);
  const players = plans.map((plan) => playerOf(plan, ns));
  const [greedy, sampling] = [true, false].map((one) =>
    players.filter(({ plan }) => (plan.strategy === "greedy") === one),
  ) as [Player[], Player[]];
  const sources = chooseSources(await bank.contents(), {
    settings: options.settings,
    verifier: options.verifier,
    needs: {
      samples: sampling.length > 0,
      greedy: greedy.length > 0,
      scores: plans.some(needsScores),
    },
  });
  const whole = players.some(({ tally }) => tally === undefined);
  const wanted = problems && new Map(problems.map((problem) => [problem.prompt.trim(), problem]));
  const count = { problems: 0, samples: 0, ungraded: 0, most: 0 };
  for await (const { id, text } of bank.prompts()) {
    const problem = wanted === undefined ? { id: String(id), prompt: text } : wanted.get(text.trim());
    if (problem === undefined) continue;
    const random = rng(seed).split("subsets", text);
    const common = { number: count.problems, problem, random };
    const drawn = sampling.length === 0 ? [] : await bank.drawn(id, { ...sources, whole });
    const likeliest = greedy.length === 0 ? [] : await bank.drawn(id, { settings: sources.greedy });
    if (drawn.length + likeliest.length === 0) continue;
    const graded = [
      drawn.length === 0 || (await measure(sampling, { ...common, samples: drawn, subsets })),
      likeliest.length === 0 ||
        (await measure(greedy, { ...common, samples: likeliest.slice(0, 1), subsets: 1 })),
    ];
    if (graded.includes(false)) count.ungraded += 1;
    count.problems += 1;
    count.samples += drawn.length + likeliest.length;
    count.most = Math.max(count.most, drawn.length);
    options.onProblem?.();
  }
  refuseIfEmpty(count);
  if (players.every(({ cells }) => cells.every((cell) => cell.problems.length === 0)))
    throw new UsageError(`No problem has ${ns[0]} samples: the most is ${count.most}.`);
  return {
    ...sources,
    ...count,
    rows: summarise(players, count.problems, rng(seed).split("bootstrap")),
    unknown: wanted === undefined ? 0 : wanted.size - count.problems,
  };
}

function refuseIfEmpty({ problems, ungraded }: { readonly problems: number; readonly ungraded: number }) {
  if (problems === 0)
    throw new UsageError(
      "The bank has no samples of these problems: give the problems that it was filled with.",
    );
  if (ungraded === problems)
    throw new UsageError(
      "Nobody knows which samples of the bank are right: give the problems with their answers, --problems FILE.",
    );
}

function summarise(players: readonly Player[], problems: number, random: Rng): readonly ReplayRow[] {
  const cells = players.flatMap(({ plan, cells: all }) =>
    all.filter((cell) => cell.problems.length > 0).map((cell) => ({ plan, cell })),
  );
  const measured = cells.flatMap(({ cell }) =>
    [cell.right, cell.covered].map((values) => {
      const row = new Float64Array(problems).fill(Number.NaN);
      for (const [index, value] of values.entries()) row[cell.problems[index]!] = value;
      return row;
    }),
  );
  const estimates = bootstrap(measured, problems, random);
  return cells.map(({ plan, cell }, index): ReplayRow => {
    const tokens = mean(cell.tokens);
    return {
      strategy: plan.strategy,
      ...(plan.aggregation && { aggregation: plan.aggregation }),
      n: cell.n,
      problems: cell.problems.length,
      accuracy: estimates[2 * index]!,
      coverage: estimates[2 * index + 1]!,
      samples: mean(cell.asked),
      tokens: Number.isNaN(tokens) ? undefined : tokens,
    };
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
