import { accounts, failures } from "./conformance/calls.ts";
import type { ConformanceCase } from "./conformance/support.ts";
import { answers, sampling, stops } from "./conformance/text.ts";

export type { ConformanceCase } from "./conformance/support.ts";

/**
 * The suite that every adapter passes. Cases know no test runner: loop over `conformance` and call `run`.
 * They hold for any model, a random one included, so they compare a model only with itself.
 *
 * @example
 * for (const { name, run } of conformance) {
 *   const skipped = await run(model);
 *   console.log(skipped === undefined ? `ok ${name}` : `skipped ${name}: ${skipped}`);
 * }
 */
export const conformance: readonly ConformanceCase[] = [
  ...answers,
  ...stops,
  ...sampling,
  ...accounts,
  ...failures,
];
