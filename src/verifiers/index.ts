export * from "./aggregate.ts";
export * from "./answer.ts";
export * from "./custom.ts";
export * from "./journaled.ts";
export * from "./metered.ts";
export * from "./prm.ts";
export * from "./rule.ts";
export * from "./verifier.ts";
