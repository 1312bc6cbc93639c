export {
  type BudgetRatio,
  budgetRatio,
  type ComparedAt,
  type Curve,
} from "../stats/budget-ratio.ts";
export {
  auroc,
  type Bins,
  brier,
  calibrationError,
  type Graded,
  type RiskPoint,
  riskCoverage,
  riskCoverageArea,
} from "../stats/calibration.ts";
export { isotonic } from "../stats/curves.ts";
export { type Flipping, pairedBootstrap, signFlip } from "../stats/difference.ts";
export { bootstrap, type Estimate, type Interval } from "../stats/means.ts";
export { clopperPearson, wilson } from "../stats/proportions.ts";
export type { Resampling } from "../stats/resampling.ts";
export { discordance, holm, type McNemar, mcnemar } from "../stats/significance.ts";
export { bestOfK, passAtK, rightAmong } from "../stats/subsets.ts";
export { type Bank, openBank, type Setting } from "./bank.ts";
export { banked, bankedVerifier } from "./banked.ts";
export { type CalibrateOptions, calibrate } from "./calibrating.ts";
export type { Cell, CellCandidate, CellFigures, CellStore, CellTotals } from "./cells.ts";
export type { SweepEnd, SweepEvent } from "./driving.ts";
export { exportLines, type Imported, type ImportOptions, importLines } from "./exchange.ts";
export {
  type Experiment,
  type ExperimentPlan,
  type FileSource,
  type GeneratedSource,
  type ProblemSource,
  parseExperiment,
} from "./experiment.ts";
export { grade } from "./grading.ts";
export { choosePlans, type GridDefaults, type GridPlan, gridOf } from "./grid.ts";
export { type Mapping, mapped, parseMapping } from "./mapping.ts";
export type { Contents, Drawn, DrawnFilter, StoredPrompt } from "./reading.ts";
export { readExperiment } from "./reading-experiment.ts";
export type { BankedGrade, BankedSample, BankedScore, BankRecord, Params } from "./records.ts";
export { type Replay, type ReplayOptions, type ReplayPlan, type ReplayRow, replay } from "./replay.ts";
export * from "./report/index.ts";
export type { PlanModels } from "./running.ts";
export { problemsOf, survey } from "./sources.ts";
export type { PlanStock } from "./stocktaking.ts";
export { type Lane, openSweep, type Sweep, type SweepOptions, type SweepRun } from "./sweep.ts";
export { type SweepRow, tabulate } from "./tabulating.ts";
