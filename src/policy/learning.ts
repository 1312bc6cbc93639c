import type { Rng } from "../random.ts";
import { fitLogistic, type Logistic } from "../stats/logistic.ts";
import type { Action, Rule } from "./decide.ts";
import { EXPANDED, expanded, featuresOf, scaleOf } from "./features.ts";
import { permutation, type Recorded, type SearchPlans, walkOver } from "./walk.ts";

/** How to learn. */
export interface LearningOptions {
  /** Plans of the searches that were run on every problem, in the order of `Recorded.searches`. Default: none. */
  readonly searches?: SearchPlans;
  /** Random orders in which each problem's samples are drawn. Default: as many as make 30,000 moments, 1 to 8. */
  readonly orders?: number;
}

/** Blocks of samples that are looked ahead at. */
export const BLOCKS = [1, 2, 4, 8, 16] as const;
/** Of the penalty on weights, with all features scaled to deviation 1. */
const RIDGE = 3;
/** Moments that are enough: those of one problem are much alike. */
const MOMENTS = 30_000;
/** Fewer problems teach nothing that holds for others. */
export const LEAST_PROBLEMS = 20;
/** A search is begun after at most so many samples, when it is learned what comes after it. */
const LATEST_SEARCH = 16;

/** A moment of one search: how it stood, and what came of it. */
interface Moment {
  readonly features: readonly number[];
  /** Whether the answer selected then was right. */
  readonly right: number;
  /** The same after each action; `undefined` where it could not be taken. */
  readonly later: readonly (number | undefined)[];
}

/**
 * Learns from recorded samples and searches when more of them pay: V(s) = P(the selected answer is right | s),
 * and for each action the chances that it turns a wrong answer right and a right one wrong, all by logistic
 * regression on the products of the features. Every problem's samples are drawn in random orders, without
 * replacement, and looked at after 1, 2, 3, 4, 6, 8, 12, ... of them, without a search and with each search begun
 * at some moment.
 * @throws RangeError for fewer than 20 problems, or 2 samples of each
 */
export function learn(problems: readonly Recorded[], random: Rng, options: LearningOptions = {}): Rule {
  const { searches = [] } = options;
  const most = Math.min(...problems.map(({ answer }) => answer.length));
  if (problems.length < LEAST_PROBLEMS)
    throw new RangeError(`A policy needs ${LEAST_PROBLEMS} problems to learn from.`);
  if (most < 2) throw new RangeError("A policy needs at least 2 samples of each problem to learn from.");
  const enough = Math.ceil(MOMENTS / (problems.length * looks(most).length * (1 + searches.length)));
  const orders = options.orders ?? Math.min(8, enough);
  const moments = problems.flatMap((recorded, number) =>
    Array.from({ length: orders }, (_, order) => {
      const own = random.split(number).split(order);
      return momentsOf(recorded, permutation(recorded.answer.length, most, own), own.split("searches"));
    }).flat(),
  );
  const scale = scaleOf(moments.map(({ features }) => features));
  const rows = moments.map(({ features }) => expanded(features, scale));
  const fit = (outcome: (moment: Moment) => number | undefined) => fitOutcome(moments, rows, outcome);
  const turned = (place: number) => {
    const from = (before: number, after: number) => (moment: Moment) => {
      const then = moment.later[place];
      return then === undefined ? undefined : Number(moment.right === before && then === after);
    };
    return { gain: fit(from(0, 1)), loss: fit(from(1, 0)) };
  };
  const blocks = BLOCKS.filter((m) => m < most);
  return {
    scale,
    value: fit(({ right }) => right),
    actions: [
      ...blocks.map((m, place): Action => ({ kind: "sample", m, samples: m, ...turned(place) })),
      ...searches.map((plan, number): Action => {
        const samples = relativeCost(problems, number);
        return { kind: "search", plan, samples, ...turned(BLOCKS.length + number) };
      }),
    ],
    most,
  };
}

function fitOutcome(
  moments: readonly Moment[],
  rows: readonly Float64Array[],
  outcome: (moment: Moment) => number | undefined,
): Logistic {
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
}

/** Samples over which the cost of one is averaged, what a verifier reads of it included. */
const TYPICAL = 8;

/** Cost of a search, in samples of the same problem: the ratio of the sums. */
function relativeCost(problems: readonly Recorded[], number: number): number {
  const sum = (of: (one: Recorded) => number) => problems.reduce((all, one) => all + of(one), 0);
  const sample = (recorded: Recorded) => {
    const count = Math.min(TYPICAL, recorded.answer.length);
    const walk = walkOver(
      recorded,
      Int32Array.from({ length: count }, (_, place) => place),
    );
    walk.draw(count);
    return (walk.cost - recorded.start) / count;
  };
  return sum(({ searches }) => searches[number]!.cost) / sum(sample);
}

/** Numbers of samples after which a search is looked at: 1, 2, 3, 4, 6, 8, 12, 16, 24, ... */
function looks(most: number): readonly number[] {
  const found: number[] = [];
  for (let power = 1; power < most; power *= 2)
    found.push(...[power, 1.5 * power].filter((n) => Number.isInteger(n) && n < most));
  return found;
}

/** The moments of a problem without a search, then with each of them begun after some samples. */
function momentsOf(recorded: Recorded, places: Int32Array, random: Rng): readonly Moment[] {
  const all = looks(places.length);
  const early = all.filter((n) => n <= LATEST_SEARCH);
  const after = recorded.searches.map((_, number) => ({ number, begun: random.split(number).pick(early) }));
  return [undefined, ...after].flatMap((search) => along(recorded, places, all, search));
}

interface Begun {
  readonly number: number;
  readonly begun: number;
}

function along(
  recorded: Recorded,
  places: Int32Array,
  all: readonly number[],
  search: Begun | undefined,
): readonly Moment[] {
  const walk = walkOver(recorded, places);
  const found: {
    readonly n: number;
    readonly features: readonly number[];
    readonly searched: readonly (number | undefined)[];
  }[] = [];
  const rightAfter: number[] = [0];
  for (let n = 1; n <= places.length; n += 1) {
    walk.draw(1);
    if (n === search?.begun) walk.search(search.number);
    rightAfter.push(walk.right());
    if (!all.includes(n) || n < (search?.begun ?? 0)) continue;
    const features = featuresOf(walk.standing(), recorded.promptLength);
    const searched = recorded.searches.map((_, number) =>
      number === search?.number ? undefined : withSearches(recorded, places, n, [search?.number, number]),
    );
    found.push({ n, features, searched });
  }
  return found.map(({ n, features, searched }) => ({
    features,
    right: rightAfter[n]!,
    later: [...BLOCKS.map((m) => rightAfter[n + m]), ...searched],
  }));
}

/** Whether the answer is right after so many samples and these searches. */
function withSearches(
  recorded: Recorded,
  places: Int32Array,
  n: number,
  searches: readonly (number | undefined)[],
): number {
  const walk = walkOver(recorded, places);
  walk.draw(n);
  for (const number of searches) if (number !== undefined) walk.search(number);
  return walk.right();
}
