import { createHash } from "node:crypto";
import type { Generated } from "kysely";
import { type DatabaseKind, inBatches, openDatabase } from "./database.ts";

/** What the journal knows of a call. */
export interface Found {
  /** The result, as it was given to `finish`; `undefined`: begun, but an earlier run ended before the result. */
  readonly result?: string;
}

/** How a call ended. Only an answered one is replayed; the others are kept for the record of what was paid. */
export type Ending = "answered" | "lost" | "cancelled";

/** An append-only file of every paid call under its logical position. */
export interface Journal {
  readonly path: string;
  /** What is known of these keys; a key that was never begun is absent. */
  find(keys: readonly string[]): Promise<ReadonlyMap<string, Found>>;
  /** Records that calls are about to be sent; resolves when that is on disk. */
  begin(
    calls: readonly { readonly key: string; readonly model: string; readonly position: string }[],
  ): Promise<void>;
  /** Records how a call ended; resolves when that is on disk. */
  finish(key: string, ending: Ending, result: string): Promise<void>;
  /** Waits for what is being written, and lets other processes in. */
  close(): Promise<void>;
}

/** Key of a call: a hash of everything that decides its result. Object keys may come in any order. */
export function journalKey(parts: unknown): string {
  const canonical = JSON.stringify(parts, (_, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash("sha256").update(canonical).digest("base64url");
}

/** One event of a call. */
export interface JournalRow {
  readonly key: string;
  readonly event: "begun" | Ending;
  readonly model: string | null;
  readonly position: string | null;
  /** JSON. */
  readonly result: string | null;
}

interface Tables {
  calls: JournalRow & { id: Generated<number> };
}

/** Rows and keys per statement: SQLite takes 32,766 variables. */
const CHUNK = 4000;

/** Two runs that share a journal would buy each other's calls in flight twice, so it is one process's alone. */
const KIND: DatabaseKind = {
  noun: "journal",
  applicationId: 0x62646374,
  version: 1,
  exclusive: true,
  lockWait: 1000,
  schema: ({ rowNumber }) => [
    `create table if not exists calls (
      id ${rowNumber} primary key,
      key text not null,
      event text not null check (event in ('begun', 'answered', 'lost', 'cancelled')),
      model text,
      position text,
      result text
    )`,
    "create index if not exists calls_by_key on calls (key)",
    "create unique index if not exists answers_once on calls (key) where event = 'answered'",
  ],
};

/** Splits what is too much for one statement. */
export const chunks = <T>(items: readonly T[]) =>
  Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, i) => items.slice(i * CHUNK, (i + 1) * CHUNK));

/**
 * Opens a journal, or begins one.
 * @throws UsageError when the file is damaged, is something else, cannot be written, or is in use by another
 * process; the same later, when the disk fails
 */
export async function openJournal(path: string): Promise<Journal> {
  const { queries, attempt, close } = await openDatabase<Tables>(path, KIND);
  const writing = inBatches<JournalRow>((rows) =>
    attempt(async () => {
      for (const chunk of chunks(rows))
        await queries
          .insertInto("calls")
          .values(chunk)
          .onConflict((conflict) => conflict.doNothing())
          .execute();
    }),
  );

  const rowsOf = (keys: readonly string[]) =>
    attempt(() =>
      queries.selectFrom("calls").select(["key", "event", "result"]).where("key", "in", keys).execute(),
    );
  return {
    ...journalOver({ path, append: writing.append, rowsOf }),
    close: async () => {
      await writing.settled();
      await close();
    },
  };
}

/** Where the rows of a journal are kept. */
export interface JournalRows {
  readonly path: string;
  /** Adds rows; resolves when they are on disk. A second "answered" of a key is left out. */
  append(rows: readonly JournalRow[]): Promise<void>;
  rowsOf(keys: readonly string[]): Promise<readonly Pick<JournalRow, "key" | "event" | "result">[]>;
}

/** A journal over rows that somebody else keeps, and closes. */
export function journalOver({ path, append, rowsOf }: JournalRows): Omit<Journal, "close"> {
  return {
    path,
    async find(keys) {
      const found = new Map<string, Found>();
      for (const chunk of chunks([...new Set(keys)]))
        for (const { key, event, result } of await rowsOf(chunk))
          if (event === "answered" && result !== null) found.set(key, { result });
          else if (!found.has(key)) found.set(key, {});
      return found;
    },
    begin: (calls) => append(calls.map((call) => ({ ...call, event: "begun", result: null }))),
    finish: (key, event, result) => append([{ key, event, model: null, position: null, result }]),
  };
}
