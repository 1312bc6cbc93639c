import type { Candidate } from "../types.ts";
import { answerClasses } from "../verifiers/answer.ts";

/**
 * Pure selection. Everything here depends on the set of candidates and their positions only, never on the
 * order in which they are given.
 */

/** Orders positions part by part, numbers by value: `sample/9` comes before `sample/10`. */
export function byPosition(a: { readonly id: string }, b: { readonly id: string }): number {
  const [left, right] = [a.id.split("/"), b.id.split("/")];
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const [x, y] = [left[at]!, right[at]!];
    if (x === y) continue;
    const difference = Number(x) - Number(y);
    return Number.isNaN(difference) ? (x < y ? -1 : 1) : difference;
  }
  return left.length - right.length;
}

/** Highest score first; unknown scores last; equal ones by position. */
export function byScore(a: Candidate, b: Candidate): number {
  const [left, right] = [a.score ?? Number.NEGATIVE_INFINITY, b.score ?? Number.NEGATIVE_INFINITY];
  return left === right ? byPosition(a, b) : right - left;
}

/** How many samples a candidate stands for. */
export function countOf({ count = 1 }: Candidate): number {
  return count;
}

/** Equal answers, together. */
export interface Vote {
  /** As the first candidate by position writes it. */
  readonly answer: string;
  readonly weight: number;
  /** Samples that agree. */
  readonly count: number;
  /** By position. */
  readonly candidates: readonly Candidate[];
}

/**
 * Groups candidates by equivalent answer, heaviest first; candidates without an answer do not vote. Weights
 * that differ only by rounding are equal; ties go to more samples, then to the first position.
 */
export function vote(
  candidates: readonly Candidate[],
  weigh: (candidate: Candidate) => number = countOf,
): readonly Vote[] {
  const voters = candidates.filter(({ answer }) => answer !== undefined).sort(byPosition);
  const classes = answerClasses(voters.map(({ answer }) => answer!));
  const groups = Map.groupBy(voters, (_, index) => classes[index]!);
  return [...groups.values()]
    .map((group) => ({
      answer: group[0]!.answer!,
      weight: sum(group, weigh),
      count: sum(group, countOf),
      candidates: group,
    }))
    .sort((a, b) => rounded(b.weight) - rounded(a.weight) || b.count - a.count);
}

/** What was chosen, with its reason. */
export interface Choice {
  readonly selected: Candidate | undefined;
  readonly why: string;
  readonly votes: readonly Vote[];
  /** A fallback that the receipt must name. */
  readonly note?: string;
}

/** How completed candidates become one: modal answer, summed scores per equal answer, or top score. */
export type Rule = "majority" | "weighted" | "best";

/**
 * Chooses among completed candidates. A candidate with an answer wins over every one without. When no
 * candidate with an answer has a score, "weighted" and "best" fall back to majority and say so.
 */
export function choose(candidates: readonly Candidate[], rule: Rule): Choice {
  const answered = candidates.filter(({ answer }) => answer !== undefined);
  if (answered.length === 0) return withoutAnswer(candidates);
  if (rule === "majority") return modal(candidates);
  if (answered.every(({ score }) => score === undefined)) {
    return { ...modal(candidates), note: "The verifier gave no score: majority voting instead." };
  }
  return rule === "best" ? top(candidates, answered) : weighted(candidates);
}

function modal(candidates: readonly Candidate[]): Choice {
  const votes = vote(candidates);
  const { count, candidates: agreeing } = votes[0]!;
  const total = sum(candidates, countOf);
  const why = total === 1 ? "the only candidate" : `${count} of ${total} candidates agree`;
  return { selected: [...agreeing].sort(byScore)[0], why, votes };
}

function weighted(candidates: readonly Candidate[]): Choice {
  const votes = vote(candidates, (candidate) => (candidate.score ?? 0) * countOf(candidate));
  const { weight, count, candidates: agreeing } = votes[0]!;
  const all = sum(votes, (one) => one.weight);
  const total = sum(candidates, countOf);
  const why = `${weight.toFixed(3)} of ${all.toFixed(3)} summed score, from ${count} of ${total} candidates`;
  return { selected: [...agreeing].sort(byScore)[0], why, votes };
}

