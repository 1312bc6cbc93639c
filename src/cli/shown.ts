import type { Problem, Result } from "../types.ts";
import type { Choice } from "./choice.ts";
import { display } from "./display.ts";
import { begin, follow, frame, plainLine, type Spent } from "./progress.ts";
import type { Session } from "./session.ts";

/** What to show beside the search. */
export interface ShownOptions {
  readonly signal: AbortSignal;
  /** Candidates that the plan makes; `undefined` where it does not say. */
  readonly planned: number | undefined;
  /** A line above the live display. */
  readonly title?: string;
}

/** Milliseconds between two lines where there is no terminal. */
const LINE_EVERY_MS = 2000;

/** Solves one problem and shows on standard error how far it is. */
export async function solveShown(
  session: Session,
  problem: Problem,
  choice: Choice,
  { signal, planned, title }: ShownOptions,
): Promise<Result> {
  let progress = begin(choice.strategy, planned);
  let spent: () => Spent = () => ({});
  const head = title === undefined ? [] : [title];
  const shown = display({
    stream: process.stderr,
    rows: (columns) => [...head, ...frame(progress, spent(), session.budget, columns)],
    line: () => [...head, plainLine(progress, spent())].join(": "),
    lineEveryMs: LINE_EVERY_MS,
  });
  try {
    return await session.solve(problem, choice, {
      signal,
      announce(event) {
        progress = follow(progress, event);
      },
      watched(watch) {
        spent = watch.spent;
      },
    });
  } finally {
    shown.close();
  }
}
