export { type AllocatedOptions, allocated } from "./allocated.ts";
export { type Action, type Decision, decide, type Purchase, type Rule, type Situation } from "./decide.ts";
export { FEATURES, type Scale } from "./features.ts";
export { formatPolicy, parsePolicy } from "./file.ts";
export { LEAST_PROBLEMS, type LearningOptions, learn } from "./learning.ts";
export {
  type Policy,
  type PricePoint,
  type Provenance,
  priceFor,
  type Savings,
  type UniformPoint,
  usualPrice,
} from "./policy.ts";
export { createPool, type Pool } from "./pool.ts";
export { type Measured, type Simulation, simulate, simulateUniform } from "./simulating.ts";
export { type Contender, createVotes, type Standing, type Votes } from "./standing.ts";
export type { Recorded, Search, SearchPlans, Solutions } from "./walk.ts";
