import { conclude } from "./conclude.ts";
import { fullSampling, type Sampling, wholeNumber } from "./sampling.ts";
import { drawScored, needVerifier } from "./scoring.ts";
import { type PlannedStrategy, planned } from "./strategy.ts";

/**
 * **Best-of-N** (Snell et al. 2024, arXiv:2408.03314, section 5.1; Cobbe et al. 2021, arXiv:2110.14168): N
 * independent solutions, the one with the highest verifier score wins. Solutions that share the top score
 * vote, so a rule that only says 0 or 1 loses nothing to majority. Without any score it is majority voting,
 * and the receipt says so.
 *
 * - Cost: N generations + the scoring of each distinct solution.
 * - Knobs: `n` 16 (paper: 1 to 256), `temperature` 1 (Hugging Face: 0.8).
 * - Pays when right answers are rare and the verifier knows them: countdown, code with tests, exact rules.
 *   Fails when the verifier can be fooled: one confident mistake decides, and the more solutions there are the
 *   likelier it is (over-optimisation). Then prefer `weightedBestOfN`.
 */
export function bestOfN({ n = 16, ...knobs }: Sampling & { readonly n?: number } = {}): PlannedStrategy {
  const sampling = fullSampling(knobs);
  wholeNumber("n", n);
  return planned("best-of-n", { n, ...sampling }, async (problem, context) => {
    const verifier = needVerifier(context, "best-of-n", false);
    return conclude(context, await drawScored(problem, context, verifier, n, sampling), "best");
  });
}
