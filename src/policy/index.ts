export { type AllocatedOptions, allocated } from "./allocated.ts";
export { absoluteBins, type Binning, type Bins, binOf, quantileBins } from "./bins.ts";
export {
  type Choice,
  type Entry,
  learnTable,
  type PlanCell,
  type PlanGrid,
  planFor,
  type Table,
} from "./compute-optimal.ts";
export {
  type CrossValidated,
  type CrossValidation,
  crossValidate,
  curveOf,
  type HeldOut,
  type PlannedCurve,
} from "./cross-validation.ts";
export { type Action, type Decision, decide, type Purchase, type Rule, type Situation } from "./decide.ts";
export {
  type Difficulty,
  type Lesson,
  learnedDifficulty,
  ORACLE_SAMPLES,
  type Ordering,
  oracleDifficulty,
  orderingOf,
  type ProbeSigns,
  predictedDifficulty,
  probeSigns,
  promptFeatures,
} from "./difficulty.ts";
export { FEATURES, type Scale } from "./features.ts";
export { formatPolicy, parsePolicy } from "./file.ts";
export { foldsOf, type Grouping } from "./folds.ts";
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
export { charged, compareVersions, type Rivals, type Versions } from "./versions.ts";
export type { Recorded, Search, SearchPlans, Solutions } from "./walk.ts";
