import { createHash } from "node:crypto";
import {
  LEAST_PROBLEMS,
  learn,
  type Measured,
  type Policy,
  type Provenance,
  type Recorded,
  type Savings,
  simulate,
  simulateUniform,
  usualPrice,
} from "../policy/index.ts";
import { type Rng, rng } from "../random.ts";
import { budgetRatio } from "../stats/budget-ratio.ts";
import { bootstrap } from "../stats/means.ts";
import { PUBLISHED_RESAMPLES } from "../stats/resampling.ts";
import type { StrategyPlan } from "../strategies/index.ts";
import { type Problem, UsageError } from "../types.ts";
import type { Bank } from "./bank.ts";
import { chooseSources, type Sources } from "./choosing.ts";
import { columnsOf } from "./columns.ts";
import type { Contents, Drawn } from "./reading.ts";
import { readSearches, withSearches } from "./searched.ts";

/** What to learn a policy from. */
export interface CalibrateOptions {
  readonly bank: Bank;
  /** Name of the policy. */
  readonly name: string;
  /** ISO 8601, for the policy's provenance. */
  readonly created: string;
  /** The problems to learn from, with their answers. Default: every prompt of the bank that somebody graded. */
  readonly problems?: readonly Problem[] | undefined;
  /** Number of the setting whose samples are used. Default: the only one with a temperature above 0. */
  readonly setting?: number | undefined;
  /**
   * Name or number of the verifier whose scores are used, or "none" to let answers vote. Default: the only one;
   * without any, answers vote.
   */
  readonly verifier?: string | undefined;
  /** Default 1. */
  readonly seed?: number;
  /** Told of each of the steps as it begins: "reading", then three times "learning". */
  readonly onStep?: (step: string) => void;
}

/** Ns of the same N for every problem, at which savings are told, as far as there are samples. */
const TOLD = [4, 8, 16, 32, 64, 128, 256];
/** Prices that are measured, each this much lower than the one before. */
const PRICES = 22;
const FALL = 2 ** -0.7;
/** Gain of the first price, in accuracy per mean sample. */
const DEAREST = 0.25;

/**
 * Learns a policy from the samples of a bank (see `learn`), with no call of a model, and measures by two-fold
 * cross-validation over problems what it saves against the same N for every problem.
 * @throws UsageError when the bank has no such samples, nobody knows which are right, problems or samples are
 * too few, or there is nothing to learn because all or none are right
 */
export async function calibrate(options: CalibrateOptions): Promise<Policy> {
  const { bank, name, created, seed = 1, onStep = () => {} } = options;
  const contents = await bank.contents();
  const sources = sourcesOf(contents, options);
  onStep("reading");
  const { problems, prompts, searches } = await readProblems(options, contents, sources);
  refuse(problems, contents.verifiers.find(({ id }) => id === sources.verifier)?.name);
  const random = rng(seed);
  const folds = foldsOf(problems.length, random.split("folds"));
  const measured = folds.map((fold, side) => {
    onStep("learning");
    const learned = folds[1 - side]!.map((place) => problems[place]!);
    const rule = learn(learned, random.split("learn", side), { searches });
    const held = fold.map((place) => problems[place]!);
    return { rule, held };
  });
  const most = Math.min(...measured.map(({ rule }) => rule.most));
  onStep("learning");
  const rule = learn(problems, random.split("learn"), { searches });
  const savings = savingsOf(measured, most, random.split("measure"));
  return {
    bedacht: "policy/1",
    name,
    created,
    learnedOn: provenanceOf(contents, sources, { prompts, samples: rule.most, seed }),
    rule,
    price: usualPrice(savings.policy),
    measured: savings,
  };
}

function sourcesOf(contents: Contents, { setting, verifier }: CalibrateOptions): Sources {
  return chooseSources(contents, {
    settings: setting === undefined ? undefined : [setting],
    verifier,
    needs: { samples: true, greedy: false, scores: verifier !== "none" && hasScores(contents, verifier) },
  });
}

