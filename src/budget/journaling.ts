import { type Ending, type Journal, journalKey } from "./journal.ts";

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
  for (const [index, key] of keys.entries()) {
    const result = found.get(key)?.result;
    if (result === undefined) sending.push(index);
    else {
      results[index] = kind.mark(decode<Result>(result), "replayed");
      kind.tell?.(index, results[index]);
    }
  }
  if (sending.length === 0) return results;

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
  return results;
}
