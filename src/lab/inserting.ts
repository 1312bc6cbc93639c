import type { CompiledQuery, Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** One row, columns by name. All rows of a table have the same columns in the same order. */
export type Cells = Readonly<Record<string, string | number | null>>;

/** The number of a row that was inserted, and the hash by which it is known; of texts also their prompt. */
export interface Inserted {
  readonly id: number;
  readonly hash: string;
  readonly prompt?: number;
}

/** Rows per statement. Few sizes, so that each is compiled once and never again. */
const SIZES = [256, 16, 1];

/** What tells of its new rows. */
const RETURNING: Readonly<Partial<Record<keyof Tables, readonly string[]>>> = {
  prompts: ["id", "hash"],
  settings: ["id", "hash"],
  verifiers: ["id", "hash"],
  texts: ["id", "hash", "prompt"],
};

/**
 * Inserts rows in bulk; those that are there already stay as they are. Tells the numbers of the new ones, where
 * they have numbers. Kysely builds a statement once: its parameters are then the places of the values.
 */
export function createInserter(): (
  queries: Kysely<Tables>,
  table: keyof Tables,
  rows: readonly Cells[],
) => Promise<readonly Inserted[]> {
  const built = new Map<string, CompiledQuery>();
  const statement = (queries: Kysely<Tables>, table: keyof Tables, row: Cells, size: number) => {
    const key = `${table}/${size}`;
    const query = built.get(key) ?? compile(queries, table, row, size);
    built.set(key, query);
    return query;
  };
  return async (queries, table, rows) => {
    const inserted: Inserted[] = [];
    let done = 0;
    for (const size of SIZES) {
      for (; rows.length - done >= size; done += size) {
        const query = statement(queries, table, rows[0]!, size);
        const values: unknown[] = [];
        for (let row = done; row < done + size; row += 1)
          for (const column in rows[row]) values.push(rows[row]![column]);
        const parameters = query.parameters.map((place) => values[place as number]);
        const result = await queries.executeQuery({ ...query, parameters });
        for (const row of result.rows as Inserted[]) inserted.push(row);
      }
    }
    return inserted;
  };
}

function compile(queries: Kysely<Tables>, table: keyof Tables, row: Cells, size: number): CompiledQuery {
  let place = 0;
  const rows = Array.from({ length: size }, () =>
    Object.fromEntries(Object.keys(row).map((column) => [column, place++])),
  );
  const query = queries
    .insertInto(table)
    .values(rows as never)
    .onConflict((conflict) => conflict.doNothing());
  const told = RETURNING[table];
  return told === undefined ? query.compile() : query.returning(told as never).compile();
}
