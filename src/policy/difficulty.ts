import type { Rng } from "../random.ts";
import { chanceOf, fitLogistic } from "../stats/logistic.ts";
import { rankCorrelation } from "../stats/ranks.ts";
import { type Binning, binOf, quantileBins } from "./bins.ts";
import { foldsOf, type Grouping } from "./folds.ts";

/** How easy a problem is, from 0 to 1: higher is easier. */
export interface Difficulty {
  readonly value: number;
  /** Samples that it is from. */
  readonly samples: number;
}

/** Fewest samples of an oracle; Snell et al. 2024 take 2,048. */
export const ORACLE_SAMPLES = 512;

/**
 * Oracle difficulty: pass@1, the share of right samples (Snell et al. 2024, section 3.2). It knows the reference
 * answers, and its samples are charged to nobody: a ceiling, no method.
 * @param least fewest samples it may be from. Default 512.
 * @throws RangeError when there are fewer
 */
export function oracleDifficulty(right: ArrayLike<number>, least = ORACLE_SAMPLES): Difficulty {
  const samples = right.length;
  if (samples < Math.max(1, least))
    throw new RangeError(
      `An oracle needs ${Math.max(1, least)} samples of a problem, and there are ${samples}: draw more, or say that fewer are enough.`,
    );
  return { value: meanOf(Array.from(right)), samples };
}

/**
 * Predicted difficulty: the mean final PRM score of the first samples (Snell et al. 2024, section 3.2, over the
 * oracle's 2,048 and free of charge). Of few samples it is a cheap probe, whose cost is to be charged. Unknown
 * scores (NaN) are left out; `undefined` when all are.
 * @param samples how many of the first. Default: all.
 * @throws RangeError when there are fewer, or none is asked for
 */
export function predictedDifficulty(
  scores: ArrayLike<number>,
  samples = scores.length,
): Difficulty | undefined {
  const known = firstOf(scores, samples).filter((score) => !Number.isNaN(score));
  return known.length === 0 ? undefined : { value: meanOf(known), samples };
}

/** What the first samples of a problem show. */
export interface ProbeSigns {
  /** Share of the samples that state the most frequent answer. */
  readonly agreement: number;
  /** `undefined` without any score. */
  readonly meanScore: number | undefined;
  readonly bestScore: number | undefined;
}

/**
 * The signs of a probe.
 * @param answers class of equal answers; below 0 without an answer
 * @param scores NaN where unknown
 * @throws RangeError when there are fewer samples than asked for, or none is asked for
 */
export function probeSigns(
  answers: ArrayLike<number>,
  scores: ArrayLike<number>,
  samples: number,
): ProbeSigns {
  const stated = firstOf(answers, samples).filter((answer) => answer >= 0);
  const votes = [...Map.groupBy(stated, (answer) => answer).values()].map(({ length }) => length);
  const known = firstOf(scores, samples).filter((score) => !Number.isNaN(score));
  return {
    agreement: Math.max(0, ...votes) / samples,
    meanScore: known.length === 0 ? undefined : meanOf(known),
    bestScore: known.length === 0 ? undefined : Math.max(...known),
  };
}

/** What a prompt shows before any sample: its length in characters, and how many numbers it states. */
export function promptFeatures(prompt: string): readonly [characters: number, numbers: number] {
  return [prompt.length, prompt.match(/\d+(?:\.\d+)?/g)?.length ?? 0];
}

/** Problems to learn difficulty from. */
export interface Lesson extends Grouping {
  /** `features[problem][feature]`, the same for all. */
  readonly features: readonly (readonly number[])[];
  /** Pass@1 of each problem; those outside `learnOn` are not looked at. */
  readonly passAt1: ArrayLike<number>;
  /** Problems whose pass@1 may be known, by number. */
  readonly learnOn: readonly number[];
  readonly random: Rng;
  /** Default 5. */
  readonly folds?: number | undefined;
  /** Penalty of squared weights of standardised features, see `fitLogistic`. Default 1. */
  readonly ridge?: number | undefined;
}

