import { wholeNumber } from "../strategies/sampling.ts";
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
 * A queue of searches, ordered by gain per token, of which `atOnce` draw at a time; of equal ones the first to ask
 * goes first. It ends nothing by itself: the shared ledger refuses what does not fit any more (`pool` of `solve`),
 * and then the others in turn.
 * @throws UsageError when `atOnce` is no whole number above 0
 */
export function createPool(atOnce: number): Pool {
  wholeNumber("atOnce", atOnce);
  /** From the least to the most. */
  const waiting: Waiting[] = [];
  let running = 0;
  const next = () => {
    while (running < atOnce && waiting.length > 0) {
      running += 1;
      waiting.pop()!.grant();
    }
  };
  const wait = (index: number) =>
    new Promise<void>((grant) => {
      waiting.splice(placeOf(waiting, index), 0, { index, grant });
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

/** Where what has this index belongs: before its equals, which asked earlier and so go earlier. */
function placeOf(waiting: readonly Waiting[], index: number): number {
  let [low, high] = [0, waiting.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (waiting[middle]!.index < index) low = middle + 1;
    else high = middle;
  }
  return low;
}
