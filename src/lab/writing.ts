import type { Kysely } from "kysely";
import { journalKey } from "../budget/journal.ts";
import { statesAnswer } from "../strategies/samples.ts";
import { extractAnswer } from "../verifiers/answer.ts";
import { type Cells, createInserter, type Inserted } from "./inserting.ts";
import type { BankedSample, BankRecord, Params } from "./records.ts";
import { hashOf, storable, type Tables } from "./tables.ts";

/** Rows of each table that a writer remembers the numbers of. */
const MOST_KNOWN = 100_000;
/** Hashes per look-up. */
const LOOKUP = 1000;
/** Tables whose rows are referred to by number, in the order in which they are written. */
const NAMED = ["prompts", "settings", "verifiers"] as const;
type Named = (typeof NAMED)[number];
/** Numbers of rows by what they hold, written as text. */
type Numbers = Readonly<Record<Named, Map<string, number>>>;
/** Rows to insert by what they hold. */
type Wanted = Readonly<Record<Named, Map<string, Cells & { readonly hash: string }>>>;

const empty = <T>(): Readonly<Record<Named, Map<string, T>>> => ({
  prompts: new Map(),
  settings: new Map(),
  verifiers: new Map(),
});

/** The hash by which a setting is known; parameters that say nothing do not count, nor does their order. */
export function settingHash(fingerprint: string, params: Params): string {
  return journalKey([fingerprint, stated(params)]);
}

function stated(params: Params): Params {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value != null));
}

/** Writes records in one transaction. What is there already, by whichever process, is not stored again. */
export function createWriter(): (queries: Kysely<Tables>, records: readonly BankRecord[]) => Promise<void> {
  const insert = createInserter();
  const known = empty<number>();
  return async (queries, records) => {
    const wanted = wantedBy(records, known);
    const fresh = empty<number>();
    await queries.transaction().execute(async (transaction) => {
      for (const table of NAMED) {
        // In one order everywhere, so that no two writers of a server ever wait for each other.
        const rows = [...wanted[table]].sort(([, a], [, b]) => (a.hash < b.hash ? -1 : 1));
        const cells = rows.map(([, row]) => row);
        const numbers = await numbersOf(transaction, table, cells, await insert(transaction, table, cells));
        for (const [key, { hash }] of rows) fresh[table].set(key, numbers.get(hash)!);
      }
      const placed = placedIn(records, (prompt) => known.prompts.get(prompt) ?? fresh.prompts.get(prompt)!);
      const texts = textsOf(placed);
      const ids = await textNumbers(transaction, texts, await insert(transaction, "texts", texts));
      const rows = rowsOf(placed, ids, (table, key) => known[table].get(key) ?? fresh[table].get(key)!);
      await insert(transaction, "samples", rows.samples);
      await insert(transaction, "scores", rows.scores);
      await insert(transaction, "grades", rows.grades);
    });
    // Only what is committed is remembered.
    for (const table of NAMED) {
      if (known[table].size + fresh[table].size > MOST_KNOWN) known[table].clear();
      for (const [key, number] of fresh[table]) known[table].set(key, number);
    }
  };
}

/** Numbers of rows by hash: of those that were just inserted, and of those that were there. */
async function numbersOf(
  queries: Kysely<Tables>,
  table: Named,
  rows: readonly { readonly hash: string }[],
  inserted: readonly Inserted[],
): Promise<ReadonlyMap<string, number>> {
  const numbers = new Map(inserted.map(({ hash, id }) => [hash, id]));
  const missing = rows.flatMap(({ hash }) => (numbers.has(hash) ? [] : [hash]));
  for (let first = 0; first < missing.length; first += LOOKUP) {
    const found = await queries
      .selectFrom(table)
      .select(["id", "hash"])
      .where("hash", "in", missing.slice(first, first + LOOKUP))
      .execute();
    for (const { id, hash } of found) numbers.set(hash, id);
  }
  return numbers;
}

/** Numbers of texts by prompt and hash. */
async function textNumbers(
  queries: Kysely<Tables>,
  rows: readonly TextRow[],
  inserted: readonly Inserted[],
): Promise<ReadonlyMap<string, number>> {
  const numbers = new Map(inserted.map(({ prompt, hash, id }) => [`${prompt}/${hash}`, id]));
  const missing = rows.filter(({ prompt, hash }) => !numbers.has(`${prompt}/${hash}`));
  for (const [prompt, group] of Map.groupBy(missing, (row) => row.prompt))
    for (let first = 0; first < group.length; first += LOOKUP) {
      const hashes = group.slice(first, first + LOOKUP).map(({ hash }) => hash);
      const found = await queries
        .selectFrom("texts")
        .select(["id", "hash"])
        .where("prompt", "=", prompt)
        .where("hash", "in", hashes)
        .execute();
      for (const { id, hash } of found) numbers.set(`${prompt}/${hash}`, id);
    }
  return numbers;
}

