export * from "./answer.ts";
export * from "./custom.ts";
export * from "./metered.ts";
export * from "./verifier.ts";
