export * from "./conformance.ts";
export * from "./errors.ts";
export * from "./fitted.ts";
export * from "./metered.ts";
export * from "./model.ts";
export * from "./scripted.ts";
