import { createHash } from "node:crypto";
import { open as openFile } from "node:fs/promises";
import type { Generated, Kysely } from "kysely";
import { UsageError } from "../types.ts";

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

interface Row {
  readonly key: string;
  readonly event: "begun" | Ending;
  readonly model: string | null;
  readonly position: string | null;
  /** JSON. */
  readonly result: string | null;
}

interface Tables {
  calls: Row & { id: Generated<number> };
}

/** Marks an SQLite file as ours ("bdct"). */
const APPLICATION_ID = 0x62646374;
/** Rows and keys per statement: SQLite takes 32,766 variables. */
const CHUNK = 4000;
/** Milliseconds to wait for another process to let go of the file. */
const LOCK_WAIT = 1000;

function explain(path: string, error: unknown): UsageError {
  if (error instanceof UsageError) return error;
  const { code = "", message } = error as Error & { code?: string };
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED"))
    return new UsageError(
      `Another process is using the journal ${path}: wait until it ends, or give another file.`,
    );
  if (code.startsWith("SQLITE_NOTADB") || code.startsWith("SQLITE_CORRUPT"))
    return new UsageError(
      `${path} is not a journal, or a damaged one (${message}): move it away or give another file.`,
    );
  return new UsageError(`Cannot use the journal ${path}: ${message}.`, { cause: error });
}

const chunks = <T>(items: readonly T[]) =>
  Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, i) => items.slice(i * CHUNK, (i + 1) * CHUNK));

/**
 * Opens the file for this process alone, and makes it a journal when it is new.
 *
 * Write-ahead log, and `synchronous = FULL`: a commit returns when its bytes are on disk, so not even a power
 * cut loses a paid call. The exclusive lock lets a second process only in when the first has ended: two runs
 * that share a journal would buy each other's calls in flight twice.
 */
async function connect(path: string): Promise<{ queries: Kysely<Tables>; close(): Promise<void> }> {
  const [{ Kysely, SqliteDialect }, { default: Database }] = await Promise.all([
    import("kysely"),
    import("better-sqlite3"),
  ]);
  const database = new Database(path, { timeout: LOCK_WAIT });
  try {
    database.pragma("locking_mode = EXCLUSIVE");
    const owner = database.pragma("application_id", { simple: true });
    const version = database.pragma("user_version", { simple: true });
    const tables = database.prepare("select count(*) from sqlite_master").pluck().get();
    const isNew = owner === 0 && tables === 0;
    if (!isNew && owner !== APPLICATION_ID)
      throw new UsageError(`${path} is an SQLite file of another program: give another file.`);
    if (!isNew && version !== 1)
      throw new UsageError(`The journal ${path} was written by a newer version of bedacht: update it.`);
    database.pragma("journal_mode = WAL");
    database.pragma("synchronous = FULL");
    if (!isNew && database.pragma("quick_check(1)", { simple: true }) !== "ok")
      throw new UsageError(`The journal ${path} is damaged: move it away or give another file.`);
    database.exec(`
      begin exclusive;
      create table if not exists calls (
        id integer primary key,
        key text not null,
        event text not null check (event in ('begun', 'answered', 'lost', 'cancelled')),
        model text,
        position text,
        result text
      ) strict;
      create index if not exists calls_by_key on calls (key);
      create unique index if not exists answers_once on calls (key) where event = 'answered';
      pragma application_id = ${APPLICATION_ID};
      pragma user_version = 1;
      commit;
    `);
  } catch (error) {
    database.close();
    throw error;
  }
  const queries = new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
  const close = async () => {
    await queries.destroy();
    // Kysely leaves a file open that it has never used.
    database.close();
  };
  return { queries, close };
}

/** Refuses what is not SQLite before SQLite sees it: it takes a short foreign file for an empty one. */
async function checkHeader(path: string): Promise<void> {
  let file: Awaited<ReturnType<typeof openFile>>;
  try {
    file = await openFile(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(16), 0, 16, 0);
    if (bytesRead > 0 && buffer.toString("latin1", 0, bytesRead) !== "SQLite format 3\0")
      throw new UsageError(`${path} is not a journal: give another file.`);
  } finally {
    await file.close();
  }
}

/**
 * Opens a journal, or begins one.
 * @throws UsageError when the file is damaged, is something else, cannot be written, or is in use by another
 * process; the same later, when the disk fails
 */
export async function openJournal(path: string): Promise<Journal> {
  const attempt = async <T>(action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      throw explain(path, error);
    }
  };
  await attempt(() => checkHeader(path));
  const { queries, close } = await attempt(() => connect(path));

  const insert = async (rows: readonly Row[]) => {
    for (const chunk of chunks(rows))
      await queries
        .insertInto("calls")
        .values(chunk)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
  };
  let queue: Row[] = [];
  let flushing: Promise<void> = Promise.resolve();
  let scheduled: Promise<void> | undefined;
  /** Rows that come while others are being written go to disk together, in one commit. */
  const append = (rows: readonly Row[]): Promise<void> => {
    queue.push(...rows);
    scheduled ??= flushing.then(() => {
      const batch = queue;
      queue = [];
      scheduled = undefined;
      const written = attempt(() => insert(batch));
      flushing = written.catch(() => {});
      return written;
    });
    return scheduled;
  };

  return {
    path,
    find: (keys) =>
      attempt(async () => {
        const found = new Map<string, Found>();
        for (const chunk of chunks([...new Set(keys)])) {
          const rows = await queries
            .selectFrom("calls")
            .select(["key", "event", "result"])
            .where("key", "in", chunk)
            .execute();
          for (const { key, event, result } of rows)
            if (event === "answered" && result !== null) found.set(key, { result });
            else if (!found.has(key)) found.set(key, {});
        }
        return found;
      }),
    begin: (calls) => append(calls.map((call) => ({ ...call, event: "begun", result: null }))),
    finish: (key, event, result) => append([{ key, event, model: null, position: null, result }]),
    close: async () => {
      await (scheduled ?? flushing).catch(() => {});
      await close();
    },
  };
}
