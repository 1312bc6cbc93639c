import type { Candidate } from "../types.ts";
import { answerClasses } from "../verifiers/answer.ts";

/**
 * Pure statistics of votes: how sure it is that the commonest answer so far is the model's commonest. None of
 * them says anything about its being right.
 */

/** The answers as numbers, equal ones equal, in order; samples without an answer do not vote. */
export function ballots(candidates: readonly Candidate[]): readonly number[] {
  return answerClasses(candidates.flatMap(({ answer }) => (answer === undefined ? [] : [answer])));
}

/** How often each answer was given, the commonest first. */
export function counts(votes: readonly number[]): readonly number[] {
  return [...Map.groupBy(votes, (vote) => vote).values()].map(({ length }) => length).sort((a, b) => b - a);
}

/**
 * The probability that the second answer is the commoner of two, given `first` and `second` votes and a uniform
 * prior: P(Beta(first + 1, second + 1) <= 1/2), which is P(Binomial(first + second + 1, 1/2) > first).
 */
export function riskOfTwo(first: number, second: number): number {
  const tosses = first + second + 1;
  let log = -tosses * Math.LN2;
  let risk = 0;
  for (let heads = 0; heads <= second; heads += 1) {
    risk += Math.exp(log);
    log += Math.log((tosses - heads) / (heads + 1));
  }
  return risk;
}

/**
 * The wealth of who starts with 1 and bets the same share λ on each of the votes at even odds, averaged over λ
 * in [0, 1]: the integral of (1 + λ)^wins (1 - λ)^losses, which is the sum of C(m + 1, i) for i <= wins over
 * (m + 1) C(m, wins), with m = wins + losses.
 */
export function wealth(wins: number, losses: number): number {
  const tosses = wins + losses + 1;
  let term = tosses / (losses + 1);
  let sum = 0;
  for (let heads = wins; heads >= 0; heads -= 1) {
    sum += term;
    term *= heads / (tosses + 1 - heads);
  }
  return sum / tosses;
}

/** Evidence that the leader is the model's commonest answer. */
export interface Evidence {
  /** The e-value against the second most frequent answer, or, when there is none, against one not yet given. */
  readonly runnerUp: number;
  /** The least e-value against any other answer, given or not. */
  readonly rest: number;
}

interface Rival {
  count: number;
  /** Votes for the leader of the others, since the beginning. */
  wins: number;
  losses: number;
}

/**
 * The e-value against every answer, and under `undefined` that against any that was never given. The one against
 * the answer j bets, before each vote, on the leader among the other answers and against j: votes for that leader
 * win, votes for j lose, all else leaves the wealth alone. See `eProcess` for why that is valid.
 */
export function eValues(votes: readonly number[]): ReadonlyMap<number | undefined, number> {
  const all = [...playedOut(votes)];
  return new Map(all.map(([answer, { wins, losses }]) => [answer, wealth(wins, losses)]));
}

/** The e-values of those that the leader must beat. */
export function evidence(votes: readonly number[]): Evidence {
  const rivals = playedOut(votes);
  const [leader, second] = topTwo(rivals);
  const of = (answer: number | undefined) => wealth(rivals.get(answer)!.wins, rivals.get(answer)!.losses);
  const others = [...rivals.keys()].filter((answer) => answer !== leader && answer !== second);
  return {
    runnerUp: of(second),
    rest: Math.min(of(undefined), ...others.map(of)),
  };
}

/** Places all bets; the rival `undefined` is every answer that was never given. */
function playedOut(votes: readonly number[]): ReadonlyMap<number | undefined, Rival> {
  const unseen: Rival = { count: 0, wins: 0, losses: 0 };
  const rivals = new Map<number | undefined, Rival>([[undefined, unseen]]);
  for (const vote of votes) {
    if (!rivals.has(vote)) rivals.set(vote, { ...unseen });
    const [leader, second] = topTwo(rivals);
    for (const [answer, rival] of rivals) {
      const favourite = answer === leader ? second : leader;
      if (favourite === undefined) continue;
      if (vote === favourite) rival.wins += 1;
      else if (vote === answer) rival.losses += 1;
    }
    rivals.get(vote)!.count += 1;
  }
  return rivals;
}

/** The two answers with the most votes so far; ties go to the one given first. */
function topTwo(
  rivals: ReadonlyMap<number | undefined, Rival>,
): readonly [number | undefined, number | undefined] {
  let [first, second]: (number | undefined)[] = [];
  const count = (answer: number | undefined) => rivals.get(answer)!.count;
  for (const answer of rivals.keys()) {
    if (count(answer) > count(first)) [first, second] = [answer, first];
    else if (count(answer) > count(second)) second = answer;
  }
  return [first, second];
}
