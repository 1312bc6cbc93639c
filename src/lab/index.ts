export { type Bank, openBank, type Setting } from "./bank.ts";
export { banked, bankedVerifier } from "./banked.ts";
export { exportLines, type Imported, type ImportOptions, importLines } from "./exchange.ts";
export { grade } from "./grading.ts";
export { type Mapping, mapped, parseMapping } from "./mapping.ts";
export type { Contents, Drawn, DrawnFilter, StoredPrompt } from "./reading.ts";
export type { BankedGrade, BankedSample, BankedScore, BankRecord, Params } from "./records.ts";
export { type Replay, type ReplayOptions, type ReplayPlan, type ReplayRow, replay } from "./replay.ts";
export { bootstrap, type Estimate, passAtK } from "./stats.ts";
