import type { Kysely, Selectable } from "kysely";
import { type Database, inBatches } from "../budget/database.ts";
import { chunks, type Journal, journalKey, journalOver } from "../budget/journal.ts";
import type { StrategyPlan } from "../strategies/index.ts";
import type { Role, RoleTotals, StopReason } from "../types.ts";
import { type CallRow, type CellRow, hashOf, storable, type Tables } from "./tables.ts";

/** Cells per page: their candidates may be long. */
const PAGE = 200;

/** What decides a cell. */
export interface CellIdentity {
  /** The problem's text and id: seeds come from the id. */
  readonly prompt: string;
  readonly problem: string;
  /** Every parameter, defaults included. */
  readonly plan: StrategyPlan;
  readonly generatorFingerprint: string;
  /** Absent where there is no verifier. */
  readonly verifierFingerprint?: string;
  readonly seed: number;
}

/** Totals of one role, as receipts count them: calls from a journal or the bank as if they were bought. */
export type CellTotals = Pick<
  RoleTotals,
  "calls" | "inputTokens" | "cachedTokens" | "outputTokens" | "flops" | "usd"
>;

/** A finished cell of a sweep: one plan on one problem from one seed. */
export interface CellFigures {
  readonly key: string;
  /** The problem's id. */
  readonly problem: string;
  readonly family?: string;
  readonly level?: number;
  /** What the experiment called its plan when the cell was run. */
  readonly label: string;
  readonly plan: StrategyPlan;
  readonly generator: string;
  readonly generatorFingerprint: string;
  readonly verifier?: string;
  readonly verifierFingerprint?: string;
  readonly seed: number;
  readonly answer?: string;
  readonly right: boolean;
  readonly stop: StopReason;
  readonly roles: Readonly<Partial<Record<Role, CellTotals>>>;
  /** Milliseconds of wall clock in the run that finished it: what an earlier one paid for took it none. */
  readonly ms: number;
}

/** A completed candidate of a cell. */
export interface CellCandidate {
  readonly answer?: string;
  readonly score?: number;
  readonly right: boolean;
  /** Generated tokens along its path. */
  readonly tokens: number;
}

export interface Cell extends CellFigures {
  readonly prompt: string;
  /** In the order in which the search completed them. */
  readonly candidates: readonly CellCandidate[];
}

/** Name of a cell in the bank: a hash of all that decides its result. */
export function cellKey(identity: CellIdentity): string {
  return journalKey(["cell", identity]);
}

/** The part of a bank that sweeps use. */
export interface CellStore {
  /** The paid calls of one cell that is not finished. */
  journal(key: string): Journal;
  /** Stores a cell and forgets its calls, both or neither; resolves when that is on disk. */
  finish(cell: Cell): Promise<void>;
  /** Those of these cells that are finished, by their key. */
  cellsOf(keys: readonly string[]): Promise<ReadonlyMap<string, CellFigures>>;
  /** All finished cells, in order of their key. */
  cells(): AsyncGenerator<Cell>;
  /** Forgets calls of finished cells, which another process made while they were being finished. */
  forgetLateCalls(): Promise<void>;
  settled(): Promise<void>;
}

/** Opens the cells of a bank's database. */
export function openCells({ queries, attempt }: Database<Tables>, place: string): CellStore {
  const writing = inBatches<CallRow>((rows) =>
    attempt(async () => {
      for (const chunk of chunks(rows))
        await queries
          .insertInto("calls")
          .values(chunk)
          .onConflict((conflict) => conflict.doNothing())
          .execute();
    }),
  );
  return {
    journal: (cell) => ({
      ...journalOver({
        path: place,
        append: (rows) => writing.append(rows.map((row) => ({ cell, ...row }))),
        rowsOf: (keys) =>
          attempt(() =>
            queries
              .selectFrom("calls")
              .where("cell", "=", cell)
              .where("key", "in", keys)
              .select(["key", "event", "result"])
              .execute(),
          ),
      }),
      close: () => writing.settled(),
    }),
    finish: (cell) => attempt(() => finish(queries, cell)),
    cellsOf: (keys) => attempt(() => figuresOf(queries, keys)),
    cells: () => cellsFrom({ queries, attempt }),
    forgetLateCalls: () =>
      attempt(async () => {
        await queries
          .deleteFrom("calls")
          .where("cell", "in", (query) => query.selectFrom("cells").select("key"))
          .execute();
      }),
    settled: writing.settled,
  };
}