/** Candidates that share the top score vote, so that a verifier of few grades loses nothing to majority. */
function top(candidates: readonly Candidate[], answered: readonly Candidate[]): Choice {
  const highest = Math.max(...answered.map(({ score }) => score ?? Number.NEGATIVE_INFINITY));
  const votes = vote(answered.filter(({ score }) => score === highest));
  const tied = sum(votes, (one) => one.count);
  const shared = tied > 1 ? `, shared by ${tied}` : "";
  const why = `highest score ${highest.toFixed(3)} of ${sum(candidates, countOf)}${shared}`;
  return { selected: votes[0]!.candidates[0], why, votes };
}

function withoutAnswer(candidates: readonly Candidate[]): Choice {
  const why =
    candidates.length === 0 ? "no candidate was completed" : "no candidate states an answer that can be read";
  return { selected: [...candidates].sort(byScore)[0], why, votes: [] };
}

/** One sample of a candidate, and how much it weighs among others. */
export interface Weighed<C extends Candidate> {
  readonly of: C;
  readonly weight: number;
}

/**
 * The samples that candidates stand for, in their order, each weighed by the score. An unknown score weighs
 * nothing, unless none is known: then all samples weigh the same.
 */
export function weighed<C extends Candidate>(
  candidates: readonly C[],
  weigh: (score: number) => number,
): readonly Weighed<C>[] {
  const known = candidates.some(({ score }) => score !== undefined);
  return candidates.flatMap((of) => {
    const weight = !known ? 1 : of.score === undefined ? 0 : weigh(of.score);
    return Array.from({ length: countOf(of) }, () => ({ of, weight }));
  });
}

/**
 * Deals `total` whole shares to samples in proportion to their weights, and adds up those of each candidate.
 * Every sample has its quota rounded down; what is left goes to the largest remainders, of equal ones to the
 * highest score and then to the first position. Where rounding each quota to the nearest adds up to `total`,
 * that is what comes out.
 */
export function shares<C extends Candidate>(
  samples: readonly Weighed<C>[],
  total: number,
): ReadonlyMap<C, number> {
  const all = sum(samples, ({ weight }) => weight);
  const quotas = [...samples]
    .sort((a, b) => byScore(a.of, b.of))
    .map(({ of, weight }) => ({ of, quota: rounded((total * weight) / all) }));
  const left = total - sum(quotas, ({ quota }) => Math.floor(quota));
  const byRemainder = [...quotas].sort((a, b) => rounded(b.quota % 1) - rounded(a.quota % 1));
  const larger = new Set(byRemainder.slice(0, left));
  const dealt = new Map<C, number>();
  for (const one of quotas) {
    const share = Math.floor(one.quota) + (larger.has(one) ? 1 : 0);
    dealt.set(one.of, (dealt.get(one.of) ?? 0) + share);
  }
  return dealt;
}

/**
 * Systematic resampling: lays the weights end to end over `n` equal spaces, and draws at the same place of each
 * space, `start` in [0, 1). A sample is drawn as often as its share of `n`, rounded down or up; with equal
 * weights, `n` samples are drawn once each.
 */
export function resample<C extends Candidate>(
  samples: readonly Weighed<C>[],
  n: number,
  start: number,
): ReadonlyMap<C, number> {
  const all = sum(samples, ({ weight }) => weight);
  const drawn = new Map<C, number>();
  let [passed, places] = [0, 0];
  for (const { of, weight } of samples) {
    passed += weight;
    const spaces = rounded((n * passed) / all);
    const upTo = Math.floor(spaces) + (start < spaces % 1 ? 1 : 0);
    if (upTo > places) drawn.set(of, (drawn.get(of) ?? 0) + upTo - places);
    places = Math.max(places, upTo);
  }
  return drawn;
}

/** Effective sample size: how many samples of equal weight would vary as little, (Σw)² / Σw² (Kong 1992). */
export function effectiveSize(samples: readonly Weighed<Candidate>[]): number {
  return sum(samples, ({ weight }) => weight) ** 2 / sum(samples, ({ weight }) => weight ** 2);
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

/** Summing in another order, or a count times a score, changes the last digits: they decide nothing. */
function rounded(weight: number): number {
  return Number(weight.toPrecision(12));
}
