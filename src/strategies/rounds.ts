import type { Rng } from "../random.ts";
import type { Problem } from "../types.ts";
import type { Verifier } from "../verifiers/verifier.ts";
import { scoreAll } from "./scoring.ts";
import { byPosition } from "./select.ts";
import { type Beam, type FullStepSampling, type Kept, mergeEqual, proposeSteps } from "./steps.ts";
import type { Context } from "./strategy.ts";

/** What selection may look at besides the beams. */
export interface RoundState {
  /** From 0. */
  readonly round: number;
  /** Of this round only. */
  readonly rng: Rng;
  /** Every beam completed so far, this round's too, with the count it was completed with. */
  readonly completed: readonly Beam[];
}

/** Says which beams survive, each at most once: this round's, and the complete ones that survived before. */
export type Select = (beams: readonly Beam[], state: RoundState) => readonly Kept[];

/** Texts to score, one for each beam, and whether a call was refused for lack of budget. */
export interface ScoredTexts {
  readonly texts: readonly string[];
  readonly refused: boolean;
}

/** What a strategy gives to the loop. */
export interface RoundsOptions {
  /** First steps to sample, over all trees. */
  readonly first: number;
  readonly sampling: FullStepSampling;
  readonly verifier: Verifier;
  readonly select: Select;
  /** Independent searches, among which the first steps are dealt evenly. Default 1. */
  readonly trees?: number;
  /** Gives, for each beam, the text to score instead of its own. */
  readonly scoredTexts?: (beams: readonly Beam[]) => Promise<ScoredTexts>;
}

/** How a search ended. */
export interface Searched {
  /** Every completed beam, by position, with the count it was completed with. */
  readonly completed: readonly Beam[];
  /** What the last selection kept; when the search was cut short, the complete beams that there were. */
  readonly kept: readonly Kept[];
}

/**
 * The loop that all step-by-step searches share: propose -> score -> select, until every survivor is complete,
 * the rounds are over, or a call was refused or cancelled. The model must continue a prefix and the verifier
 * score partial solutions. A strategy supplies only `select`, and where it needs them the other two:
 *
 * - beam search keeps the best beams and gives each the same width;
 * - DVTS does so in each of several `trees`;
 * - REBASE spreads the samples that `completed` has not used up by softmax of the score;
 * - particle filtering resamples all beams, the complete ones too, whose width is the copies that remain;
 * - lookahead lets `scoredTexts` write each beam some greedy steps further.
 *
 * Beams of equal text in one tree are merged: one beam, scored once, whose `count` says how many samples gave
 * it, so that selection can keep its width. No place is filled with a copy.
 */
export async function rounds(problem: Problem, context: Context, options: RoundsOptions): Promise<Searched> {
  const { sampling, verifier, select, scoredTexts } = options;
  const { emit, signal } = context;
  const completed: Beam[] = [];
  let kept = roots(options);
  for (let round = 0; round < sampling.maxRounds; round += 1) {
    const proposed = await proposeSteps(problem, context, kept, round, sampling);
    const distinct = mergeEqual(proposed.beams, context);
    const last = proposed.refused || signal.aborted || round === sampling.maxRounds - 1;
    const open = last ? distinct.filter(({ complete }) => complete) : distinct;
    const ahead = await scoredTexts?.(open);
    const scored = await scoreAll(problem, context, verifier, open, { texts: ahead?.texts });
    const ended = last || ahead?.refused || scored.refused || signal.aborted;
    completed.push(...scored.candidates.filter(({ complete }) => complete));
    const carried = kept.flatMap(({ beam, width }) => (beam.complete ? [{ ...beam, count: width }] : []));
    const beams = [...carried, ...scored.candidates].sort(byPosition);
    kept = ended
      ? beams.flatMap((beam) => (beam.complete ? [{ beam, width: beam.count }] : []))
      : select(beams, { round, rng: context.rng.split("select", round), completed });
    if (!ended && open.length > 0 && scored.candidates.every(({ score }) => score === undefined)) {
      emit({
        type: "note",
        text: `The verifier gave no score in round ${round}: the first beams were kept.`,
      });
    }
    const survivors = new Set(ended ? [] : kept.map(({ beam }) => beam.id));
    for (const { id, complete } of distinct) {
      if (complete || survivors.has(id)) continue;
      emit({ type: "pruned", id, reason: ended ? "the search ended" : `not selected in round ${round}` });
    }
    if (ended || kept.every(({ beam }) => beam.complete)) break;
  }
  return { completed: completed.sort(byPosition), kept };
}

function roots({ first, trees = 1 }: RoundsOptions): readonly Kept[] {
  return Array.from({ length: trees }, (_, tree) => ({
    beam: { id: "", text: "", complete: false, outputTokens: 0, count: 1, tree },
    width: Math.floor((first + trees - 1 - tree) / trees),
  }));
}