async function finish(queries: Kysely<Tables>, cell: Cell): Promise<void> {
  await queries.transaction().execute(async (transaction) => {
    const text = storable(cell.prompt);
    const hash = hashOf(text);
    await transaction
      .insertInto("prompts")
      .values({ hash, text })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const { id } = await transaction
      .selectFrom("prompts")
      .select("id")
      .where("hash", "=", hash)
      .executeTakeFirstOrThrow();
    await transaction
      .insertInto("cells")
      .values(rowOf(cell, id))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await transaction.deleteFrom("calls").where("cell", "=", cell.key).execute();
  });
}

function rowOf(cell: Cell, prompt: number): CellRow {
  const text = (value: string | undefined) => (value === undefined ? null : storable(value));
  return {
    key: cell.key,
    prompt,
    problem: storable(cell.problem),
    family: text(cell.family),
    level: cell.level ?? null,
    label: storable(cell.label),
    strategy: cell.plan.strategy,
    params: storable(JSON.stringify(cell.plan.params)),
    generator: cell.generator,
    generator_fingerprint: cell.generatorFingerprint,
    verifier: text(cell.verifier),
    verifier_fingerprint: text(cell.verifierFingerprint),
    seed: cell.seed,
    answer: text(cell.answer),
    correct: cell.right ? 1 : 0,
    stop: cell.stop,
    roles: JSON.stringify(cell.roles),
    candidates: storable(JSON.stringify(cell.candidates)),
    ms: cell.ms,
  };
}

type FiguresRow = Omit<Selectable<CellRow>, "candidates" | "prompt">;

const FIGURES = [
  ...(["key", "problem", "family", "level", "label", "strategy", "params", "generator"] as const),
  ...(["generator_fingerprint", "verifier", "verifier_fingerprint", "seed", "answer"] as const),
  ...(["correct", "stop", "roles", "ms"] as const),
] as const;

function figuresFrom(row: FiguresRow): CellFigures {
  return {
    key: row.key,
    problem: row.problem,
    ...(row.family !== null && { family: row.family }),
    ...(row.level !== null && { level: row.level }),
    label: row.label,
    plan: { strategy: row.strategy, params: JSON.parse(row.params) as StrategyPlan["params"] },
    generator: row.generator,
    generatorFingerprint: row.generator_fingerprint,
    ...(row.verifier !== null && { verifier: row.verifier }),
    ...(row.verifier_fingerprint !== null && { verifierFingerprint: row.verifier_fingerprint }),
    seed: row.seed,
    ...(row.answer !== null && { answer: row.answer }),
    right: row.correct === 1,
    stop: row.stop as StopReason,
    roles: JSON.parse(row.roles) as CellFigures["roles"],
    ms: row.ms,
  };
}

async function figuresOf(
  queries: Kysely<Tables>,
  keys: readonly string[],
): Promise<ReadonlyMap<string, CellFigures>> {
  const found = new Map<string, CellFigures>();
  for (const chunk of chunks(keys)) {
    const rows = await queries.selectFrom("cells").where("key", "in", chunk).select(FIGURES).execute();
    for (const row of rows) found.set(row.key, figuresFrom(row));
  }
  return found;
}

async function* cellsFrom({
  queries,
  attempt,
}: Pick<Database<Tables>, "queries" | "attempt">): AsyncGenerator<Cell> {
  for (let last = ""; ; ) {
    const page = await attempt(() =>
      queries
        .selectFrom("cells")
        .innerJoin("prompts", "prompts.id", "cells.prompt")
        .where("key", ">", last)
        .orderBy("key")
        .limit(PAGE)
        .select([...FIGURES, "candidates", "prompts.text"])
        .execute(),
    );
    for (const row of page)
      yield {
        ...figuresFrom(row),
        prompt: row.text,
        candidates: JSON.parse(row.candidates) as readonly CellCandidate[],
      };
    if (page.length < PAGE) return;
    last = page.at(-1)!.key;
  }
}
