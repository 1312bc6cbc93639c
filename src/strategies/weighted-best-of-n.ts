import { conclude } from "./conclude.ts";
import { fullSampling, type Sampling, wholeNumber } from "./sampling.ts";
import { drawScored, needVerifier } from "./scoring.ts";
import { type PlannedStrategy, planned } from "./strategy.ts";

/**
 * **Weighted best-of-N** (Snell et al. 2024, arXiv:2408.03314, section 5.1, after Li et al. 2023,
 * arXiv:2206.02336): N independent solutions; the answer with the largest sum of scores over equal answers
 * wins, â = argmax_a Σ_{i: a_i = a} s_i. Shown is its highest-scored solution. A solution without a score adds
 * nothing; without any score it is majority voting, and the receipt says so.
 *
 * - Cost: N generations + the scoring of each distinct solution.
 * - Knobs: `n` 16 (paper: 1 to 256), `temperature` 1 (Hugging Face: 0.8).
 * - Pays nearly always when answers repeat: it has the votes and the verifier. Fails where answers hardly ever
 *   repeat (then it is best-of-N), and where a wrong answer is both common and well scored.
 */
export function weightedBestOfN({
  n = 16,
  ...knobs
}: Sampling & { readonly n?: number } = {}): PlannedStrategy {
  const sampling = fullSampling(knobs);
  wholeNumber("n", n);
  return planned("weighted-best-of-n", { n, ...sampling }, async (problem, context) => {
    const verifier = needVerifier(context, "weighted-best-of-n", false);
    return conclude(context, await drawScored(problem, context, verifier, n, sampling), "weighted");
  });
}
