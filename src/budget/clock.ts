/** Time as an argument: nothing in bedacht reads a global clock. */
export interface Clock {
  /** Milliseconds from an arbitrary origin; never goes backwards. */
  now(): number;
  /** Calls `action` once after `ms` milliseconds; the returned function prevents it. */
  after(ms: number, action: () => void): () => void;
}

/** Most milliseconds that one timer of the platform can wait. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The machine's monotonic clock. A pending timer keeps the process alive, as a pending request does. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, action) {
    let timer: NodeJS.Timeout;
    const arm = (left: number) => {
      const step = Math.min(left, LONGEST_TIMER);
      timer = setTimeout(() => (left > step ? arm(left - step) : action()), step);
    };
    arm(Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms` milliseconds, or as soon as `signal` aborts: true when the whole time has passed. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const stop = clock.after(ms, () => {
      signal?.removeEventListener("abort", abort);
      resolve(true);
    });
    const abort = () => {
      stop();
      resolve(false);
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** What became of a promise: its value, its rejection, or neither: it was given up. */
export interface Outlasted<T> {
  readonly value?: T;
  readonly error?: unknown;
}

/** Waits for something that should end soon after `signal` aborts, but at most `graceMs` longer than that. */
export async function outlast<T>(
  run: Promise<T>,
  signal: AbortSignal,
  clock: Clock,
  graceMs: number,
): Promise<Outlasted<T>> {
  const over = new AbortController();
  const ended = run.then(
    (value): Outlasted<T> => ({ value }),
    (error: unknown): Outlasted<T> => ({ error }),
  );
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true, signal: over.signal });
  });
  const givenUp = aborted.then(() => sleep(clock, graceMs, over.signal)).then((): Outlasted<T> => ({}));
  const first = await Promise.race([ended, givenUp]);
  over.abort();
  return first;
}
