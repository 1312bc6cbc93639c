import { UsageError } from "../types.ts";

/** Columns of an export, with their types; what is nested is JSON. */
const COLUMNS = {
  prompt: "VARCHAR",
  text: "VARCHAR",
  answer: "VARCHAR",
  model: "VARCHAR",
  fingerprint: "VARCHAR",
  params: "JSON",
  seed: "BIGINT",
  finish: "VARCHAR",
  inputTokens: "BIGINT",
  cachedTokens: "BIGINT",
  outputTokens: "BIGINT",
  reasoningTokens: "BIGINT",
  ms: "DOUBLE",
  logprobs: "JSON",
  scores: "JSON",
  grades: "JSON",
};

/** True for the name of a Parquet file. */
export function isParquet(path: string): boolean {
  return /\.parquet$/i.test(path);
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

async function runDuckdb(sql: string, path: string): Promise<void> {
  const { DuckDBInstance } = await import("@duckdb/node-api").catch((cause) => {
    throw new UsageError(
      "Parquet needs DuckDB, which is not installed: run npm install @duckdb/node-api, or use JSON lines.",
      { cause },
    );
  });
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run(sql);
  } catch (error) {
    const [message] = (error as Error).message.split("\n");
    throw new UsageError(`Cannot use the Parquet file ${path}: ${message}.`, { cause: error });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Writes a Parquet file from exported JSON lines. */
export function parquetFromLines(lines: string, path: string): Promise<void> {
  const columns = Object.entries(COLUMNS).map(([name, type]) => `${name}: ${quoted(type)}`);
  const rows = `read_json(${quoted(lines)}, format = 'newline_delimited', columns = {${columns.join(", ")}})`;
  return runDuckdb(`COPY (SELECT * FROM ${rows}) TO ${quoted(path)} (FORMAT PARQUET)`, path);
}

/** Writes JSON lines from any Parquet file, a line for each row. */
export function linesFromParquet(path: string, lines: string): Promise<void> {
  return runDuckdb(
    `COPY (SELECT * FROM read_parquet(${quoted(path)})) TO ${quoted(lines)} (FORMAT JSON)`,
    path,
  );
}
