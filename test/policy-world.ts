import { EXPANDED, FEATURES } from "../src/policy/features.ts";
import type { Policy, Recorded, Rule, Search } from "../src/policy/index.ts";
import { type Rng, rng } from "../src/random.ts";
import type { Logistic } from "../src/stats/logistic.ts";
import type { StrategyPlan } from "../src/strategies/index.ts";

/** Made-up problems whose best allocation is known. */

/** A kind of problem: how likely its right answer is, and how many wrong ones share the rest. */
export interface Kind {
  readonly right: number;
  readonly wrong: number;
}

/** Right at once; never right, and never agreed; right by a vote of several. */
export const KINDS = {
  easy: { right: 1, wrong: 1 },
  hopeless: { right: 0, wrong: 8 },
  middle: { right: 0.4, wrong: 8 },
} as const satisfies Readonly<Record<string, Kind>>;

/** How a problem is recorded beside its kind. */
export interface Recording {
  readonly samples: number;
  /** Chance that a verifier ranks a right sample above a wrong one, 0.5 to 1. Default: nothing is scored. */
  readonly verifier?: number;
  /** Searches: cost in samples, and the chance that one finds the right answer. */
  readonly searches?: readonly { readonly cost: number; readonly finds: number }[];
}

/** Tokens of every sample. */
export const TOKENS = 10;

/** One problem of a kind; answer 0 is right. */
export function recordedOf({ right, wrong }: Kind, recording: Recording, random: Rng): Recorded {
  const { samples, verifier, searches = [] } = recording;
  const answer = Array.from({ length: samples }, () => (random.next() < right ? 0 : random.int(1, wrong)));
  const scoreOf = (one: number) => {
    if (verifier === undefined) return Number.NaN;
    return (random.next() + (one === 0 ? 2 * verifier - 1 : 0)) / 2;
  };
  return {
    promptLength: 20 + random.int(0, 20),
    answer,
    score: answer.map(scoreOf),
    right: answer.map((one) => Number(one === 0)),
    tokens: answer.map(() => TOKENS),
    start: 0,
    cost: answer.map(() => TOKENS),
    searches: searches.map(({ cost, finds }): Search => {
      const found = random.next() < finds ? 0 : random.int(1, wrong);
      const solutions = Array.from({ length: 8 }, () => found);
      return {
        answer: solutions,
        score: solutions.map(scoreOf),
        right: solutions.map((one) => Number(one === 0)),
        count: solutions.map(() => 1),
        cost: cost * TOKENS,
      };
    }),
  };
}

/** Problems of the kinds by turns. */
export function world(kinds: readonly Kind[], count: number, recording: Recording, seed: number) {
  const random = rng(seed);
  return Array.from({ length: count }, (_, problem) =>
    recordedOf(kinds[problem % kinds.length]!, recording, random.split(problem)),
  );
}

/** A regression that looks at one feature, scaled by nothing, and gives chance 1/2 where it is `at`. */
export function threshold(feature: (typeof FEATURES)[number], at: number, slope: number): Logistic {
  const weights = new Array<number>(EXPANDED + 1).fill(0);
  weights[0] = -slope * at;
  weights[FEATURES.indexOf(feature) + 1] = slope;
  return { weights };
}

/** Always the same chance. */
export function always(chance: number): Logistic {
  const weights = new Array<number>(EXPANDED + 1).fill(0);
  weights[0] = Math.log(chance / (1 - chance));
  return { weights };
}

const NOT_SCALED = { mean: FEATURES.map(() => 0), deviation: FEATURES.map(() => 1) };

/** What a hand-made rule buys, each with the regressions of its gain; it never loses. */
export interface HandMade {
  readonly blocks: readonly { readonly m: number; readonly gain: Logistic }[];
  readonly searches?: readonly { readonly plan: StrategyPlan; readonly gain: Logistic }[];
  readonly most?: number;
}

const NEVER = always(1e-9);

/** A rule by hand. */
export function ruleOf({ blocks, searches = [], most = 64 }: HandMade): Rule {
  return {
    scale: NOT_SCALED,
    value: always(0.5),
    actions: [
      ...blocks.map(({ m, gain }) => ({ kind: "sample", m, samples: m, gain, loss: NEVER }) as const),
      ...searches.map(({ plan, gain }) => ({ kind: "search", plan, samples: 4, gain, loss: NEVER }) as const),
    ],
    most,
  };
}

/** A policy around a rule, for the scripted model and the verifier of `custom`, as far as one is asked for. */
export function policyOf(rule: Rule, learnedOn: Partial<Policy["learnedOn"]> = {}): Policy {
  return {
    bedacht: "policy/1",
    name: "made-up",
    created: "2026-01-01T00:00:00.000Z",
    learnedOn: {
      generator: { name: "scripted", fingerprint: "scripted", params: { temperature: 1, maxTokens: 20 } },
      problems: 100,
      problemsHash: "none",
      samples: rule.most,
      seed: 1,
      ...learnedOn,
    },
    rule,
    price: 0.001,
    measured: {
      uniform: [{ n: 1, accuracy: { mean: 0.5 } as never, tokens: 10 }],
      policy: [{ price: 0.001, accuracy: { mean: 0.5 } as never, samples: 1, tokens: 10 }],
      ratios: [],
    },
  };
}