/**
 * Difficulty predicted from features by logistic regression of pass@1, for every problem by a model that has not
 * seen it: those of `learnOn` by the model of the other folds of `learnOn`, the others by the model of all of it.
 * Features are standardised by the problems that the model sees; one that is the same everywhere counts as 0.
 * @throws RangeError for lists of unequal length, numbers that are not finite, or fewer clusters than folds
 */
export function learnedDifficulty(lesson: Lesson): Float64Array {
  const { features, passAt1, learnOn, random, folds = 5, clusters, strata } = lesson;
  if (passAt1.length !== features.length)
    throw new RangeError(
      `Features of ${features.length} problems cannot pair with pass@1 of ${passAt1.length}.`,
    );
  const of = <T>(list: readonly T[] | undefined) => list && learnOn.map((problem) => list[problem]!);
  const fold = foldsOf(learnOn.length, folds, random, { clusters: of(clusters), strata: of(strata) });
  const estimates = new Float64Array(features.length);
  const whole = fitted(lesson, learnOn);
  for (const [problem, row] of features.entries()) estimates[problem] = whole(row);
  for (let held = 0; held < folds; held += 1) {
    const model = fitted(
      lesson,
      learnOn.filter((_, place) => fold[place] !== held),
    );
    for (const [place, problem] of learnOn.entries())
      if (fold[place] === held) estimates[problem] = model(features[problem]!);
  }
  return estimates;
}

/** The regression on some problems, from features to a chance. */
function fitted({ features, passAt1, ridge }: Lesson, problems: readonly number[]) {
  const width = features[problems[0]!]!.length;
  const scales = Array.from({ length: width }, (_, feature) => {
    const values = problems.map((problem) => features[problem]![feature]!);
    const mean = meanOf(values);
    return { mean, deviation: Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2))) };
  });
  const standard = (row: readonly number[]) =>
    scales.map(({ mean, deviation }, feature) => (deviation === 0 ? 0 : (row[feature]! - mean) / deviation));
  const model = fitLogistic(
    Float64Array.from(problems.flatMap((problem) => standard(features[problem]!))),
    problems.map((problem) => passAt1[problem]!),
    ridge === undefined ? {} : { ridge },
  );
  return (row: readonly number[]) => chanceOf(model, standard(row));
}

/** How well estimates of difficulty order problems. */
export interface Ordering {
  /** Spearman's, with the oracle; `undefined` where either is the same for all problems. */
  readonly correlation: number | undefined;
  /** Share of problems in the oracle's bin, each side binned by its own estimates. */
  readonly sameBin: number;
  /** The same for a random order of the estimates, in expectation. */
  readonly byChance: number;
}

/**
 * Compares estimates with the oracle's.
 * @param binning default: 5 quantiles
 * @throws RangeError for lists of unequal length, no problem, or an estimate that is not finite
 */
export function orderingOf(
  estimates: ArrayLike<number>,
  oracle: ArrayLike<number>,
  binning: Binning = quantileBins(),
): Ordering {
  const correlation = rankCorrelation(estimates, oracle);
  const [ours, theirs] = [estimates, oracle].map((values) => {
    const list = Array.from(values);
    const bins = binning(list);
    return list.map((value) => binOf(bins, value));
  }) as [number[], number[]];
  const problems = ours.length;
  const share = (bins: readonly number[], bin: number) => bins.filter((one) => one === bin).length / problems;
  return {
    correlation,
    sameBin: ours.filter((bin, problem) => bin === theirs[problem]).length / problems,
    byChance: [...new Set(ours)].reduce((sum, bin) => sum + share(ours, bin) * share(theirs, bin), 0),
  };
}

function firstOf(values: ArrayLike<number>, samples: number): readonly number[] {
  if (!(samples >= 1 && samples <= values.length))
    throw new RangeError(`A probe of ${samples} samples cannot be had of ${values.length}.`);
  return Array.from(values).slice(0, samples);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
