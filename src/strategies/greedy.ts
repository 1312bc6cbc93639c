import { conclude } from "./conclude.ts";
import { drawSamples } from "./samples.ts";
import { fullSampling, type Sampling } from "./sampling.ts";
import { type PlannedStrategy, planned } from "./strategy.ts";

/**
 * **Greedy**: one solution, always the likeliest token; the yardstick of every other strategy.
 *
 * - Cost: 1 generation.
 * - Knobs: `maxTokens`.
 * - Pays when the model is right most of the time. Fails silently: one slip spoils the answer, and more budget
 *   changes nothing.
 */
export function greedy({ maxTokens }: Pick<Sampling, "maxTokens"> = {}): PlannedStrategy {
  const sampling = fullSampling({ temperature: 0, ...(maxTokens === undefined ? {} : { maxTokens }) });
  return planned("greedy", { maxTokens: sampling.maxTokens }, async (problem, context) => {
    const { candidates } = await drawSamples(problem, context, { n: 1 }, sampling);
    return conclude(context, candidates, "majority");
  });
}