/** A verifier that is asked for and not there is told by `chooseSources`. */
function hasScores({ verifiers }: Contents, asked: string | undefined): boolean {
  return asked !== undefined || verifiers.length > 0;
}

interface Read {
  readonly problems: readonly Recorded[];
  readonly prompts: readonly string[];
  /** Plans of the searches that sweeps ran on every one of them. */
  readonly searches: readonly StrategyPlan[];
}

async function readProblems(
  options: CalibrateOptions,
  contents: Contents,
  { settings, verifier }: Sources,
): Promise<Read> {
  const { bank } = options;
  const wanted =
    options.problems && new Map(options.problems.map((problem) => [problem.prompt.trim(), problem]));
  const read: { readonly recorded: Recorded; readonly drawn: readonly Drawn[]; readonly prompt: string }[] =
    [];
  for await (const { id, text } of bank.prompts()) {
    const problem = wanted === undefined ? { id: String(id), prompt: text } : wanted.get(text.trim());
    if (problem === undefined) continue;
    const drawn = await bank.drawn(id, { settings, verifier });
    const costed = drawn.length === 0 ? undefined : samplesOf(problem, drawn);
    if (costed === undefined) continue;
    read.push({ recorded: costed, drawn, prompt: text });
  }
  const prompts = read.map(({ prompt }) => prompt);
  const models = {
    generator: contents.settings.find(({ id }) => id === settings[0])!.fingerprint,
    verifier: contents.verifiers.find(({ id }) => id === verifier)?.fingerprint,
  };
  const stored = await readSearches(bank, models, prompts);
  const problems = read.map(({ recorded, drawn, prompt }): Recorded => {
    const cells = stored.of(prompt) ?? [];
    return cells.length === 0 ? recorded : { ...recorded, ...withSearches(drawn, cells) };
  });
  return { problems, prompts, searches: stored.plans };
}

/** The samples of a problem as a policy learns from them; `undefined` when nobody knows which are right. */
export function samplesOf(problem: Problem, drawn: readonly Drawn[]): Recorded | undefined {
  const columns = columnsOf(problem, drawn);
  if (columns === undefined) return undefined;
  const { answer, right, tokens, complete } = columns;
  const score = columns.score.map((value, place) => (complete[place] === 1 ? value : Number.NaN));
  return {
    promptLength: problem.prompt.length,
    answer,
    score,
    right,
    tokens,
    start: 0,
    // An empty solution costs a token at least, as budgets of nothing have no ratio.
    cost: tokens.map((count) => Math.max(1, count)),
    searches: [],
  };
}

const some = (values: ArrayLike<number>, holds: (value: number) => boolean): boolean =>
  Array.prototype.some.call(values, holds);

function refuse(problems: readonly Recorded[], verifier: string | undefined): void {
  if (problems.length < LEAST_PROBLEMS * 2)
    throw new UsageError(
      `The bank has graded samples of ${problems.length} problems, and a policy needs ${2 * LEAST_PROBLEMS}: fill it with more (bedacht solve --bank), or give the answers with --problems FILE.`,
    );
  const fewest = Math.min(...problems.map(({ answer }) => answer.length));
  if (fewest < 4)
    throw new UsageError(
      `Some problem has ${fewest} samples, and a policy needs 4 of each, better 32 or more: draw more.`,
    );
  if (problems.some(({ tokens }) => some(tokens, Number.isNaN)))
    throw new UsageError("Some samples do not say how many tokens they took: import them with outputTokens.");
  if (verifier !== undefined && !problems.some(({ score }) => some(score, (one) => !Number.isNaN(one))))
    throw new UsageError(
      `The verifier ${verifier} scored none of these samples: score them, or let answers vote with --verifier none.`,
    );
  if (!problems.some(({ right }) => some(right, (one) => one === 1)))
    throw new UsageError("No sample of the bank is right, so more of them never pay.");
  if (!problems.some(({ right }) => some(right, (one) => one === 0)))
    throw new UsageError("Every sample of the bank is right, so one is enough.");
}

