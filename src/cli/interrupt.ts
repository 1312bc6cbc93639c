import { complain, EXIT } from "./exit.ts";

/** What listens for Ctrl-C while a search runs. */
export interface Interrupt {
  /** Aborts at the first Ctrl-C (or SIGTERM): searches then return their best so far. */
  readonly signal: AbortSignal;
  /** Stops listening. */
  release(): void;
}

/** Ctrl-C once ends the search, with a message; twice it quits with 130. */
export function onInterrupt(
  message = "stopping with the best answer so far; Ctrl-C again quits.",
): Interrupt {
  const controller = new AbortController();
  const listener = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
    complain(message);
  };
  process.on("SIGINT", listener);
  process.on("SIGTERM", listener);
  return {
    signal: controller.signal,
    release() {
      process.off("SIGINT", listener);
      process.off("SIGTERM", listener);
    },
  };
}
