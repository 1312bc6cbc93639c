import type { Rng } from "../random.ts";
import type { StrategyPlan } from "../strategies/strategy.ts";
import { createVotes, type Standing } from "./standing.ts";

/** Solutions of one problem, in columns. */
export interface Solutions {
  /** Class of equal answers; -1 without an answer. */
  readonly answer: ArrayLike<number>;
  /** In [0, 1]; NaN where it is unknown. */
  readonly score: ArrayLike<number>;
  /** 1 for a right one. */
  readonly right: ArrayLike<number>;
}

/** What a search found. */
export interface Search extends Solutions {
  /** Samples of equal text that each solution stands for. */
  readonly count: ArrayLike<number>;
  /** Of the whole search, in the unit of the samples' costs. */
  readonly cost: number;
}

/** What a verifier reads of each sample: pieces of text, each once however many samples begin with it. */
export interface Reading {
  /** Numbers of the pieces of all samples, one sample after the other. */
  readonly pieces: ArrayLike<number>;
  /** Cost of each of these. */
  readonly cost: ArrayLike<number>;
  /** For each sample the place behind its last piece. */
  readonly ends: ArrayLike<number>;
}

/** The recorded samples of one problem, and the searches that were run on it. */
export interface Recorded extends Solutions {
  /** Characters of the prompt. */
  readonly promptLength: number;
  /** Generated tokens of each sample. */
  readonly tokens: ArrayLike<number>;
  /** Cost of the problem whatever is drawn: its prompt. In any unit. */
  readonly start: number;
  /** Cost of each sample, apart from what a verifier reads. */
  readonly cost: ArrayLike<number>;
  /** What a verifier reads of the samples. Default: nothing. */
  readonly reading?: Reading;
  /** In the order of the searches' plans. */
  readonly searches: readonly Search[];
}

/** The plans of the searches that every problem has. */
export type SearchPlans = readonly StrategyPlan[];

/** One search over what is recorded, in one order of the samples. */
export interface Walk {
  /** Draws so many samples more. */
  draw(m: number): void;
  /** Adds the solutions of a search, by its number. */
  search(number: number): void;
  readonly drawn: number;
  /** Samples that are left. */
  readonly left: number;
  readonly cost: number;
  readonly tokensPerSample: number;
  standing(): Standing;
  /** Whether the answer selected now is right: 1 or 0. */
  right(): number;
}

/** Begins a walk over `places`, numbers of samples in the order in which they are drawn. */
export function walkOver(recorded: Recorded, places: Int32Array): Walk {
  const votes = createVotes();
  const right: number[] = [];
  const read = new Set<number>();
  let drawn = 0;
  let cost = recorded.start;
  let tokens = 0;
  const add = ({ answer, score, right: verdict }: Solutions, place: number, count?: number) => {
    votes.add(answer[place]!, score[place]!, count);
    right.push(verdict[place]!);
  };
  return {
    draw(m) {
      for (const place of places.subarray(drawn, drawn + m)) {
        cost += recorded.cost[place]! + readAnew(recorded.reading, place, read);
        tokens += recorded.tokens[place]!;
        add(recorded, place);
        drawn += 1;
      }
    },
    search(number) {
      const search = recorded.searches[number]!;
      for (let place = 0; place < search.answer.length; place += 1) add(search, place, search.count[place]!);
      cost += search.cost;
      votes.searched();
    },
    get drawn() {
      return drawn;
    },
    get left() {
      return places.length - drawn;
    },
    get cost() {
      return cost;
    },
    get tokensPerSample() {
      return tokens / drawn;
    },
    standing: () => votes.standing(),
    right() {
      const { leader } = votes.standing();
      return leader === undefined ? 0 : right[leader.best]!;
    },
  };
}

/** Cost of the pieces of a sample that were not read before. */
function readAnew(reading: Reading | undefined, sample: number, read: Set<number>): number {
  if (reading === undefined) return 0;
  const { pieces, cost, ends } = reading;
  let sum = 0;
  for (let at = sample === 0 ? 0 : ends[sample - 1]!; at < ends[sample]!; at += 1) {
    if (read.has(pieces[at]!)) continue;
    read.add(pieces[at]!);
    sum += cost[at]!;
  }
  return sum;
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
