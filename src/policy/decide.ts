import { chanceOf, type Logistic } from "../stats/logistic.ts";
import { expanded, featuresOf, type Scale } from "./features.ts";
import type { Standing } from "./standing.ts";

/** What may be bought next, and what it did for the accuracy of other problems that stood alike. */
export interface Action {
  readonly kind: "sample";
  /** Samples that are looked ahead at, and bought. */
  readonly m: number;
  /** The chance that a wrong leader gives way to a right one. */
  readonly gain: Logistic;
  /** The chance that a right leader gives way to a wrong one. */
  readonly loss: Logistic;
}

/** What was learned: everything that decides. */
export interface Rule {
  readonly scale: Scale;
  /** V: the chance that the answer selected now is right. */
  readonly value: Logistic;
  readonly actions: readonly Action[];
  /** Samples of a problem at most: where the learning ends, nothing is known. */
  readonly most: number;
}

/** The best that can be bought next. */
export interface Decision {
  /** V of the answer that is selected now. */
  readonly value: number;
  /** Samples to buy. */
  readonly m: number;
  /** By how much they raise V. */
  readonly gain: number;
  /** Their cost, in generated tokens. */
  readonly cost: number;
  /** Gain per generated token. */
  readonly index: number;
}

/** Where a problem is. */
export interface Situation {
  readonly standing: Standing;
  /** Characters of the prompt. */
  readonly promptLength: number;
  /** Mean generated tokens of its samples so far. */
  readonly tokensPerSample: number;
}

/**
 * The action with the largest index max over m of (E[V after m more] - V) / cost. Blocks of samples are looked
 * at because one more vote alone seldom turns a leader, so that looking one sample ahead would never spend.
 * `undefined` when nothing may be bought any more. At least one sample must be there.
 */
export function decide(
  rule: Rule,
  { standing, promptLength, tokensPerSample }: Situation,
): Decision | undefined {
  const features = expanded(featuresOf(standing, promptLength), rule.scale);
  const value = chanceOf(rule.value, features);
  const left = rule.most - standing.samples;
  const decisions = rule.actions
    .filter(({ m }) => m <= left)
    .map(({ m, gain, loss }): Decision => {
      const expected = chanceOf(gain, features) - chanceOf(loss, features);
      const cost = m * Math.max(1, tokensPerSample);
      return { value, m, gain: expected, cost, index: expected / cost };
    });
  return decisions.reduce<Decision | undefined>(
    (best, one) => (best === undefined || one.index > best.index ? one : best),
    undefined,
  );
}
