/** How the answers of a problem stand after some samples: what a policy sees of a search. */
export interface Standing {
  /** Solutions so far, those without an answer included. */
  readonly samples: number;
  /** Searches that are done; their solutions are much alike. */
  readonly searches: number;
  readonly answered: number;
  /** Different answers. */
  readonly classes: number;
  /** Summed scores of all answers; votes where no answer is scored. */
  readonly weight: number;
  /** Mean log-odds of the scores of all samples; 0 where nothing is scored. */
  readonly odds: number;
  readonly leader: Contender | undefined;
  readonly runnerUp: Contender | undefined;
}

/** One of the different answers. */
export interface Contender {
  /** Its class. */
  readonly answer: number;
  /** The solution to show for it, counted as they were added: the highest-scored, of equal ones the first. */
  readonly best: number;
  readonly votes: number;
  /** Summed scores; votes where no answer is scored. */
  readonly weight: number;
  /** Log-odds of its highest score; 0 where it has none. */
  readonly odds: number;
}

/** Running sums over the solutions of one problem. */
export interface Votes {
  /**
   * Adds a solution: the class of its answer, -1 without one; its score in [0, 1], NaN when unknown; and the
   * samples of equal text that it stands for, by default 1.
   */
  add(answer: number, score: number, count?: number): void;
  /** Says that the solutions of a search were added. */
  searched(): void;
  standing(): Standing;
}

interface Sums {
  readonly answer: number;
  votes: number;
  weight: number;
  best: number;
  score: number;
}

/** Scores of 0 and 1 count as odds of 1 to 1,000. */
const MOST_ODDS = Math.log(1000);

const LOWEST = 1 / 1001;

/** Scores that a verifier gives outside [0, 1] count as the nearest end. */
function oddsOf(score: number): number {
  if (score <= LOWEST) return -MOST_ODDS;
  return score >= 1 - LOWEST ? MOST_ODDS : Math.log(score / (1 - score));
}

/**
 * Equal answers gather votes and scores; the leader is weighted best-of-N's choice (`choose` of select.ts), or
 * majority's where no answer is scored, for solutions that are added in order of position.
 */
export function createVotes(): Votes {
  const sums = new Map<number, Sums>();
  let added = 0;
  let samples = 0;
  let searches = 0;
  let answered = 0;
  let scored = 0;
  let scoredAnswers = 0;
  let odds = 0;
  const weightOf = (one: Sums) => (scoredAnswers > 0 ? one.weight : one.votes);
  const contender = (one: Sums): Contender => ({
    answer: one.answer,
    best: one.best,
    votes: one.votes,
    weight: weightOf(one),
    odds: one.score > Number.NEGATIVE_INFINITY ? oddsOf(one.score) : 0,
  });
  return {
    add(answer, score, count = 1) {
      const known = !Number.isNaN(score);
      if (known) {
        scored += count;
        odds += count * oddsOf(score);
      }
      if (answer >= 0) {
        answered += count;
        const one = sums.get(answer) ?? {
          answer,
          votes: 0,
          weight: 0,
          best: added,
          score: Number.NEGATIVE_INFINITY,
        };
        sums.set(answer, one);
        one.votes += count;
        if (known) {
          scoredAnswers += count;
          one.weight += count * score;
          if (score > one.score) [one.best, one.score] = [added, score];
        }
      }
      samples += count;
      added += 1;
    },
    searched() {
      searches += 1;
    },
    standing() {
      let [leader, runnerUp]: (Sums | undefined)[] = [];
      let weight = 0;
      for (const one of sums.values()) {
        weight += weightOf(one);
        if (leader === undefined || heavier(one, leader)) [leader, runnerUp] = [one, leader];
        else if (runnerUp === undefined || heavier(one, runnerUp)) runnerUp = one;
      }
      return {
        samples,
        searches,
        answered,
        classes: sums.size,
        weight,
        odds: scored === 0 ? 0 : odds / scored,
        leader: leader && contender(leader),
        runnerUp: runnerUp && contender(runnerUp),
      };
    },
  };
}

/** Weights that differ by rounding alone are equal; then votes decide, then who came first. */
function heavier(one: Sums, other: Sums): boolean {
  const difference = one.weight - other.weight;
  if (Math.abs(difference) > 1e-11 * Math.max(one.weight, other.weight)) return difference > 0;
  const rounded = Number(one.weight.toPrecision(12)) - Number(other.weight.toPrecision(12));
  return rounded > 0 || (rounded === 0 && one.votes > other.votes);
}
