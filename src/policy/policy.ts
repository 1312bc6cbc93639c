import type { Estimate } from "../stats/means.ts";
import type { Rule } from "./decide.ts";

/** What was learned from a bank, from what, and what it is worth. Plain data: the content of a policy file. */
export interface Policy {
  /** Version of the format. */
  readonly bedacht: "policy/1";
  readonly name: string;
  /** ISO 8601. */
  readonly created: string;
  readonly learnedOn: Provenance;
  readonly rule: Rule;
  /** The price that is used when none is asked for: gain in accuracy per generated token. */
  readonly price: number;
  readonly measured: Savings;
}

/** What a policy was learned on. It holds for nothing else. */
export interface Provenance {
  readonly generator: {
    readonly name: string;
    readonly fingerprint: string;
    /** Temperature and whatever else the samples were drawn with. */
    readonly params: Readonly<Record<string, unknown>>;
  };
  /** Absent when answers only vote. */
  readonly verifier?: { readonly name: string; readonly fingerprint: string };
  readonly problems: number;
  /** Of the prompts, in order. */
  readonly problemsHash: string;
  /** Of every problem. */
  readonly samples: number;
  readonly seed: number;
}

/** What the policy saves, measured on problems that the rule measured had not seen (cross-validation). */
export interface Savings {
  /** Weighted best-of-N, or majority voting without a verifier. */
  readonly uniform: readonly UniformPoint[];
  /** From the highest price to the lowest. */
  readonly policy: readonly PricePoint[];
  /** How many times the tokens of the policy the same N for every problem takes, at equal accuracy. */
  readonly ratios: readonly {
    readonly n: number;
    readonly accuracy: number;
    readonly ratio: number | undefined;
    readonly low: number | undefined;
    readonly high: number | undefined;
    /** Why there is no ratio. */
    readonly reason: string | undefined;
  }[];
}

/** One size of the same N for every problem. */
export interface UniformPoint {
  readonly n: number;
  readonly accuracy: Estimate;
  /** Mean generated tokens per problem. */
  readonly tokens: number;
}

/** One price. */
export interface PricePoint {
  readonly price: number;
  readonly accuracy: Estimate;
  /** Mean samples per problem. */
  readonly samples: number;
  /** Mean generated tokens per problem. */
  readonly tokens: number;
}

/** The highest price whose accuracy is within this of the best: what is used when no price is asked for. */
const CLOSE = 0.005;

/** The price to use when none is asked for: the cheapest point within half a point of the best accuracy. */
export function usualPrice(points: readonly PricePoint[]): number {
  const best = Math.max(...points.map(({ accuracy }) => accuracy.mean));
  return points.find(({ accuracy }) => accuracy.mean >= best - CLOSE)!.price;
}

/**
 * The price at which a stream of problems takes so many generated tokens per problem on average: between the
 * measured points on a logarithmic scale, at most the last one's.
 */
export function priceFor(points: readonly PricePoint[], tokens: number): number {
  const after = points.findIndex((point) => point.tokens >= tokens);
  if (after < 0) return points.at(-1)!.price;
  if (after === 0) return points[0]!.price;
  const [low, high] = [points[after - 1]!, points[after]!];
  const share = Math.log(tokens / low.tokens) / Math.log(high.tokens / low.tokens);
  return low.price * (high.price / low.price) ** share;
}
