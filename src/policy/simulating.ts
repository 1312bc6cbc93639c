import type { Rng } from "../random.ts";
import { decide, type Rule } from "./decide.ts";
import { permutation, type Samples } from "./learning.ts";
import { createVotes } from "./standing.ts";

/** A way to spend at several sizes, problem by problem: means over random orders of a problem's samples. */
export interface Measured {
  /** `accuracy[size][problem]`. */
  readonly accuracy: readonly Float64Array[];
  /** Samples, the same way. */
  readonly samples: readonly Float64Array[];
  /** In the unit of the problem's costs, the same way. */
  readonly cost: readonly Float64Array[];
}

/** A problem's samples with what each costs. */
export interface Costed extends Samples {
  /** Cost of the first sample beyond what each costs: the prompt. */
  readonly start: number;
  /** Cost of each sample when it is drawn; `again` when its text was drawn before, so that no verifier reads it. */
  readonly cost: ArrayLike<number>;
  readonly again: ArrayLike<number>;
  /** Number of its text. */
  readonly text: ArrayLike<number>;
}

/** How to simulate. */
export interface Simulation {
  /** Random orders of each problem's samples. Default 8. */
  readonly orders?: number;
}

/** One search over recorded samples, in one order. */
interface Walk {
  draw(n: number): void;
  readonly drawn: number;
  readonly left: number;
  readonly cost: number;
  readonly right: number;
  situation(): Parameters<typeof decide>[1];
}

function walkOf(problem: Costed, places: Int32Array): Walk {
  const votes = createVotes();
  const texts = new Set<number>();
  let drawn = 0;
  let cost = problem.start;
  let tokens = 0;
  return {
    draw(n) {
      for (const place of places.subarray(drawn, drawn + n)) {
        const text = problem.text[place]!;
        cost += (texts.has(text) ? problem.again : problem.cost)[place]!;
        texts.add(text);
        tokens += problem.tokens[place]!;
        votes.add(problem.answer[place]!, problem.score[place]!);
        drawn += 1;
      }
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
    get right() {
      const { leader } = votes.standing();
      return leader === undefined ? 0 : problem.right[places[leader.best]!]!;
    },
    situation: () => ({
      standing: votes.standing(),
      promptLength: problem.promptLength,
      tokensPerSample: tokens / drawn,
    }),
  };
}

function measure(
  problems: readonly Costed[],
  sizes: number,
  { most, orders, random }: { readonly most: number; readonly orders: number; readonly random: Rng },
  search: (walk: Walk, size: number) => void,
): Measured {
  const table = () => Array.from({ length: sizes }, () => new Float64Array(problems.length));
  const [accuracy, samples, cost] = [table(), table(), table()];
  for (const [number, problem] of problems.entries()) {
    for (let order = 0; order < orders; order += 1) {
      const places = permutation(problem.answer.length, most, random.split(number).split(order));
      const walk = walkOf(problem, places);
      for (let size = 0; size < sizes; size += 1) {
        search(walk, size);
        accuracy[size]![number]! += walk.right / orders;
        samples[size]![number]! += walk.drawn / orders;
        cost[size]![number]! += walk.cost / orders;
      }
    }
  }
  return { accuracy, samples, cost };
}

/**
 * What a rule does at each of the prices, given from the highest to the lowest: it draws while the best action's
 * index is at least the price (the shadow price of a generated token). A lower price goes on where the higher one
 * stopped, as it would by itself, since decisions do not depend on the price.
 */
export function simulate(
  rule: Rule,
  problems: readonly Costed[],
  prices: readonly number[],
  random: Rng,
  { orders = 8 }: Simulation = {},
): Measured {
  return measure(problems, prices.length, { most: rule.most, orders, random }, (walk, size) => {
    if (walk.drawn === 0) walk.draw(1);
    for (;;) {
      const decision = decide(rule, walk.situation());
      if (decision === undefined || !(decision.index >= prices[size]!) || walk.left === 0) return;
      walk.draw(decision.m);
    }
  });
}

/** Weighted best-of-N at each of the Ns, in ascending order, over the same random orders. */
export function simulateUniform(
  problems: readonly Costed[],
  ns: readonly number[],
  random: Rng,
  { orders = 8 }: Simulation = {},
): Measured {
  const most = ns.at(-1)!;
  return measure(problems, ns.length, { most, orders, random }, (walk, size) =>
    walk.draw(ns[size]! - walk.drawn),
  );
}
