import type { Rng } from "../random.ts";
import { fitLogistic, type Logistic } from "../stats/logistic.ts";
import type { Action, Rule } from "./decide.ts";
import { EXPANDED, expanded, featuresOf, scaleOf } from "./features.ts";
import { createVotes } from "./standing.ts";

/** The samples of one problem, in columns. */
export interface Samples {
  /** Characters of the prompt. */
  readonly promptLength: number;
  /** Class of equal answers; -1 without an answer. */
  readonly answer: ArrayLike<number>;
  /** In [0, 1]; NaN where it is unknown. */
  readonly score: ArrayLike<number>;
  /** 1 for a right one. */
  readonly right: ArrayLike<number>;
  /** Generated tokens. */
  readonly tokens: ArrayLike<number>;
}

/** How to learn. */
export interface LearningOptions {
  /** Random orders in which each problem's samples are drawn. Default: as many as make 30,000 moments, 1 to 8. */
  readonly orders?: number;
  /** Samples of a problem at most. Default: as many as every problem has. */
  readonly most?: number;
}

/** Blocks of samples that are looked ahead at. */
export const BLOCKS = [1, 2, 4, 8, 16] as const;
/** Of the penalty on weights, with all features scaled to deviation 1. */
const RIDGE = 3;
/** Moments that are enough: those of one problem are much alike. */
const MOMENTS = 30_000;
/** Fewer problems teach nothing that holds for others. */
export const LEAST_PROBLEMS = 20;

/** A moment of one search: how it stood, and what came of it. */
interface Moment {
  readonly features: readonly number[];
  /** Whether the answer selected then was right. */
  readonly right: number;
  /** The same after each block of samples more; `undefined` where there were not so many. */
  readonly later: readonly (number | undefined)[];
}

/**
 * Learns from recorded samples when more of them pay: V(s) = P(the selected answer is right | s), and for each
 * block of m samples the chances that it turns a wrong answer right and a right one wrong, all by logistic
 * regression on the products of the features. Every problem's samples are drawn in random orders, without
 * replacement, and looked at after 1, 2, 3, 4, 6, 8, 12, ... of them.
 * @throws RangeError for fewer than 20 problems, or 2 samples of each
 */
export function learn(problems: readonly Samples[], random: Rng, options: LearningOptions = {}): Rule {
  const most = Math.min(
    options.most ?? Number.POSITIVE_INFINITY,
    ...problems.map(({ answer }) => answer.length),
  );
  if (problems.length < LEAST_PROBLEMS)
    throw new RangeError(`A policy needs ${LEAST_PROBLEMS} problems to learn from.`);
  if (most < 2) throw new RangeError("A policy needs at least 2 samples of each problem to learn from.");
  const enough = Math.ceil(MOMENTS / (problems.length * looks(most).size));
  const orders = options.orders ?? Math.min(8, enough);
  const moments = problems.flatMap((samples, number) =>
    Array.from({ length: orders }, (_, order) => {
      const places = permutation(samples.answer.length, most, random.split(number).split(order));
      return momentsOf(samples, places);
    }).flat(),
  );
  const scale = scaleOf(moments.map(({ features }) => features));
  const rows = moments.map(({ features }) => expanded(features, scale));
  const fit = (outcome: (moment: Moment) => number | undefined): Logistic => {
    const kept = moments.flatMap((moment, row) => {
      const value = outcome(moment);
      return value === undefined ? [] : [{ row: rows[row]!, value }];
    });
    const matrix = new Float64Array(kept.length * EXPANDED);
    for (const [place, { row }] of kept.entries()) matrix.set(row, place * EXPANDED);
    return fitLogistic(
      matrix,
      kept.map(({ value }) => value),
      { ridge: RIDGE },
    );
  };
  const actions = BLOCKS.filter((m) => m < most).map((m, place): Action => {
    const turned = (from: number, to: number) => (moment: Moment) => {
      const after = moment.later[place];
      return after === undefined ? undefined : Number(moment.right === from && after === to);
    };
    return { kind: "sample", m, gain: fit(turned(0, 1)), loss: fit(turned(1, 0)) };
  });
  return { scale, value: fit(({ right }) => right), actions, most };
}

/** The first `most` of a random order of `count` things. */
export function permutation(count: number, most: number, random: Rng): Int32Array {
  const order = Int32Array.from({ length: count }, (_, place) => place);
  const length = Math.min(count, most);
  for (let place = 0; place < length; place += 1) {
    const other = random.int(place, count - 1);
    const kept = order[place]!;
    order[place] = order[other]!;
    order[other] = kept;
  }
  return order.subarray(0, length);
}

/** Numbers of samples after which a search is looked at: 1, 2, 3, 4, 6, 8, 12, 16, 24, ... */
function looks(most: number): ReadonlySet<number> {
  const found = new Set<number>();
  for (let power = 1; power < most; power *= 2)
    for (const n of [power, 1.5 * power]) if (Number.isInteger(n)) found.add(n);
  return found;
}

function momentsOf({ promptLength, answer, score, right }: Samples, places: Int32Array): readonly Moment[] {
  const votes = createVotes();
  const looked = looks(places.length);
  const rightAfter: number[] = [0];
  const features: (readonly number[] | undefined)[] = [];
  for (const [drawn, place] of places.entries()) {
    votes.add(answer[place]!, score[place]!);
    const standing = votes.standing();
    rightAfter.push(standing.leader === undefined ? 0 : right[places[standing.leader.best]!]!);
    features[drawn + 1] = looked.has(drawn + 1) ? featuresOf(standing, promptLength) : undefined;
  }
  return features.flatMap((one, n) =>
    one === undefined
      ? []
      : [{ features: one, right: rightAfter[n]!, later: BLOCKS.map((m) => rightAfter[n + m]) }],
  );
}
