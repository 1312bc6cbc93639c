export * from "./budget.ts";
export * from "./clock.ts";
export * from "./cost.ts";
export * from "./flops.ts";
export * from "./ledger.ts";
export * from "./metering.ts";
export * from "./prices.ts";
export * from "./receipt.ts";