/** Two halves of the problems, at random. */
function foldsOf(count: number, random: Rng): readonly [readonly number[], readonly number[]] {
  const order = random.shuffle(Array.from({ length: count }, (_, place) => place));
  const half = Math.ceil(count / 2);
  return [order.slice(0, half), order.slice(half)];
}

interface Held {
  readonly rule: ReturnType<typeof learn>;
  readonly held: readonly Recorded[];
}

function savingsOf(folds: readonly Held[], most: number, random: Rng): Savings {
  const all = folds.flatMap(({ held }) => held);
  const tokensPerSample = mean(all.map(({ tokens }) => mean(Array.from(tokens))));
  const prices = Array.from({ length: PRICES }, (_, step) => (DEAREST / tokensPerSample) * FALL ** step);
  const ns = [1, 2, ...TOLD].filter((n) => n <= most);
  const orders = random.split("orders");
  const policy = joined(
    folds.map(({ rule, held }, side) => simulate({ ...rule, most }, held, prices, orders.split(side))),
  );
  const uniform = joined(folds.map(({ held }, side) => simulateUniform(held, ns, orders.split(side))));
  const estimates = bootstrap(
    [...uniform.accuracy, ...policy.accuracy],
    all.length,
    random.split("bootstrap"),
    PUBLISHED_RESAMPLES,
  );
  return {
    uniform: ns.map((n, place) => ({ n, accuracy: estimates[place]!, tokens: mean(uniform.cost[place]!) })),
    policy: prices.map((price, place) => ({
      price,
      accuracy: estimates[ns.length + place]!,
      samples: mean(policy.samples[place]!),
      tokens: mean(policy.cost[place]!),
    })),
    ratios: ns.flatMap((n, place) => {
      if (!TOLD.includes(n)) return [];
      const at = { curve: "first", budget: place } as const;
      const { accuracy, ratio, low, high, reason } = budgetRatio(
        uniform,
        policy,
        at,
        random.split("ratio", n),
      );
      return [{ n, accuracy, ratio, low, high, reason: reason && named(reason) }];
    }),
  };
}

/** Says which curve is which. */
function named(reason: string): string {
  return reason
    .replaceAll("the first", "the same N for every problem")
    .replaceAll("the second", "the policy");
}

/** Measurements of the folds, one after the other. */
function joined(folds: readonly Measured[]): Measured {
  const join = (of: (one: Measured) => readonly Float64Array[]) =>
    of(folds[0]!).map((_, size) => Float64Array.from(folds.flatMap((fold) => [...of(fold)[size]!])));
  return {
    accuracy: join(({ accuracy }) => accuracy),
    samples: join(({ samples }) => samples),
    searches: join(({ searches }) => searches),
    cost: join(({ cost }) => cost),
  };
}

const mean = (values: ArrayLike<number>): number =>
  (Array.prototype.reduce.call(values, (sum, value) => (sum as number) + value, 0) as number) / values.length;

function provenanceOf(
  { settings, verifiers }: Contents,
  sources: Sources,
  {
    prompts,
    samples,
    seed,
  }: { readonly prompts: readonly string[]; readonly samples: number; readonly seed: number },
): Provenance {
  const { model, fingerprint, params } = settings.find(({ id }) => id === sources.settings[0])!;
  const verifier = verifiers.find(({ id }) => id === sources.verifier);
  return {
    generator: { name: model, fingerprint, params },
    ...(verifier && { verifier: { name: verifier.name, fingerprint: verifier.fingerprint } }),
    problems: prompts.length,
    problemsHash: createHash("sha256").update(prompts.join("\0")).digest("hex"),
    samples,
    seed,
  };
}
