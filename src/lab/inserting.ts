import type { CompiledQuery, Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** Stands for the number of a text, which is looked up while its row is inserted. */
export interface TextRef {
  readonly prompt: number;
  readonly hash: string;
}

type Value = string | number | null;

/** One row, columns by name. All rows of a table have the same columns in the same order. */
export type Cells = Readonly<Record<string, Value | TextRef>>;

/** Rows per statement. Few sizes, so that each is compiled once and never again. */
const SIZES = [256, 16, 1];

const isRef = (cell: Value | TextRef): cell is TextRef => typeof cell === "object" && cell !== null;

/**
 * Inserts rows in bulk; those that are there already stay as they are. Kysely builds a statement once: its
 * parameters are then the numbers of the values that belong in their places.
 */
export function createInserter(): (
  queries: Kysely<Tables>,
  table: keyof Tables,
  rows: readonly Cells[],
) => Promise<void> {
  const built = new Map<string, CompiledQuery>();
  const statement = (queries: Kysely<Tables>, table: keyof Tables, row: Cells, size: number) => {
    const key = `${table}/${size}`;
    const query = built.get(key) ?? compile(queries, table, row, size);
    built.set(key, query);
    return query;
  };
  return async (queries, table, rows) => {
    let done = 0;
    for (const size of SIZES) {
      for (; rows.length - done >= size; done += size) {
        const query = statement(queries, table, rows[0]!, size);
        const values: Value[] = [];
        for (let row = done; row < done + size; row += 1) flatten(rows[row]!, values);
        const parameters = query.parameters.map((place) => values[place as number]);
        await queries.executeQuery({ ...query, parameters });
      }
    }
  };
}

function flatten(row: Cells, values: Value[]): void {
  for (const column in row) {
    const cell = row[column]!;
    if (isRef(cell)) values.push(cell.prompt, cell.hash);
    else values.push(cell);
  }
}

function compile(queries: Kysely<Tables>, table: keyof Tables, row: Cells, size: number): CompiledQuery {
  let place = 0;
  const textNumber = () =>
    queries
      .selectFrom("texts")
      .select("id")
      .where("prompt", "=", place++)
      .where("hash", "=", place++ as unknown as string);
  const rows = Array.from({ length: size }, () =>
    Object.fromEntries(
      Object.entries(row).map(([column, cell]) => [column, isRef(cell) ? textNumber() : place++]),
    ),
  );
  return queries
    .insertInto(table)
    .values(rows as never)
    .onConflict((conflict) => conflict.doNothing())
    .compile();
}
