import { type Candidate, type Problem, UsageError } from "../types.ts";
import type { PairRequest, Scoring } from "../verifiers/verifier.ts";
import { conclude, concludeWith } from "./conclude.ts";
import { drawSamples } from "./samples.ts";
import { fullSampling, type Sampling, wholeNumber } from "./sampling.ts";
import { type Vote, vote } from "./select.ts";
import { type Context, type PlannedStrategy, planned } from "./strategy.ts";

/** Knobs of the tournament. */
export interface TournamentOptions extends Sampling {
  /** Samples. Default 16. */
  readonly n?: number;
  /** Most answers that take part, the commonest ones. Default 8. */
  readonly entrants?: number;
}

/**
 * **Tournament**: N independent solutions; of each of the commonest answers the first solution takes part; pairs are
 * compared until one is left. Comparing is easier for a model than grading (pairwise judges: Zheng et al. 2023,
 * arXiv:2306.05685, section 3; knockout of samples: Liu et al. 2025, arXiv:2501.13007), but it prefers a place: so
 * each pair is compared in both orders and the two probabilities are averaged, which cancels that.
 *
 * - Cost: N generations + 2 (k − 1) comparisons of two solutions each, k <= `entrants` the number of different
 *   answers, in ⌈log₂ k⌉ rounds. Answers that agree are never compared.
 * - Knobs: `n` 16, `entrants` 8 (ours: answers given once among many are seldom right), `temperature` 1.
 * - Pays where the model tells right from wrong better than it solves, and a graded judge gives everything the same
 *   grade. Fails where it cannot tell: then it undoes the vote. Useless with one answer (no pair) and for models
 *   that cannot be asked.
 *
 * A knockout: the most voted answer meets the least voted one left; the first round leaves a power of two. A pair
 * without a verdict in both orders, and a tie, goes to the answer with more votes; so what a budget or a failure
 * leaves out falls back on majority voting.
 */
export function tournament({ n = 16, entrants = 8, ...knobs }: TournamentOptions = {}): PlannedStrategy {
  const sampling = fullSampling(knobs);
  wholeNumber("n", n);
  wholeNumber("entrants", entrants);
  return planned("tournament", { n, entrants, ...sampling }, async (problem, context) => {
    const pairs = needPairs(context);
    const { candidates } = await drawSamples(problem, context, { n }, sampling);
    const votes = vote(candidates);
    if (votes.length < 2) return conclude(context, candidates, "majority");
    const field = votes.slice(0, entrants).map((one): Entrant => ({ vote: one, wins: 0, matches: 0 }));
    const winner = await knockOut(problem, context, pairs, field);
    if (winner.matches === 0) context.emit({ type: "note", text: NO_VERDICT });
    const why =
      winner.matches === 0
        ? `${winner.vote.count} of ${candidates.length} candidates agree`
        : `won ${winner.wins} of ${winner.matches} comparisons among ${field.length} answers`;
    return concludeWith(context, candidates, { selected: solutionOf(winner), why, votes });
  });
}

const NO_VERDICT = "The verifier gave no verdict on any pair of the winner: its votes decided.";

function needPairs({ verifier }: Context): Scoring<PairRequest> {
  if (verifier?.pairs) return verifier.pairs;
  throw new UsageError(
    verifier === undefined
      ? "tournament needs a verifier that compares solutions: give a judge, or use majority, which needs none."
      : `tournament needs a verifier that compares solutions, and ${verifier.name} does not: give a judge, or use weighted-best-of-n.`,
  );
}

/** An answer that takes part, and how it fared in the comparisons that had a verdict. */
interface Entrant {
  readonly vote: Vote;
  readonly wins: number;
  readonly matches: number;
}

function solutionOf({ vote }: Entrant): Candidate {
  return vote.candidates[0]!;
}

/** Plays until one is left. The field is in order of votes; so is what is left of it. */
async function knockOut(
  problem: Problem,
  context: Context,
  pairs: Scoring<PairRequest>,
  field: readonly Entrant[],
): Promise<Entrant> {
  if (field.length === 1) return field[0]!;
  const places = 2 ** Math.floor(Math.log2(field.length - 1));
  const resting = field.slice(0, 2 * places - field.length);
  const playing = field.slice(resting.length);
  const half = playing.length / 2;
  const matches = playing.slice(0, half).map((one, index) => [one, playing.at(-1 - index)!] as const);
  const chances = await compare(problem, context, pairs, matches);
  const winners = matches.map(([one, other], index): Entrant => {
    const chance = chances[index];
    if (chance === undefined) return one;
    const winner = chance < 0.5 ? other : one;
    return { ...winner, wins: winner.wins + 1, matches: winner.matches + 1 };
  });
  const order = (entrant: Entrant) => field.findIndex(({ vote }) => vote === entrant.vote);
  const left = [...resting, ...winners].sort((a, b) => order(a) - order(b));
  return knockOut(problem, context, pairs, left);
}

/** The probability that the first of each pair is the better one, over both orders. */
async function compare(
  problem: Problem,
  { signal, emit }: Context,
  pairs: Scoring<PairRequest>,
  matches: readonly (readonly [Entrant, Entrant])[],
): Promise<readonly (number | undefined)[]> {
  const both = matches.flatMap(([one, other]) => [
    [solutionOf(one), solutionOf(other)] as const,
    [solutionOf(other), solutionOf(one)] as const,
  ]);
  const requests = both.map(([first, second]): PairRequest => {
    const position = `compare/${first.id}/${second.id}`;
    return { problem, first: first.text, second: second.text, position };
  });
  const scores = await pairs.score(requests, { signal });
  return matches.map(([one, other], index) => {
    const [there, back] = [scores[2 * index]?.value, scores[2 * index + 1]?.value];
    const known = Number.isFinite(there) && Number.isFinite(back);
    // Rounding decides nothing: what only likes the first place says exactly one half.
    const chance = known ? Number(((there! + 1 - back!) / 2).toPrecision(12)) : undefined;
    emit({ type: "compared", id: solutionOf(one).id, against: solutionOf(other).id, chance });
    return chance;
  });
}
