import { UsageError } from "../types.ts";
import { conclude } from "./conclude.ts";
import { rounds, type Select } from "./rounds.ts";
import { wholeNumber } from "./sampling.ts";
import { needSteps } from "./scoring.ts";
import { countOf, effectiveSize, type Rule, resample, weighed } from "./select.ts";
import { fullStepSampling, type StepSampling } from "./steps.ts";
import { type Context, type PlannedStrategy, planned } from "./strategy.ts";

/** Knobs of particle filtering. */
export interface ParticlesOptions extends StepSampling {
  /** Particles. Default 16. */
  readonly n?: number;
  /** How one of the last particles is chosen: "best", the highest score, or "weighted", summed scores per
   * equal answer. Default "best". */
  readonly rule?: Exclude<Rule, "majority">;
}

/**
 * **Particle filtering** (Puri et al. 2025, arXiv:2502.01618, section 4.2, and their its_hub): N particles write
 * one step each; the verifier's score s weighs them by exp(logit s) = s/(1-s); N are drawn anew in proportion to
 * the weights, the complete ones too, which then wait; until all are complete. The answer is that of the particle
 * with the highest score.
 *
 * - Cost: at most N generations, counted in steps + the scoring of every distinct prefix.
 * - Knobs: `n` 16 (paper: up to 64 in its main table), `rule` "best" (code: the highest score), `temperature` 1
 *   (paper: to be tuned for the task), `maxRounds` 40 (code: set by its user).
 * - Pays where the verifier is imprecise: prefixes survive by chance in proportion to their odds, not by rank.
 *   Fails by early collapse: odds of a sharp verifier differ by orders of magnitude, so that one prefix takes
 *   all places; the trace tells the effective sample size of every round.
 *
 * Drawing is systematic (one random number per round), where their code draws each particle on its own: the
 * expected copies are the same, and vary less; with equal scores nothing is lost. When all particles are complete
 * they are weighed but not drawn again, which could only lose the highest. Scores are kept in [1e-7, 1 - 1e-7],
 * as in their code. Lost particles are replaced at the next drawing. Particles of equal text are one candidate
 * with a count. Solutions that were completed and not drawn take no part, unless no answer is left without them.
 */
export function particles({ n = 16, rule = "best", ...knobs }: ParticlesOptions = {}): PlannedStrategy {
  const sampling = fullStepSampling(knobs);
  wholeNumber("n", n);
  if (rule !== "best" && rule !== "weighted")
    throw new UsageError(`rule must be "best" or "weighted", not "${rule}".`);
  return planned("particles", { n, rule, ...sampling }, async (problem, context) => {
    const { completed, kept } = await rounds(problem, context, {
      first: n,
      sampling,
      verifier: needSteps(context, "particles"),
      select: redraw(n, context),
    });
    const left = kept.flatMap(({ beam, width }) => (beam.complete ? [{ ...beam, count: width }] : []));
    const answered = left.some(({ answer }) => answer !== undefined);
    return { ...conclude(context, answered ? left : completed, rule), candidates: completed };
  });
}

/** Draws `n` particles from the samples, in proportion to the odds of their scores. */
function redraw(n: number, { emit }: Pick<Context, "emit">): Select {
  return (beams, { round, rng }) => {
    if (beams.length === 0) return [];
    const samples = weighed(beams, odds);
    const copies = beams.every(({ complete }) => complete)
      ? new Map(beams.map((beam) => [beam, countOf(beam)]))
      : resample(samples, n, rng.next());
    const named = Object.fromEntries([...copies].map(([{ id }, width]) => [id, width]));
    emit({ type: "resampled", round, ess: effectiveSize(samples), copies: named });
    return [...copies].map(([beam, width]) => ({ beam, width }));
  };
}

function odds(score: number): number {
  const kept = Math.min(Math.max(score, 1e-7), 1 - 1e-7);
  return kept / (1 - kept);
}
