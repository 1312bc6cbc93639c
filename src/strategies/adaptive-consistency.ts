import { conclude } from "./conclude.ts";
import { ballots, counts, riskOfTwo } from "./consensus.ts";
import { errorLevel, fullSampling, type Sampling, wholeNumber } from "./sampling.ts";
import { type PlannedStrategy, planned } from "./strategy.ts";
import { drawUntil } from "./waves.ts";

/** Knobs of the strategies that stop when the votes agree. */
export interface StoppingOptions extends Sampling {
  /** Most samples. Default 40. */
  readonly n?: number;
  /** How unsure of the commonest answer one may be when stopping, in [0, 1); 0 draws all `n`. */
  readonly level?: number;
}

/**
 * **Adaptive consistency** (Aggarwal et al. 2023, arXiv:2305.11860, section 3, the Beta criterion): majority
 * voting that stops when the leader is sure to stay ahead of the runner-up. With v₁ and v₂ votes for the two, a
 * uniform prior gives their ratio the posterior Beta(v₁ + 1, v₂ + 1); it stops when P(ratio > ½) >= 1 − level.
 *
 * - Cost: k <= N generations, no verifier, + what is in flight when the k-th decides (see `drawUntil`).
 * - Knobs: `n` 40, `level` 0.05 (both the paper's: it stops at 4–0, 6–1, 8–2, 9–3), `temperature` 1 (paper: 0.7).
 *   Level 0 is majority voting of N.
 * - Pays wherever majority voting does: easy problems take 4 samples, and only divided votes take all (in the
 *   paper up to 7.9 times fewer samples at less than 0.1% lost). Fails where majority voting does, on a confident
 *   wrong answer. The level is that of one look at two answers; looking after every sample errs more often, and
 *   answers beyond the second are not looked at. `eProcess` keeps its level, for more samples.
 */
export function adaptiveConsistency({
  n = 40,
  level = 0.05,
  ...knobs
}: StoppingOptions = {}): PlannedStrategy {
  const sampling = fullSampling(knobs);
  wholeNumber("n", n);
  errorLevel(level);
  return planned("adaptive-consistency", { n, level, ...sampling }, async (problem, context) => {
    const candidates = await drawUntil(problem, context, { n, sampling }, (drawn) => {
      const [first = 0, second = 0] = counts(ballots(drawn));
      const risk = riskOfTwo(first, second);
      if (level === 0 || first === 0 || risk > level) return undefined;
      return `at ${first} to ${second} votes the leader is the commoner answer with probability ${(1 - risk).toFixed(3)}`;
    });
    return conclude(context, candidates, "majority");
  });
}
