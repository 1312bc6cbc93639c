import { conclude } from "./conclude.ts";
import { drawSamples } from "./samples.ts";
import { fullSampling, type Sampling, wholeNumber } from "./sampling.ts";
import { type PlannedStrategy, planned } from "./strategy.ts";

/**
 * **Majority voting** (self-consistency; Wang et al. 2022, arXiv:2203.11171, section 2): the modal answer of N
 * independent solutions. Equal answers are those that `equivalent` calls equal; a tie goes to the answer that
 * the earliest position gave.
 *
 * - Cost: N generations, no verifier.
 * - Knobs: `n` 16 (paper: 40), `temperature` 1 (paper: 0.5 to 0.7).
 * - Pays when the right answer is the commonest one, though seldom given. Fails, more surely as N grows, when a
 *   wrong answer is commoner; useless when answers hardly ever repeat (countdown, free text).
 */
export function majority({ n = 16, ...knobs }: Sampling & { readonly n?: number } = {}): PlannedStrategy {
  const sampling = fullSampling(knobs);
  wholeNumber("n", n);
  return planned("majority", { n, ...sampling }, async (problem, context) => {
    const { candidates } = await drawSamples(problem, context, { n }, sampling);
    return conclude(context, candidates, "majority");
  });
}
