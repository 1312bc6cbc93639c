export { type BeamOptions, beam } from "./beam.ts";
export { bestOfN } from "./best-of-n.ts";
export { greedy } from "./greedy.ts";
export { majority } from "./majority.ts";
export type { Sampling } from "./sampling.ts";
export type { StepSampling } from "./steps.ts";
export type { Context, Outcome, PlannedStrategy, Strategy, StrategyPlan } from "./strategy.ts";
export { isStrategy, knobsOf, makeStrategy, type StrategyName, strategies } from "./table.ts";
export { weightedBestOfN } from "./weighted-best-of-n.ts";
