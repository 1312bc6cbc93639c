import type { Usage } from "../types.ts";
import { type Ending, type Found, type Journal, journalKey } from "./journal.ts";

/** Calls of one kind (generation, scoring) that go through a journal. */
export interface Journaling<Request extends { readonly position: string }, Result> {
  readonly journal: Journal;
  /** Everything beside the request that decides a result; part of every key. */
  readonly identity: readonly unknown[];
  /** Name of the model, for the record. */
  readonly model: string;
  readonly signal?: AbortSignal | undefined;
  /** Sends what the journal does not have; places count within `requests`. */
  send(
    requests: readonly Request[],
    index: (place: number) => number,
    tell: (place: number, result: Result) => void,
  ): Promise<readonly Result[]>;
  ending(result: Result): Ending;
  /** A copy of the result that says where it came from. */
  mark(result: Result, journal: "replayed" | "repeated"): Result;
  /** What each attempt cost of a result that took several. */
  attempts(result: Result): readonly Usage[] | undefined;
  /** Asks, as the model itself would, whether the budget has room for one more attempt. */
  mayRetry(index: number, attempts: readonly Usage[]): Promise<boolean>;
  /** What is left of a result when there is room for some of its attempts only. */
  cut(attempts: readonly Usage[], error: Error): Result;
  /** Told of each result as soon as it is on disk. */
  tell?: ((index: number, result: Result) => void) | undefined;
}

/** Errors become their message: JSON would drop it. */
function encode(result: unknown): string {
  return JSON.stringify(result, (_, value: unknown) => (value instanceof Error ? value.message : value));
}

function decode<Result>(text: string): Result {
  return JSON.parse(text, (key, value: unknown) =>
    key === "error" && typeof value === "string" ? new Error(value) : value,
  ) as Result;
}

/**
 * Answers from the journal what an earlier run has paid for, and sends the rest: first it is on disk that the
 * calls begin, and each result is on disk before anybody is told of it.
 */
export async function throughJournal<Request extends { readonly position: string }, Result>(
  kind: Journaling<Request, Result>,
  requests: readonly Request[],
): Promise<Result[]> {
  const { journal } = kind;
  const keys = requests.map((request) => journalKey([...kind.identity, request]));
  const found = await journal.find(keys);
  const results: Result[] = new Array(requests.length);
  const sending: number[] = [];
  const replays: Promise<void>[] = [];
  for (const [index, key] of keys.entries()) {
    const result = found.get(key)?.result;
    if (result === undefined) sending.push(index);
    else
      replays.push(
        replay(kind, index, decode<Result>(result)).then((replayed) => {
          results[index] = replayed;
          kind.tell?.(index, replayed);
        }),
      );
  }
  const sent = sending.length > 0 ? sendRest(kind, requests, { keys, found, sending, results }) : undefined;
  await Promise.all([...replays, sent]);
  return results;
}

/** Takes a result through the questions that its retries asked, so that the budget decides as it did then. */
async function replay<Request extends { readonly position: string }, Result>(
  kind: Journaling<Request, Result>,
  index: number,
  result: Result,
): Promise<Result> {
  const attempts = kind.attempts(result) ?? [];
  for (let made = 1; made < attempts.length; made += 1) {
    const failed = attempts.slice(0, made);
    if (await kind.mayRetry(index, failed)) continue;
    const error = new Error("The budget has no room for the retry that an earlier run made of this call.");
    return kind.mark(kind.cut(failed, error), "replayed");
  }
  return kind.mark(result, "replayed");
}

interface Rest<Result> {
  readonly keys: readonly string[];
  readonly found: ReadonlyMap<string, Found>;
  /** Indices of what the journal does not have. */
  readonly sending: readonly number[];
  /** To be filled at these indices. */
  readonly results: Result[];
}

async function sendRest<Request extends { readonly position: string }, Result>(
  kind: Journaling<Request, Result>,
  requests: readonly Request[],
  { keys, found, sending, results }: Rest<Result>,
): Promise<void> {
  const { journal } = kind;
  const unsent = kind.signal?.aborted;
  if (!unsent)
    await journal.begin(
      sending.map((index) => ({
        key: keys[index]!,
        model: kind.model,
        position: requests[index]!.position,
      })),
    );
  const writes = new Map<number, Promise<void>>();
  const take = (place: number, result: Result) => {
    if (writes.has(place)) return;
    const index = sending[place]!;
    const key = keys[index]!;
    const marked = found.has(key) ? kind.mark(result, "repeated") : result;
    results[index] = marked;
    const recorded = unsent ? Promise.resolve() : journal.finish(key, kind.ending(result), encode(result));
    const written = recorded.then(() => kind.tell?.(index, marked));
    written.catch(() => {});
    writes.set(place, written);
  };
  try {
    const sent = await kind.send(
      sending.map((index) => requests[index]!),
      (place) => sending[place]!,
      take,
    );
    for (const [place, result] of sent.entries()) take(place, result);
  } finally {
    await Promise.allSettled(writes.values());
  }
  await Promise.all(writes.values());
}
