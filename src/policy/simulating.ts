import type { Rng } from "../random.ts";
import { type Action, type Decision, decide, type Rule } from "./decide.ts";
import { permutation, type Recorded, type Walk, walkOver } from "./walk.ts";

/** A way to spend at several sizes, problem by problem: means over random orders of a problem's samples. */
export interface Measured {
  /** `accuracy[size][problem]`. */
  readonly accuracy: readonly Float64Array[];
  /** Samples, apart from searches, the same way. */
  readonly samples: readonly Float64Array[];
  /** Searches, the same way. */
  readonly searches: readonly Float64Array[];
  /** In the unit of the problem's costs, the same way. */
  readonly cost: readonly Float64Array[];
}

/** How to simulate. */
export interface Simulation {
  /** Random orders of each problem's samples. Default 8. */
  readonly orders?: number;
}

interface Measuring {
  readonly sizes: number;
  readonly most: number;
  readonly orders: number;
  readonly random: Rng;
}

function measure(
  problems: readonly Recorded[],
  { sizes, most, orders, random }: Measuring,
  begin: (recorded: Recorded) => (walk: Walk, size: number) => number,
): Measured {
  const table = () => Array.from({ length: sizes }, () => new Float64Array(problems.length));
  const [accuracy, samples, searches, cost] = [table(), table(), table(), table()];
  for (const [number, problem] of problems.entries()) {
    for (let order = 0; order < orders; order += 1) {
      const places = permutation(problem.answer.length, most, random.split(number).split(order));
      const walk = walkOver(problem, places);
      const proceed = begin(problem);
      for (let size = 0; size < sizes; size += 1) {
        searches[size]![number]! += proceed(walk, size) / orders;
        accuracy[size]![number]! += walk.right() / orders;
        samples[size]![number]! += walk.drawn / orders;
        cost[size]![number]! += walk.cost / orders;
      }
    }
  }
  return { accuracy, samples, searches, cost };
}

/**
 * What a rule does at each of the prices, given from the highest to the lowest: it buys while the best action's
 * index is at least the price (the shadow price of a generated token). A lower price goes on where the higher one
 * stopped, as it would by itself, since decisions do not depend on the price.
 * @throws RangeError for prices in another order
 */
export function simulate(
  rule: Rule,
  problems: readonly Recorded[],
  prices: readonly number[],
  random: Rng,
  { orders = 8 }: Simulation = {},
): Measured {
  if (prices.some((price, place) => price > (prices[place - 1] ?? Infinity)))
    throw new RangeError("Prices must be given from the highest to the lowest.");
  const numbers = new Map(
    rule.actions.filter(({ kind }) => kind === "search").map((one, number) => [one, number]),
  );
  return measure(
    problems,
    { sizes: prices.length, most: rule.most, orders, random },
    ({ promptLength, answer }) => {
      const done = new Set<Action>();
      const within = { ...rule, most: Math.min(rule.most, answer.length) };
      const next = (walk: Walk) => {
        const { drawn, tokensPerSample } = walk;
        return decide(within, { standing: walk.standing(), promptLength, drawn, tokensPerSample, done });
      };
      let decision: Decision | undefined;
      return (walk, size) => {
        if (walk.drawn === 0) {
          walk.draw(1);
          decision = next(walk);
        }
        while (decision !== undefined && decision.index >= prices[size]!) {
          const { action } = decision;
          if (action.kind === "sample") walk.draw(action.m);
          else {
            walk.search(numbers.get(action)!);
            done.add(action);
          }
          decision = next(walk);
        }
        return done.size;
      };
    },
  );
}

/**
 * Weighted best-of-N at each of the Ns, over the same random orders; majority where nothing is scored. A problem of
 * fewer samples has them all.
 * @throws RangeError for Ns that do not ascend
 */
export function simulateUniform(
  problems: readonly Recorded[],
  ns: readonly number[],
  random: Rng,
  { orders = 8 }: Simulation = {},
): Measured {
  if (ns.some((n, place) => n < (ns[place - 1] ?? 1)))
    throw new RangeError("Ns must be given in ascending order.");
  return measure(problems, { sizes: ns.length, most: ns.at(-1)!, orders, random }, () => (walk, size) => {
    walk.draw(ns[size]! - walk.drawn);
    return 0;
  });
}
