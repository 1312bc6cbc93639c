import { chanceOf, type Logistic } from "../stats/logistic.ts";
import type { StrategyPlan } from "../strategies/strategy.ts";
import { expanded, featuresOf, type Scale } from "./features.ts";
import type { Standing } from "./standing.ts";

/** What may be bought next: `m` samples, or a search whose solutions join the vote, once. */
export type Purchase =
  | { readonly kind: "sample"; readonly m: number }
  | { readonly kind: "search"; readonly plan: StrategyPlan };

/** A purchase, and what it did for the accuracy of other problems that stood alike. */
export type Action = Purchase & {
  /** Its cost in samples: m, or for a search its mean cost over that of a sample. */
  readonly samples: number;
  /** The chance that a wrong leader gives way to a right one. */
  readonly gain: Logistic;
  /** The chance that a right leader gives way to a wrong one. */
  readonly loss: Logistic;
};

/** What was learned: everything that decides. */
export interface Rule {
  readonly scale: Scale;
  /** V: the chance that the answer selected now is right. */
  readonly value: Logistic;
  readonly actions: readonly Action[];
  /** Samples of a problem at most, apart from searches: where the learning ends, nothing is known. */
  readonly most: number;
}

/** The best that can be bought next. */
export interface Decision {
  /** V of the answer that is selected now. */
  readonly value: number;
  readonly action: Action;
  /** By how much it raises V. */
  readonly gain: number;
  /** Its cost, in generated tokens of samples. */
  readonly cost: number;
  /** Gain per generated token. */
  readonly index: number;
}

/** Where a problem is. */
export interface Situation {
  readonly standing: Standing;
  /** Characters of the prompt. */
  readonly promptLength: number;
  /** Samples so far, apart from searches. */
  readonly drawn: number;
  /** Mean generated tokens of these. */
  readonly tokensPerSample: number;
  /** Actions that are done: searches. */
  readonly done: ReadonlySet<Action>;
}

/**
 * The action with the largest index max over actions of (E[V after it] - V) / cost. Blocks of samples are looked
 * at because one more vote alone seldom turns a leader, so that looking one sample ahead would never spend.
 * `undefined` when nothing may be bought any more. At least one sample must be there.
 */
export function decide(rule: Rule, situation: Situation): Decision | undefined {
  const { standing, promptLength, drawn, tokensPerSample, done } = situation;
  const features = expanded(featuresOf(standing, promptLength), rule.scale);
  const value = chanceOf(rule.value, features);
  const left = rule.most - drawn;
  const decisions = rule.actions
    .filter((action) => (action.kind === "sample" ? action.m <= left : !done.has(action)))
    .map((action): Decision => {
      const gain = chanceOf(action.gain, features) - chanceOf(action.loss, features);
      const cost = action.samples * Math.max(1, tokensPerSample);
      return { value, action, gain, cost, index: gain / cost };
    });
  return decisions.reduce<Decision | undefined>(
    (best, one) => (best === undefined || one.index > best.index ? one : best),
    undefined,
  );
}
