import { type Candidate, type Problem, UsageError } from "../types.ts";
import type { Score } from "../verifiers/verifier.ts";
import { type Attempt, drawAttempts, HISTORY, scoredTexts } from "./attempts.ts";
import { conclude } from "./conclude.ts";
import { type FullSampling, fullSampling, type Sampling, wholeNumber } from "./sampling.ts";
import { scoreAll } from "./scoring.ts";
import { byPosition, choose } from "./select.ts";
import { type Context, type PlannedStrategy, planned } from "./strategy.ts";

/** Knobs of sequential revisions. */
export interface RevisionsOptions extends Sampling {
  /** N: attempts over all chains. Default 16. */
  readonly n?: number;
  /** r: attempts of one chain, the first one included; the attempts are dealt evenly to N/r chains, rounded up.
   * 1 is parallel sampling; N or more is one chain. Default 4. */
  readonly chain?: number;
  /** Earlier attempts that the model is shown. Default 4. */
  readonly history?: number;
}

/**
 * **Sequential revisions** (Snell et al. 2024, arXiv:2408.03314, section 6): N/r chains; in each the model writes
 * a solution, then again and again a better one, shown the last four. A model trained to revise is needed.
 * With a verifier selection is hierarchical: weighted best-of-N within each chain; of its winning answer the
 * best solution; weighted best-of-N over these. Without one all answers vote, flat: the paper finds that a
 * hierarchy of votes fails when chains are few or short.
 *
 * - Cost: N generations + the scoring of each distinct attempt (with its history, if the verifier sees it). The
 *   history is read as input: up to `history` solutions for each attempt. Chains advance side by side, so a
 *   problem takes r generations of time.
 * - Knobs: `n` 16 and `chain` 4 (paper: N to 256, every ratio of sequential to parallel, chains to 64), `history` 4
 *   (paper), `temperature` 1.
 * - Pays on easy problems, where the first attempt is nearly right: there the longest chain is best; on harder
 *   ones a ratio in between. Fails in that right answers are revised to wrong ones (38% in the paper), which
 *   selection has to mend: `revisionChanges` counts them from the trace.
 *
 * An attempt without an answer, or a lost one, is not shown to later ones; where none has an answer the next
 * attempt is a new sample.
 */
export function revisions({
  n = 16,
  chain = 4,
  history = HISTORY,
  ...knobs
}: RevisionsOptions = {}): PlannedStrategy {
  const sampling = fullSampling(knobs);
  wholeNumber("n", n);
  wholeNumber("chain", chain);
  wholeNumber("history", history);
  return planned("revisions", { n, chain, history, ...sampling }, async (problem, context) => {
    const { name, can } = context.model;
    if (Math.min(chain, n) > 1 && !can.revise)
      throw new UsageError(
        `revisions needs a model that is trained to revise its solutions, and ${name} is not: use ${can.chat === false ? "majority" : "critique-revise, which asks for revisions in a chat"}.`,
      );
    const attempts = await drawChains(problem, context, { n, chain, history, sampling });
    const judged = attempts.some(({ answer, score }) => answer !== undefined && score !== undefined);
    const rule = context.verifier === undefined ? "majority" : "weighted";
    const outcome = conclude(context, judged ? chainBests(attempts) : attempts, rule);
    return { ...outcome, candidates: [...attempts].sort(byPosition) };
  });
}

interface Chains {
  readonly n: number;
  readonly chain: number;
  readonly history: number;
  readonly sampling: FullSampling;
}

/**
 * Link L of chain C is at the position `sample/C/revision/L`, the first one at `sample/C`. Under a budget each
 * link is bought and scored in waves of N/8 attempts, as independent samples are.
 */
async function drawChains(
  problem: Problem,
  context: Context,
  { n, chain, history, sampling }: Chains,
): Promise<readonly Candidate[]> {
  const { verifier, signal } = context;
  const chains = Array.from({ length: Math.ceil(n / chain) }, (): Candidate[] => []);
  const known = new Map<string, Score | undefined>();
  const wave = context.budgeted && verifier && !verifier.free ? Math.ceil(n / 8) : n;
  for (let link = 0; link * chains.length < n; link += 1) {
    const open = Math.min(chains.length, n - link * chains.length);
    const attempts = chains.slice(0, open).map((earlier, index): Attempt => {
      return { position: link === 0 ? `sample/${index}` : `sample/${index}/revision/${link}`, earlier };
    });
    for (let first = 0; first < open; first += wave) {
      const drawn = await drawAttempts(
        problem,
        context,
        attempts.slice(first, first + wave),
        sampling,
        history,
      );
      const { candidates, refused } = verifier
        ? await scoreAll(problem, context, verifier, drawn.candidates, {
            texts: scoredTexts(verifier, drawn),
            known,
          })
        : { ...drawn, refused: false };
      for (const one of candidates) chains[chainOf(one)]!.push(one);
      if (drawn.refused || refused || signal.aborted) return chains.flat();
    }
  }
  return chains.flat();
}

function chainOf({ id }: Pick<Candidate, "id">): number {
  return Number(id.split("/")[1]);
}

/** Of each chain, the best solution with the answer that weighted best-of-N chooses there. */
export function chainBests(attempts: readonly Candidate[]): readonly Candidate[] {
  const chains = Map.groupBy(attempts, chainOf);
  return [...chains.values()].flatMap((chain) => choose(chain, "weighted").selected ?? []);
}
