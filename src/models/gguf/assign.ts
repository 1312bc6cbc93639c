/** Fewer requests than this in a call stay together: one process decodes them almost as fast as one alone. */
const LEAST_SPLIT = 8;
const REMEMBERED = 4096;

/** Chooses the worker of each request: even load, and near the KV state that it can reuse. */
export interface Assigner {
  /**
   * @param keys what each request shares with others: its prompt and prefix.
   * @param loads requests in flight per worker.
   * @returns the worker of each request.
   */
  assign(keys: readonly string[], loads: readonly number[]): number[];
  /** Notes that a worker holds the state of `key`. */
  remember(key: string, worker: number): void;
  /** Forgets what a dead worker held. */
  forget(worker: number): void;
}

function least(loads: readonly number[]): number {
  return loads.reduce((best, load, worker) => (load < loads[best]! ? worker : best), 0);
}

export function createAssigner(): Assigner {
  const places = new Map<string, number>();
  return {
    assign(keys, loads) {
      const now = [...loads];
      const total = now.reduce((sum, load) => sum + load, keys.length);
      const share = keys.length < LEAST_SPLIT ? Number.POSITIVE_INFINITY : Math.ceil(total / now.length);
      const order = keys
        .map((_, index) => index)
        .sort((a, b) => (keys[a]! < keys[b]! ? -1 : keys[a]! > keys[b]! ? 1 : a - b));
      const chosen = new Array<number>(keys.length).fill(0);
      let key: string | undefined;
      let worker = least(now);
      for (const index of order) {
        if (keys[index] !== key) {
          key = keys[index]!;
          const known = places.get(key);
          if (known !== undefined && known < now.length) worker = known;
          else if (share !== Number.POSITIVE_INFINITY) worker = least(now);
        }
        if (now[worker]! >= share) worker = least(now);
        chosen[index] = worker;
        now[worker] = now[worker]! + 1;
      }
      return chosen;
    },
    remember(key, worker) {
      places.delete(key);
      places.set(key, worker);
      if (places.size > REMEMBERED) places.delete(places.keys().next().value ?? "");
    },
    forget(worker) {
      for (const [key, at] of places) if (at === worker) places.delete(key);
    },
  };
}
