import { closeSync, openSync, writeSync } from "node:fs";
import { type TraceEvent, UsageError } from "../types.ts";
import { reason } from "./flags.ts";

/** Where `--trace` goes. */
export interface TraceFile {
  /** Appends `{ problem, ...event }` as one JSON line. */
  write(problem: string, event: TraceEvent): void;
  close(): void;
}

/** Opens the file anew; without a path nothing is written. Throws a `UsageError` when it cannot be written. */
export function openTrace(path: string | undefined): TraceFile {
  if (path === undefined) return { write() {}, close() {} };
  let file: number;
  try {
    file = openSync(path, "w");
  } catch (error) {
    throw new UsageError(`Cannot write the trace to ${path}: ${reason(error)}.`, { cause: error });
  }
  return {
    write: (problem, event) => void writeSync(file, `${JSON.stringify({ problem, ...event })}\n`),
    close: () => closeSync(file),
  };
}