const settingKey = ({ fingerprint, params }: BankedSample) => `${fingerprint}\n${JSON.stringify(params)}`;

/** Prompts, settings and verifiers of records that are not known yet. */
function wantedBy(records: readonly BankRecord[], known: Numbers): Wanted {
  const wanted = empty<Cells & { readonly hash: string }>();
  const want = (table: Named, key: string, cells: () => Cells & { readonly hash: string }) => {
    if (!known[table].has(key) && !wanted[table].has(key)) wanted[table].set(key, cells());
  };
  for (const { prompt, sample, scores = [] } of records) {
    want("prompts", prompt, () => {
      const text = storable(prompt);
      return { hash: hashOf(text), text };
    });
    if (sample !== undefined)
      want("settings", settingKey(sample), () => ({
        hash: settingHash(sample.fingerprint, sample.params),
        model: sample.model,
        fingerprint: sample.fingerprint,
        params: JSON.stringify(stated(sample.params)),
      }));
    for (const { verifier, fingerprint } of scores)
      want("verifiers", fingerprint, () => ({ hash: hashOf(fingerprint), name: verifier, fingerprint }));
  }
  return wanted;
}

/** A record whose prompt has a number. */
interface Placed {
  readonly record: BankRecord;
  readonly text: string;
  readonly prompt: number;
  readonly hash: string;
  /** Of its text: prompt and hash. */
  readonly key: string;
}

type TextRow = Cells & { readonly prompt: number; readonly hash: string };

/** Records in one order everywhere. */
function placedIn(records: readonly BankRecord[], numberOf: (prompt: string) => number): readonly Placed[] {
  return records
    .map((record) => {
      const text = storable(record.text);
      const prompt = numberOf(record.prompt);
      const hash = hashOf(text);
      return { record, text, prompt, hash, key: `${prompt}/${hash}` };
    })
    .sort((a, b) => a.prompt - b.prompt || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
}

/** The different texts among records. */
function textsOf(placed: readonly Placed[]): readonly TextRow[] {
  const rows: TextRow[] = [];
  let last = "";
  for (const { record, text, prompt, hash, key } of placed) {
    if (key !== last) rows.push({ prompt, hash, answer: answerOf(record), text });
    last = key;
  }
  return rows;
}

function rowsOf(
  placed: readonly Placed[],
  texts: ReadonlyMap<string, number>,
  numberOf: (table: Named, key: string) => number,
) {
  const samples: Cells[] = [];
  const scores: Cells[] = [];
  const grades: Cells[] = [];
  for (const { record, prompt, key } of placed) {
    const text = texts.get(key)!;
    const { sample } = record;
    if (sample !== undefined) {
      const setting = numberOf("settings", settingKey(sample));
      samples.push(sampleRow(prompt, setting, text, record.text, sample));
    }
    for (const score of record.scores ?? [])
      scores.push({
        text,
        verifier: numberOf("verifiers", score.fingerprint),
        value: finite(score.value),
        steps: score.steps === undefined ? null : JSON.stringify(score.steps),
        error: score.error === undefined ? null : storable(score.error),
        input_tokens: finite(score.usage?.inputTokens),
        cached_tokens: finite(score.usage?.cachedTokens),
        output_tokens: finite(score.usage?.outputTokens),
        ms: finite(score.ms),
      });
    for (const { correct, reference = "" } of record.grades ?? [])
      grades.push({ text, reference: storable(reference), correct: correct ? 1 : 0 });
  }
  return { samples, scores, grades };
}

function sampleRow(
  prompt: number,
  setting: number,
  text: number,
  solution: string,
  { seed, finish = "end", usage, ms, logprobs }: BankedSample,
): Cells {
  return {
    prompt,
    setting,
    seed,
    text,
    complete: finish !== "length" || statesAnswer(solution) ? 1 : 0,
    finish,
    input_tokens: finite(usage?.inputTokens),
    cached_tokens: finite(usage?.cachedTokens),
    output_tokens: finite(usage?.outputTokens),
    reasoning_tokens: finite(usage?.reasoningTokens),
    ms: finite(ms),
    logprob: logprobs === undefined ? null : logprobs.reduce((sum, { logprob }) => sum + logprob, 0),
    logprobs: logprobs === undefined ? null : storable(JSON.stringify(logprobs)),
  };
}

function answerOf({ prompt, text, answer }: BankRecord): string | null {
  const found = answer === undefined ? (extractAnswer({ id: "", prompt }, text) ?? null) : answer;
  return found === null ? null : storable(found);
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
