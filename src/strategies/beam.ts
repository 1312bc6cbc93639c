import { UsageError } from "../types.ts";
import { conclude } from "./conclude.ts";
import { rounds, type Select } from "./rounds.ts";
import { wholeNumber } from "./sampling.ts";
import { needSteps } from "./scoring.ts";
import { byScore } from "./select.ts";
import { fullStepSampling, type Kept, type StepSampling } from "./steps.ts";
import { type PlannedStrategy, planned } from "./strategy.ts";

/** Knobs of beam search. */
export interface BeamOptions extends StepSampling {
  /** N: first steps, and at most as many steps in every later round. Default 16. */
  readonly n?: number;
  /** M: next steps of each surviving beam, 1 to N. Default 4. */
  readonly width?: number;
}

/**
 * **Beam search with a process verifier** (Snell et al. 2024, arXiv:2408.03314, section 5.1 and appendix):
 * sample N first steps; score; keep the best N/M prefixes; sample M next steps from each; at most 40 rounds;
 * then weighted best-of-N over the completed solutions.
 *
 * - Cost: at most N generations, counted in steps + the scoring of every distinct prefix.
 * - Knobs: `n` 16 (paper: 4 to 256), `width` 4 (paper: 4 or √N; Liu et al. 2025: 4), `temperature` 1 (Hugging
 *   Face: 0.8; Liu et al.: 0.7), `separator` "\n" (paper; Hugging Face "\n\n"), `maxRounds` 40.
 * - Pays on problems of medium to high difficulty with few samples. Fails on easy ones as N grows, where it
 *   finds what fools the verifier (short or repetitive solutions); on the hardest nothing helps; and under a
 *   budget that ends before the first solution does it has no answer, where samples would have had one.
 *
 * Where the paper is silent: a completed solution keeps competing for its place among the N/M, and while it
 * holds one, nothing is sampled in it. The search ends when all the best are complete. Every completed
 * solution votes, also one that was outscored later; with solutions of equal length these are the paper's N.
 * Samples of equal text are one beam that takes as many places as it has samples and keeps their width.
 *
 * Hugging Face's search-and-learn instead stops at the first N finishers, which prefers short solutions, and
 * fills missing beams with copies, which counts votes that nobody sampled.
 */
export function beam({ n = 16, width = 4, ...knobs }: BeamOptions = {}): PlannedStrategy {
  const sampling = fullStepSampling(knobs);
  checkWidth(n, width);
  return planned("beam", { n, width, ...sampling }, async (problem, context) => {
    const verifier = needSteps(context, "beam");
    const select = keepBest(Math.floor(n / width), width);
    const { completed } = await rounds(problem, context, { first: n, sampling, verifier, select });
    return conclude(context, completed, "weighted");
  });
}

/** Checks N and M, or throws a `UsageError`. */
export function checkWidth(n: number, width: number): void {
  wholeNumber("n", n);
  wholeNumber("width", width);
  if (width > n) throw new UsageError(`width (${width}) must be at most n (${n}).`);
}

/** Gives `places` to the highest scores, as many to each beam as it has samples, and `width` steps to each place. */
export function keepBest(places: number, width: number): Select {
  return (beams) => {
    const kept: Kept[] = [];
    let left = places;
    for (const one of [...beams].sort(byScore)) {
      const taken = Math.min(left, one.count);
      if (taken === 0) break;
      kept.push({ beam: one, width: one.complete ? taken : taken * width });
      left -= taken;
    }
    return kept;
  };
}
