import type { Kysely } from "kysely";
import type { Database } from "../budget/database.ts";
import type { TokenLogprob } from "../models/model.ts";
import type { Usage } from "../types.ts";
import { promptsFrom } from "./reading.ts";
import type { BankedGrade, BankedSample, BankedScore, BankRecord, Params } from "./records.ts";
import type { Tables } from "./tables.ts";

interface SettingRow {
  readonly model: string;
  readonly fingerprint: string;
  readonly params: Params;
}

/**
 * Everything that a bank holds, prompt by prompt: a record for each sample, and one for each text that was
 * scored or graded but is no sample. Scores and grades of a text come with its first record.
 */
export async function* exportFrom(database: Database<Tables>): AsyncGenerator<BankRecord> {
  const { queries, attempt } = database;
  const settings = new Map<number, SettingRow>();
  for await (const { id, text } of promptsFrom(database)) {
    const records = await attempt(async () => {
      for (const row of await queries.selectFrom("settings").selectAll().execute())
        if (!settings.has(row.id)) settings.set(row.id, { ...row, params: JSON.parse(row.params) as Params });
      return recordsOf(queries, { id, text }, settings);
    });
    yield* records;
  }
}

async function recordsOf(
  queries: Kysely<Tables>,
  prompt: { readonly id: number; readonly text: string },
  settings: ReadonlyMap<number, SettingRow>,
): Promise<readonly BankRecord[]> {
  const texts = await queries
    .selectFrom("texts")
    .where("prompt", "=", prompt.id)
    .orderBy("id")
    .selectAll()
    .execute();
  const samples = await queries
    .selectFrom("samples")
    .where("prompt", "=", prompt.id)
    .orderBy("setting")
    .orderBy("seed")
    .selectAll()
    .execute();
  const scores = Map.groupBy(await scoresOf(queries, prompt.id), ({ text }) => text);
  const grades = Map.groupBy(await gradesOf(queries, prompt.id), ({ text }) => text);
  const byId = new Map(texts.map((text) => [text.id, text]));
  const told = new Set<number>();
  const about = (id: number): BankRecord => {
    const { text, answer } = byId.get(id)!;
    const isFirst = !told.has(id);
    told.add(id);
    return {
      prompt: prompt.text,
      text,
      answer,
      ...(isFirst && scores.has(id) && { scores: scores.get(id)!.map(({ score }) => score) }),
      ...(isFirst && grades.has(id) && { grades: grades.get(id)!.map(({ grade }) => grade) }),
    };
  };
  const drawn = samples.map((row) => ({
    ...about(row.text),
    sample: sampleOf(row, settings.get(row.setting)!),
  }));
  const rest = texts.filter(({ id }) => !told.has(id)).map(({ id }) => about(id));
  return [...drawn, ...rest];
}

function sampleOf(row: Tables["samples"], { model, fingerprint, params }: SettingRow): BankedSample {
  const usage = usageOf(row);
  return {
    model,
    fingerprint,
    params,
    seed: row.seed,
    finish: row.finish as "end",
    ...(Object.keys(usage).length > 0 && { usage }),
    ...(row.ms !== null && { ms: row.ms }),
    ...(row.logprobs !== null && { logprobs: JSON.parse(row.logprobs) as readonly TokenLogprob[] }),
  };
}

async function scoresOf(queries: Kysely<Tables>, prompt: number) {
  const rows = await queries
    .selectFrom("scores")
    .innerJoin("texts", "texts.id", "scores.text")
    .innerJoin("verifiers", "verifiers.id", "scores.verifier")
    .where("texts.prompt", "=", prompt)
    .orderBy("scores.verifier")
    .selectAll("scores")
    .select(["name", "fingerprint"])
    .execute();
  return rows.map((row) => {
    const usage = usageOf({ ...row, reasoning_tokens: null });
    const score: BankedScore = {
      verifier: row.name,
      fingerprint: row.fingerprint,
      value: row.value ?? undefined,
      ...(row.steps !== null && { steps: JSON.parse(row.steps) as readonly number[] }),
      ...(row.error !== null && { error: row.error }),
      ...(Object.keys(usage).length > 0 && { usage }),
      ...(row.ms !== null && { ms: row.ms }),
    };
    return { text: row.text, score };
  });
}

async function gradesOf(queries: Kysely<Tables>, prompt: number) {
  const rows = await queries
    .selectFrom("grades")
    .innerJoin("texts", "texts.id", "grades.text")
    .where("texts.prompt", "=", prompt)
    .orderBy("reference")
    .selectAll("grades")
    .execute();
  return rows.map(({ text, correct, reference }) => {
    const grade: BankedGrade = { correct: correct === 1, ...(reference !== "" && { reference }) };
    return { text, grade };
  });
}

function usageOf(
  row: Pick<Tables["samples"], "input_tokens" | "cached_tokens" | "output_tokens" | "reasoning_tokens">,
): Partial<Usage> {
  return {
    ...(row.input_tokens !== null && { inputTokens: row.input_tokens }),
    ...(row.cached_tokens !== null && { cachedTokens: row.cached_tokens }),
    ...(row.output_tokens !== null && { outputTokens: row.output_tokens }),
    ...(row.reasoning_tokens !== null && { reasoningTokens: row.reasoning_tokens }),
  };
}
