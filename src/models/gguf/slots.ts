import type { Task } from "./tasks.ts";

/** One sequence of the context: what its KV state holds, and who uses it. */
export interface Slot {
  readonly id: number;
  /** Evaluated tokens; the first `length` are in the KV cache. */
  readonly tokens: Int32Array;
  length: number;
  task: Task | undefined;
  /** Turn of last use; the least recently used free slot is given away first. */
  used: number;
}

/** Shorter prefixes are evaluated again: that takes less than copying them. */
const LEAST_SHARED = 8;

/** Where a task goes: into `slot`, keeping the first `reused` tokens of `source` (which may be `slot` itself). */
export interface Placement {
  readonly slot: Slot;
  readonly source: Slot | undefined;
  readonly reused: number;
}

/** `count` empty sequences of `room` tokens. */
export function createSlots(count: number, room: number): Slot[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    tokens: new Int32Array(room),
    length: 0,
    task: undefined,
    used: 0,
  }));
}

/** Length of the common prefix of two token lists, at most `limit`. */
export function common(a: Int32Array, b: Int32Array, limit: number): number {
  let length = 0;
  while (length < limit && a[length] === b[length]) length += 1;
  return length;
}

interface Sources {
  readonly best: Slot | undefined;
  /** Tokens in the best slot's KV cache that the task can reuse. */
  readonly ready: number;
  /** The most that it could reuse once the running slots have evaluated what they were given. */
  readonly soon: number;
}

function findSources(slots: readonly Slot[], task: Task): Sources {
  let best: Slot | undefined;
  let ready = 0;
  let soon = 0;
  for (const slot of slots) {
    const shared = common(task.tokens, slot.tokens, Math.min(task.firstRow, slot.length));
    if (shared > ready) {
      ready = shared;
      best = slot;
    }
    const running = slot.task;
    if (running === undefined || shared < slot.length) continue;
    soon = Math.max(soon, common(task.tokens, running.tokens, Math.min(task.firstRow, running.count)));
  }
  return { best, ready, soon };
}

/**
 * Finds a free slot for a task and the KV state that it can start from. `undefined`: wait, because no slot is
 * free, or because another task is evaluating the same prompt right now and its state can be shared soon.
 */
export function place(slots: readonly Slot[], task: Task, share: boolean): Placement | undefined {
  let free: Slot | undefined;
  for (const slot of slots) {
    if (slot.task === undefined && (free === undefined || slot.used < free.used)) free = slot;
  }
  if (free === undefined) return undefined;
  if (!share) return { slot: free, source: undefined, reused: 0 };
  const { best, ready, soon } = findSources(slots, task);
  if (soon >= ready + LEAST_SHARED) return undefined;
  if (best === undefined) return { slot: free, source: undefined, reused: 0 };
  // Extending a finished sequence loses nothing: what it holds stays the beginning of the longer one.
  if (best.task === undefined && ready === best.length) return { slot: best, source: best, reused: ready };
  if (best !== free && ready < LEAST_SHARED) return { slot: free, source: undefined, reused: 0 };
  return { slot: free, source: best, reused: ready };
}
