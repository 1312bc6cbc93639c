import { open as openFile } from "node:fs/promises";
import type { CompiledQuery, Kysely } from "kysely";
import { UsageError } from "../types.ts";
import { sleep, systemClock } from "./clock.ts";

/** The two words in which SQLite and Postgres differ when they make a table. */
export interface Dialect {
  /** Type of a column that numbers the rows. */
  readonly rowNumber: string;
  /** Ends a table that is stored in the order of its primary key where that is possible. */
  readonly clustered: string;
}

const SQLITE: Dialect = { rowNumber: "integer", clustered: "without rowid" };
const POSTGRES: Dialect = { rowNumber: "serial", clustered: "" };

/** What a database file is, and how it is opened. */
export interface DatabaseKind {
  /** "journal": for messages. */
  readonly noun: string;
  /** Marks an SQLite file as ours. */
  readonly applicationId: number;
  /** A higher one only adds tables: an older database gets them when it is opened. */
  readonly version: number;
  /** Statements that make the tables where there are none. */
  readonly schema: (dialect: Dialect) => readonly string[];
  /** Lets no other process in. Default false: several may write, one after another. */
  readonly exclusive?: boolean;
  /** Milliseconds to wait for another process to let go; nothing else happens in this one meanwhile. */
  readonly lockWait: number;
  /** How often to try again after such a wait and a pause of 50 milliseconds. Default 0. */
  readonly retries?: number;
}

