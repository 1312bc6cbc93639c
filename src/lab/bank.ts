import { type Database, inBatches, openDatabase } from "../budget/database.ts";
import type { Completion, TokenLogprob } from "../models/model.ts";
import type { Score } from "../verifiers/verifier.ts";
import { type CellStore, openCells } from "./cells.ts";
import { exportFrom } from "./exporting.ts";
import {
  type Contents,
  contentsOf,
  type Drawn,
  type DrawnFilter,
  drawnFrom,
  promptsFrom,
  type StoredPrompt,
} from "./reading.ts";
import type { BankRecord, Params } from "./records.ts";
import { BANK, hashOf, storable, type Tables } from "./tables.ts";
import { createWriter, settingHash } from "./writing.ts";

/** Records per transaction. */
const BATCH = 5000;
/** Seeds and hashes per look-up. */
const LOOKUP = 1000;

/** An append-only store of samples, scores and grades that runs share. */
export interface Bank {
  /** Its file, or the address of its server. */
  readonly place: string;
  /** Stores records; resolves when they are on disk. What is there already stays as it is. */
  append(records: readonly BankRecord[]): Promise<void>;
  /** The samples of one setting after one prompt, by their seed; those whose cost is unknown are left out. */
  samples(
    setting: Setting,
    prompt: string,
    seeds: readonly number[],
  ): Promise<ReadonlyMap<number, Completion>>;
  /** What a verifier said of texts after one prompt, by their text. */
  scores(fingerprint: string, prompt: string, texts: readonly string[]): Promise<ReadonlyMap<string, Score>>;
  /** What it holds, in numbers. */
  contents(): Promise<Contents>;
  /** The prompts that have samples, in the order in which they came. */
  prompts(): AsyncGenerator<StoredPrompt>;
  /** The number of a prompt, if the bank has it. */
  prompt(text: string): Promise<number | undefined>;
  /** The samples of one prompt, in order of setting and seed. */
  drawn(prompt: number, filter?: DrawnFilter): Promise<readonly Drawn[]>;
  /** Everything but cells, prompt by prompt. */
  records(): AsyncGenerator<BankRecord>;
  /** What sweeps keep in it. */
  readonly sweeps: CellStore;
  /** Waits for what is being written. */
  close(): Promise<void>;
}

/** A model and how it samples. */
export interface Setting {
  readonly fingerprint: string;
  readonly params: Params;
}

/**
 * Opens a bank, or begins one: an SQLite file, or a Postgres database by its address.
 * @throws UsageError when it is damaged, is something else, was written by a newer version or cannot be written;
 * the same later, when the disk fails or another process does not let go for five seconds
 */
export async function openBank(place: string): Promise<Bank> {
  const database = await openDatabase<Tables>(place, BANK);
  const { queries, attempt } = database;
  const write = createWriter();
  const writing = inBatches<BankRecord>((records) =>
    attempt(async () => {
      for (let first = 0; first < records.length; first += BATCH)
        await write(queries, records.slice(first, first + BATCH));
    }),
  );
  const sweeps = openCells(database, place);
  return {
    place,
    sweeps,
    append: (records) => (records.length === 0 ? Promise.resolve() : writing.append(records)),
    samples: (setting, prompt, seeds) => attempt(() => findSamples(database, setting, prompt, seeds)),
    scores: (fingerprint, prompt, texts) => attempt(() => findScores(database, fingerprint, prompt, texts)),
    contents: () => attempt(() => contentsOf(queries)),
    prompts: () => promptsFrom(database),
    prompt: (text) =>
      attempt(async () => {
        const hash = hashOf(storable(text));
        const row = await queries
          .selectFrom("prompts")
          .select("id")
          .where("hash", "=", hash)
          .executeTakeFirst();
        return row?.id;
      }),
    drawn: (prompt, filter = {}) => attempt(() => drawnFrom(queries, prompt, filter)),
    records: () => exportFrom(database),
    async close() {
      await writing.settled();
      await sweeps.settled();
      await database.close();
    },
  };
}

const optional = <K extends string, V>(key: K, value: V | null): { readonly [k in K]?: V } =>
  (value === null ? {} : { [key]: value }) as { readonly [k in K]?: V };

async function findSamples(
  { queries }: Database<Tables>,
  { fingerprint, params }: Setting,
  prompt: string,
  seeds: readonly number[],
): Promise<ReadonlyMap<number, Completion>> {
  const found = new Map<number, Completion>();
  for (let first = 0; first < seeds.length; first += LOOKUP) {
    const rows = await queries
      .selectFrom("samples")
      .innerJoin("texts", "texts.id", "samples.text")
      .where("samples.prompt", "=", (query) =>
        query
          .selectFrom("prompts")
          .select("id")
          .where("hash", "=", hashOf(storable(prompt))),
      )
      .where("samples.setting", "=", (query) =>
        query.selectFrom("settings").select("id").where("hash", "=", settingHash(fingerprint, params)),
      )
      .where("samples.seed", "in", seeds.slice(first, first + LOOKUP))
      .select(["seed", "finish", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "ms"])
      .select(["logprobs", "texts.text as solution"])
      .execute();
    for (const row of rows) {
      if (row.input_tokens === null || row.output_tokens === null) continue;
      found.set(row.seed, {
        text: row.solution,
        finish: row.finish as Completion["finish"],
        usage: {
          inputTokens: row.input_tokens,
          outputTokens: row.output_tokens,
          ...optional("cachedTokens", row.cached_tokens),
          ...optional("reasoningTokens", row.reasoning_tokens),
        },
        ...optional("ms", row.ms),
        ...(row.logprobs !== null && { logprobs: JSON.parse(row.logprobs) as readonly TokenLogprob[] }),
      });
    }
  }
  return found;
}

async function findScores(
  { queries }: Database<Tables>,
  fingerprint: string,
  prompt: string,
  texts: readonly string[],
): Promise<ReadonlyMap<string, Score>> {
  const found = new Map<string, Score>();
  const byHash = new Map(texts.map((text) => [hashOf(storable(text)), text]));
  const hashes = [...byHash.keys()];
  for (let first = 0; first < hashes.length; first += LOOKUP) {
    const rows = await queries
      .selectFrom("texts")
      .innerJoin("scores", "scores.text", "texts.id")
      .where("texts.prompt", "=", (query) =>
        query
          .selectFrom("prompts")
          .select("id")
          .where("hash", "=", hashOf(storable(prompt))),
      )
      .where("texts.hash", "in", hashes.slice(first, first + LOOKUP))
      .where("scores.verifier", "=", (query) =>
        query.selectFrom("verifiers").select("id").where("hash", "=", hashOf(fingerprint)),
      )
      .select(["hash", "value", "steps", "error", "input_tokens", "cached_tokens", "output_tokens", "ms"])
      .execute();
    for (const { hash, value, steps, error, ...row } of rows) {
      if (row.input_tokens === null || row.output_tokens === null) continue;
      found.set(byHash.get(hash)!, {
        value: value ?? undefined,
        ...(steps !== null && { steps: JSON.parse(steps) as readonly number[] }),
        ...(error !== null && { error: new Error(error), unreadable: true }),
        usage: {
          inputTokens: row.input_tokens,
          outputTokens: row.output_tokens,
          ...optional("cachedTokens", row.cached_tokens),
        },
        ...optional("ms", row.ms),
      });
    }
  }
  return found;
}
