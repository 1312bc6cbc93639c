import type { Clock } from "../src/budget/clock.ts";

/** A clock that stands still until it is told to go on. */
export interface VirtualClock extends Clock {
  /** Moves on by `ms`, running each timer at its time. */
  advance(ms: number): void;
  /** Jumps from timer to timer until the promise is settled; fails when nothing is left to wait for. */
  run<T>(promise: Promise<T>): Promise<T>;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

/** Lets everything that needs no time happen. */
const idle = () => new Promise<void>((resolve) => setImmediate(resolve));

export function virtualClock(): VirtualClock {
  let now = 0;
  let order = 0;
  const timers = new Set<Timer>();
  const next = () => {
    let first: Timer | undefined;
    for (const timer of timers)
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    return first;
  };
  const fire = (timer: Timer) => {
    timers.delete(timer);
    now = Math.max(now, timer.at);
    timer.action();
  };
  return {
    now: () => now,
    after(ms, action) {
      order += 1;
      const timer = { at: now + Math.max(0, ms), order, action };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const end = now + ms;
      for (let timer = next(); timer && timer.at <= end; timer = next()) fire(timer);
      now = end;
    },
    async run(promise) {
      let settled = false;
      const watched = promise.finally(() => {
        settled = true;
      });
      watched.catch(() => {});
      for (let stuck = 0; !settled; ) {
        await idle();
        const timer = settled ? undefined : next();
        if (timer) fire(timer);
        stuck = timer ? 0 : stuck + 1;
        if (stuck > 1000) throw new Error("Nothing is left to wait for, and the promise is still pending.");
      }
      return watched;
    },
  };
}