/** An open database. */
export interface Database<Tables> {
  readonly queries: Kysely<Tables>;
  /** Runs it, and says of every failure in one sentence what to do. */
  attempt<T>(action: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** True for the address of a Postgres database. */
export function isPostgres(place: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(place);
}

/** The place without a password, for messages. */
function shown(place: string): string {
  return place.replace(/(\/\/[^:/@]*):[^@]*@/, "$1@");
}

/** Milliseconds between two tries to get hold of a file. */
const PAUSE = 50;

function isBusy(error: unknown): boolean {
  const { code = "" } = error as { code?: string };
  return code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED");
}

function explain(place: string, noun: string, error: unknown): UsageError {
  if (error instanceof UsageError) return error;
  const { code = "", message } = error as Error & { code?: string };
  if (isBusy(error))
    return new UsageError(
      `Another process is using the ${noun} ${place}: wait until it ends, or give another file.`,
    );
  if (code.startsWith("SQLITE_NOTADB") || code.startsWith("SQLITE_CORRUPT"))
    return new UsageError(
      `${place} is not a ${noun}, or a damaged one (${message}): move it away or give another file.`,
    );
  if (code === "ECONNREFUSED" || code === "ENOTFOUND")
    return new UsageError(
      `There is no Postgres server at ${shown(place)}: start it, or give another address.`,
    );
  return new UsageError(`Cannot use the ${noun} ${shown(place)}: ${message || code}.`, { cause: error });
}

/** Refuses what is not SQLite before SQLite sees it: it takes a short foreign file for an empty one. */
async function checkHeader(path: string, noun: string): Promise<void> {
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
      throw new UsageError(`${path} is not a ${noun}: give another file.`);
  } finally {
    await file.close();
  }
}

interface Connection<Tables> {
  readonly queries: Kysely<Tables>;
  close(): Promise<void>;
}

/**
 * Opens the file, and makes it a database of this kind when it is new.
 *
 * Write-ahead log, and `synchronous = FULL`: a commit returns when its bytes are on disk, so not even a power
 * cut loses what was acknowledged.
 */
async function openSqlite<Tables>(path: string, kind: DatabaseKind): Promise<Connection<Tables>> {
  const [{ Kysely, SqliteDialect }, { default: Sqlite }] = await Promise.all([
    import("kysely"),
    import("better-sqlite3"),
  ]);
  const { noun, applicationId, exclusive } = kind;
  const sqlite = new Sqlite(path, { timeout: kind.lockWait });
  try {
    if (exclusive) sqlite.pragma("locking_mode = EXCLUSIVE");
    // Tables first: another process may make them, and the marks with them, at this moment.
    const tables = sqlite.prepare("select count(*) from sqlite_master").pluck().get();
    const owner = sqlite.pragma("application_id", { simple: true });
    const version = sqlite.pragma("user_version", { simple: true }) as number;
    const isNew = owner === 0 && tables === 0;
    if (!isNew && owner !== applicationId)
      throw new UsageError(`${path} is an SQLite file of another program, not a ${noun}: give another file.`);
    if (!isNew && version > kind.version)
      throw new UsageError(`The ${noun} ${path} was written by a newer version of bedacht: update it.`);
    sqlite.pragma("journal_mode = WAL");
    sqlite.pragma("synchronous = FULL");
    // 64 MiB each of pages in memory, and of log before it is moved into the file: large batches wait less.
    sqlite.pragma("cache_size = -65536");
    sqlite.pragma("wal_autocheckpoint = 16384");
    if (exclusive && !isNew && sqlite.pragma("quick_check(1)", { simple: true }) !== "ok")
      throw new UsageError(`The ${noun} ${path} is damaged: move it away or give another file.`);
    if (isNew || exclusive || version < kind.version)
      sqlite.exec(
        [
          exclusive ? "begin exclusive" : "begin immediate",
          ...kind.schema(SQLITE),
          `pragma application_id = ${applicationId}`,
          `pragma user_version = ${kind.version}`,
          "commit",
        ].join(";\n"),
      );
  } catch (error) {
    sqlite.close();
    throw error;
  }
  // A statement is compiled once, however often it runs: most of the time of a short one is its compilation.
  const statements = new Map<string, ReturnType<typeof sqlite.prepare>>();
  const prepare = (sql: string) => {
    // SQLite rolls back by itself when the disk fails; that there is nothing left to do must not hide why.
    if (sql === "rollback" && !sqlite.inTransaction) return sqlite.prepare("select 1");
    const known = statements.get(sql) ?? sqlite.prepare(sql);
    if (statements.size < 100) statements.set(sql, known);
    return known;
  };
  const queries = new Kysely<Tables>({
    dialect: new SqliteDialect({ database: { prepare, close: () => void sqlite.close() } }),
  });
  const close = async () => {
    await queries.destroy();
    // Kysely leaves a file open that it has never used.
    sqlite.close();
  };
  return { queries, close };
}

/** Whole numbers of 64 bits arrive as text; ours are all within 53. */
const INT8 = 20;
/** Of the lock that lets one process at a time make the tables. */
const MAKING = 0x62646374;

/** Connects to a Postgres database; our tables are in the schema `bedacht`, beside the version of each kind. */
async function openPostgres<Tables>(address: string, kind: DatabaseKind): Promise<Connection<Tables>> {
  const [{ CompiledQuery, Kysely, PostgresDialect }, { default: pg }] = await Promise.all([
    import("kysely"),
    import("pg").catch((cause) => {
      throw new UsageError("Postgres needs the package pg: run npm install pg, or give a file.", { cause });
    }),
  ]);
  const pool = new pg.Pool({
    connectionString: address,
    options: "-c search_path=bedacht",
    max: 4,
    types: {
      getTypeParser: ((type: number, format: "text") =>
        type === INT8 && format !== ("binary" as string)
          ? Number
          : pg.types.getTypeParser(type, format)) as typeof pg.types.getTypeParser,
    },
  });
  // An idle connection that breaks must not end the process: the next query says what is wrong.
  pool.on("error", () => {});
  const queries = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const newer = await queries
    .transaction()
    .execute(async (transaction) => {
      const run = (sql: string): Promise<{ rows: unknown[] }> =>
        transaction.executeQuery(CompiledQuery.raw(sql) as CompiledQuery<unknown>);
      await run(`select pg_advisory_xact_lock(${MAKING})`);
      await run("create schema if not exists bedacht");
      await run("create table if not exists versions (noun text primary key, version bigint not null)");
      await run(
        `insert into versions values ('${kind.noun}', ${kind.version}) on conflict (noun) do nothing`,
      );
      const { rows } = await run(`select version from versions where noun = '${kind.noun}'`);
      const { version } = rows[0] as { version: number };
      if (version > kind.version) return true;
      for (const statement of kind.schema(POSTGRES)) await run(statement);
      await run(`update versions set version = ${kind.version} where noun = '${kind.noun}'`);
      return false;
    })
    .catch(async (error: unknown) => {
      await queries.destroy();
      throw error;
    });
  const close = () => queries.destroy();
  if (newer) {
    await close();
    throw new UsageError(
      `The ${kind.noun} at ${shown(address)} was written by a newer version of bedacht: update it.`,
    );
  }
  return { queries, close };
}

/**
 * Opens a database, or begins one: an SQLite file, or Postgres by its address.
 * @throws UsageError when it is damaged, is something else, cannot be written, or is in use by another process;
 * `attempt` the same later, when the disk fails
 */
export async function openDatabase<Tables>(place: string, kind: DatabaseKind): Promise<Database<Tables>> {
  const attempt = async <T>(action: () => Promise<T>, retries = kind.retries ?? 0): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      if (!isBusy(error) || retries === 0) throw explain(place, kind.noun, error);
    }
    await sleep(systemClock, PAUSE);
    return attempt(action, retries - 1);
  };
  const connection = await attempt(async () => {
    if (isPostgres(place) && kind.exclusive)
      throw new UsageError(`The ${kind.noun} belongs to one process: give a file, not a Postgres server.`);
    if (isPostgres(place)) return openPostgres<Tables>(place, kind);
    await checkHeader(place, kind.noun);
    return openSqlite<Tables>(place, kind);
  });
  return { ...connection, attempt };
}

/** Rows that come while others are being written go to disk together, in one commit. */
export function inBatches<Row>(write: (rows: readonly Row[]) => Promise<void>): {
  /** Resolves when these rows are on disk. */
  append(rows: readonly Row[]): Promise<void>;
  /** Resolves when nothing is being written any more. */
  settled(): Promise<void>;
} {
  let queue: Row[] = [];
  let flushing: Promise<void> = Promise.resolve();
  let scheduled: Promise<void> | undefined;
  return {
    append(rows) {
      for (const row of rows) queue.push(row);
      scheduled ??= flushing.then(() => {
        const batch = queue;
        queue = [];
        scheduled = undefined;
        const written = write(batch);
        flushing = written.catch(() => {});
        return written;
      });
      return scheduled;
    },
    settled: () => (scheduled ?? flushing).catch(() => {}),
  };
}
