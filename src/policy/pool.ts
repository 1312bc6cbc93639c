import type { Decision } from "./decide.ts";

/** Shares one budget out among the searches of many problems: the dearest gain per token goes first. */
export interface Pool {
  /** Waits until a problem may draw its first sample; problems that have none come before all others. */
  enter(): Promise<void>;
  /** Waits for the turn of what a problem wants next: always false when that gains nothing. */
  ask(decision: Decision): Promise<boolean>;
  /** Says that a problem which entered is over. */
  leave(): void;
}

interface Waiting {
  readonly index: number;
  readonly grant: () => void;
}

/**
 * A queue of searches, ordered by gain per token, of which `atOnce` draw at a time. It ends nothing by itself:
 * the shared ledger refuses what does not fit any more (`pool` of `solve`), and then the others in turn.
 */
export function createPool(atOnce: number): Pool {
  let waiting: Waiting[] = [];
  let running = 0;
  const next = () => {
    while (running < atOnce && waiting.length > 0) {
      const best = waiting.reduce((a, b) => (b.index > a.index ? b : a));
      waiting = waiting.filter((one) => one !== best);
      running += 1;
      best.grant();
    }
  };
  const wait = (index: number) =>
    new Promise<void>((grant) => {
      waiting.push({ index, grant });
      next();
    });
  return {
    enter: () => wait(Number.POSITIVE_INFINITY),
    async ask({ index }) {
      if (!(index > 0)) return false;
      running -= 1;
      await wait(index);
      return true;
    },
    leave() {
      running -= 1;
      next();
    },
  };
}
