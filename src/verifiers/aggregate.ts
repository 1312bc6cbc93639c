/** How step scores become one number. */
export type Aggregation = "last" | "min" | "prod" | "mean";

/** The aggregations, for messages and option lists. */
export const AGGREGATIONS: readonly Aggregation[] = ["last", "min", "prod", "mean"];

/**
 * Step scores to one number; `undefined` when there are none. Default "last": the last score of a PRM trained
 * on rollouts already estimates the whole solution (Snell et al. 2024, section 5.1 and appendix E, where it beats
 * "min" and "prod"). "min" and "prod" are Lightman et al. 2023, appendix F.
 */
export function aggregate(steps: readonly number[], aggregation: Aggregation = "last"): number | undefined {
  if (steps.length === 0) return undefined;
  if (aggregation === "last") return steps.at(-1);
  if (aggregation === "min") return Math.min(...steps);
  if (aggregation === "prod") return steps.reduce((product, step) => product * step, 1);
  return steps.reduce((sum, step) => sum + step, 0) / steps.length;
}
