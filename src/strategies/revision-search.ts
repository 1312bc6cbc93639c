import { type Candidate, type Problem, UsageError } from "../types.ts";
import type { Score, Verifier } from "../verifiers/verifier.ts";
import { type Attempt, drawAttempts, HISTORY, scoredTexts } from "./attempts.ts";
import { conclude } from "./conclude.ts";
import { type Fault, faultOf, withStepScores } from "./faults.ts";
import { type FullSampling, fullSampling, type Sampling, wholeNumber } from "./sampling.ts";
import { needVerifier, scoreAll } from "./scoring.ts";
import { byPosition } from "./select.ts";
import { type Context, type PlannedStrategy, planned } from "./strategy.ts";

/** Knobs of search over revisions. */
export interface RevisionSearchOptions extends Sampling {
  /** N: attempts over all rounds. Default 16. */
  readonly n?: number;
  /** Rounds to which the attempts are dealt evenly; the first one is of samples. Default 2. */
  readonly rounds?: number;
  /** M: revisions of each attempt that is revised. Default 1. */
  readonly width?: number;
  /** An attempt, or a step, that scores below is at fault. Default 0.9. */
  readonly threshold?: number;
  /** Earlier attempts that a model trained to revise is shown. Default 4. */
  readonly history?: number;
  /** Ends a step. Default "\n". */
  readonly separator?: string;
}

/**
 * **Search over revisions**, guided by a verifier: the combination of search and revisions that Snell et al.
 * (2024, arXiv:2408.03314, section 8) leave to future work; this algorithm is ours.
 *
 * N/R samples; then R-1 rounds of N/R attempts each. In a round the verifier finds fault with the attempts of all
 * rounds before: with the first step that scores below `threshold`, or with the whole attempt where it scores
 * only whole ones. Attempts at fault are revised M times each, once in a search, those first of which the best
 * is kept: the score of the last step before the fault, or of the whole attempt. A revision begins with the steps
 * before the fault; a model that is trained to revise is shown the attempt and its ancestors too. Places that
 * are left are new samples. All attempts vote by weighted best-of-N.
 *
 * - Cost: at most N generations, less the steps that revisions keep + the scoring of each distinct attempt (of
 *   each prefix of it, by a verifier that scores partial solutions but gives no scores of steps). Kept steps are
 *   read as input, and are the parent's on the receipt, so they count as discarded there.
 * - Knobs: `n` 16, `rounds` 2, `width` 1, `threshold` 0.9, `history` 4, all our choice.
 * - Pays, if at all, where the verifier knows the first wrong step and solutions are long. Fails where answers are
 *   found by variety, since what is kept is not tried anew: with the embedded models, more rounds at a threshold
 *   of 0.5 lose to weighted best-of-N on countdown, and the defaults cannot be told from it.
 */
export function revisionSearch({
  n = 16,
  rounds = 2,
  width = 1,
  threshold = 0.9,
  history = HISTORY,
  separator = "\n",
  ...rest
}: RevisionSearchOptions = {}): PlannedStrategy {
  const sampling = fullSampling(rest);
  for (const [knob, value] of Object.entries({ n, rounds, width, history })) wholeNumber(knob, value);
  if (!(threshold >= 0 && threshold <= 1))
    throw new UsageError(`threshold must be a number from 0 to 1, not ${threshold}.`);
  if (typeof separator !== "string" || separator === "") throw new UsageError("separator must not be empty.");
  const knobs = { n, rounds, width, threshold, history, separator };
  return planned("revision-search", { ...knobs, ...sampling }, async (problem, context) => {
    const verifier = needVerifier(context, "revision-search", false);
    const { can, name } = context.model;
    const stepwise = can.prefix && verifier.scoresPartial && !verifier.seesHistory;
    if (!stepwise && !can.revise)
      throw new UsageError(
        `revision-search needs a model that is trained to revise, or one that continues a given text and a verifier that scores partial solutions, and ${name} with ${verifier.name} is neither: use weighted-best-of-n.`,
      );
    const search = { ...knobs, sampling, verifier, stepwise, trained: can.revise === true };
    return conclude(context, await searched(problem, context, search), "weighted");
  });
}

interface Search extends Required<Omit<RevisionSearchOptions, keyof Sampling>> {
  readonly sampling: FullSampling;
  readonly verifier: Verifier;
  /** Faults are found step by step. */
  readonly stepwise: boolean;
  readonly trained: boolean;
}

/** An attempt of the search. */
interface Member {
  readonly candidate: Candidate;
  /** Its ancestors, the oldest first, and itself. */
  readonly chain: readonly Candidate[];
  /** `undefined`: the verifier finds none. */
  readonly fault: Fault | undefined;
}

async function searched(problem: Problem, context: Context, search: Search): Promise<readonly Candidate[]> {
  const { n, rounds, sampling, verifier, history } = search;
  const pool: Member[] = [];
  const known = new Map<string, Score | undefined>();
  const done = new Set<string>();
  for (let round = 0, samples = 0; round < rounds; round += 1) {
    const size = Math.floor((n + rounds - 1 - round) / rounds);
    const revised = revisionsOf(pool, done, size, round, search);
    const fresh = Array.from({ length: size - revised.length }, (_, index): Attempt => {
      return { position: `sample/${samples + index}`, earlier: [] };
    });
    samples += fresh.length;
    const attempts = [...revised, ...fresh];
    const drawn = await drawAttempts(problem, context, attempts, sampling, history);
    const texts = scoredTexts(verifier, drawn);
    const scored = await scoreAll(problem, context, verifier, drawn.candidates, { texts, known });
    const last = drawn.refused || scored.refused || context.signal.aborted || round === rounds - 1;
    const seen =
      search.stepwise && !last
        ? await withStepScores(problem, context, scored.candidates, search, known)
        : scored.candidates;
    for (const candidate of seen) {
      const { earlier } = attempts.find(({ position }) => position === candidate.id)!;
      pool.push({ candidate, chain: [...earlier, candidate], fault: faultOf(candidate, search) });
    }
    if (last) break;
  }
  return pool.map(({ candidate }) => candidate);
}

/** At most `size` revisions, at the positions `round/R/attempt/A/child/C`; what they revise is done with. */
function revisionsOf(
  pool: readonly Member[],
  done: Set<string>,
  size: number,
  round: number,
  { width, trained }: Search,
): readonly Attempt[] {
  const attempts: Attempt[] = [];
  let parents = 0;
  const open = pool.filter(({ fault }) => fault !== undefined && (trained || fault.kept !== ""));
  open.sort((a, b) => b.fault!.value - a.fault!.value || byPosition(a.candidate, b.candidate));
  for (const { candidate, chain, fault } of open) {
    const { kept } = fault!;
    // Without history, a revision depends on what it keeps alone.
    const key = trained ? candidate.id : kept;
    if (done.has(key) || attempts.length === size) continue;
    done.add(key);
    for (let child = 0; child < Math.min(width, size); child += 1) {
      if (attempts.length === size) break;
      attempts.push({
        position: `round/${round}/attempt/${parents}/child/${child}`,
        earlier: trained ? chain : [],
        ...(kept !== "" && { from: { parent: candidate, kept } }),
      });
    }
    parents += 1;
  }
  return attempts;
}
