import { BudgetTooSmallError, UsageError } from "../types.ts";
import { aside } from "./display.ts";

/** Exit codes of every command; 130 is a second Ctrl-C. */
export const EXIT = { answered: 0, failed: 1, usage: 2, budget: 3, interrupted: 130 } as const;

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof BudgetTooSmallError) return EXIT.budget;
  if (error instanceof UsageError) return EXIT.usage;
  return EXIT.failed;
}

/** One sentence for people; the stack and the causes too when `verbose`. */
export function describeError(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (!verbose) return error.message.split("\n")[0] || error.name;
  const cause = error.cause === undefined ? "" : `\ncaused by: ${describeError(error.cause, true)}`;
  return `${error.stack ?? error.message}${cause}`;
}

/** Writes `bedacht: message` to standard error. */
export function complain(message: string): void {
  aside(`bedacht: ${message}\n`);
}

/** True for the error of a pipe whose reader went away. */
export function isBrokenPipe(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED")
  );
}
