import { UsageError } from "../types.ts";
import { aggregate } from "../verifiers/aggregate.ts";
import { checkScore, mistake } from "./lines.ts";
import type { BankRecord } from "./records.ts";

/** Where a value comes from: a column ("meta.level" for one inside another), or the same for all rows. */
type Source = string | { readonly value: unknown };

/** Which columns of somebody else's file hold what. */
export interface Mapping {
  readonly prompt: Source;
  /** A text, or a list of them: then lists of the same length in other columns go with it, item by item. */
  readonly text: Source;
  readonly model: Source;
  /** Temperature and the like. Default: unknown. */
  readonly params?: Readonly<Record<string, Source>>;
  /** Whole numbers. Default: the samples of each prompt are numbered from 0 as they come. */
  readonly seed?: Source;
  readonly answer?: Source;
  /** true, false, 1 or 0. */
  readonly correct?: Source;
  /** The reference answer that `correct` compares with. */
  readonly reference?: Source;
  readonly inputTokens?: Source;
  readonly outputTokens?: Source;
  /** Name of the verifier of `score` and `steps`. */
  readonly verifier?: Source;
  /** From 0 to 1. Default: the last of the steps. */
  readonly score?: Source;
  /** A list of scores, one per step. */
  readonly steps?: Source;
}

const COLUMNS = [
  "prompt",
  "text",
  "model",
  "seed",
  "answer",
  "correct",
  "reference",
  "inputTokens",
  "outputTokens",
  "verifier",
  "score",
  "steps",
] as const;
type Column = (typeof COLUMNS)[number];

/** Parses a mapping file (JSON). Throws a `UsageError` that names the file and what is wrong. */
export function parseMapping(json: string, path: string): Mapping {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new UsageError(`The column mapping ${path} is not JSON.`, { cause });
  }
  const wrong = (what: string) => new UsageError(`The column mapping ${path} ${what}.`);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong('is not an object such as { "prompt": "question", "text": "output", "model": "model" }');
  const { params = {}, ...columns } = value as Record<string, unknown>;
  for (const [name, source] of [
    ...Object.entries(columns),
    ...Object.entries(params as object).map(([name, source]) => [`params.${name}`, source] as const),
  ])
    if (typeof source !== "string" && !(typeof source === "object" && source !== null && "value" in source))
      throw wrong(`gives "${name}" neither the name of a column nor { "value": ... }`);
  const unknown = Object.keys(columns).find((name) => !(COLUMNS as readonly string[]).includes(name));
  if (unknown !== undefined) throw wrong(`knows no "${unknown}": use ${COLUMNS.join(", ")} and params`);
  const missing = ["prompt", "text", "model"].find((name) => !(name in columns));
  if (missing !== undefined) throw wrong(`must say which column is "${missing}"`);
  if (("score" in columns || "steps" in columns) && !("verifier" in columns))
    throw wrong('must say which "verifier" gave the scores');
  return value as Mapping;
}

function valueAt(row: unknown, source: Source | undefined): unknown {
  if (source === undefined) return undefined;
  if (typeof source !== "string") return source.value;
  let value = row;
  if (typeof row === "object" && row !== null && source in row) value = row[source as never];
  else
    for (const name of source.split("."))
      value = typeof value === "object" && value !== null ? value[name as never] : undefined;
  return value ?? undefined;
}

/** Makes records of rows as the mapping says. A row that does not fit throws a `UsageError` that says why. */
export function mapped(mapping: Mapping): (row: unknown) => readonly BankRecord[] {
  const next = new Map<string, number>();
  return (row) => {
    const texts = valueAt(row, mapping.text);
    const values = COLUMNS.map((name) => [name, valueAt(row, mapping[name])] as const);
    const params = Object.fromEntries(
      Object.entries(mapping.params ?? {}).map(([name, source]) => [name, valueAt(row, source)]),
    );
    const records = (Array.isArray(texts) ? texts : [texts]).map((_, index) => {
      const pick = ([name, value]: readonly [Column, unknown]) =>
        [name, Array.isArray(texts) ? itemOf(name, value, index, texts.length) : value] as const;
      return recordOf(Object.fromEntries(values.map(pick)) as Readonly<Record<Column, unknown>>, params);
    });
    return records.map((record) => {
      const { sample, prompt } = record;
      if (mapping.seed !== undefined) return record;
      const key = `${sample.model}\n${prompt}`;
      const seed = next.get(key) ?? 0;
      next.set(key, seed + 1);
      return { ...record, sample: { ...sample, seed } };
    });
  };
}

function itemOf(name: Column, value: unknown, index: number, length: number): unknown {
  if (!Array.isArray(value)) return value;
  return value.length === length
    ? value[index]
    : mistake(`"${name}" has ${value.length} items for ${length} texts`);
}

function recordOf(row: Readonly<Record<Column, unknown>>, params: Readonly<Record<string, unknown>>) {
  const model = textOf(row, "model");
  const seed = numberOf(row, "seed") ?? 0;
  if (!Number.isSafeInteger(seed)) return mistake(`the seed ${seed} is not a whole number`);
  const inputTokens = numberOf(row, "inputTokens");
  const outputTokens = numberOf(row, "outputTokens");
  const grade = gradeOf(row);
  const score = scoreOf(row);
  return {
    prompt: textOf(row, "prompt"),
    text: textOf(row, "text"),
    ...(row.answer !== undefined && { answer: String(row.answer) }),
    sample: {
      model,
      fingerprint: `import:${model}`,
      params,
      seed,
      usage: {
        ...(inputTokens !== undefined && { inputTokens }),
        ...(outputTokens !== undefined && { outputTokens }),
      },
    },
    ...(grade && { grades: [grade] }),
    ...(score && { scores: [score] }),
  };
}

function textOf(
  row: Readonly<Record<Column, unknown>>,
  name: "prompt" | "text" | "model" | "verifier",
): string {
  const value = row[name];
  return typeof value === "string" && value !== "" ? value : mistake(`it has no text for "${name}"`);
}

function numberOf(row: Readonly<Record<Column, unknown>>, name: "seed" | "inputTokens" | "outputTokens") {
  const value = row[name];
  if (value === undefined) return undefined;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number)
    ? number
    : mistake(`"${name}" is not a number`);
}

function gradeOf({ correct, reference }: Readonly<Record<Column, unknown>>) {
  if (correct === undefined) return undefined;
  if (![true, false, 0, 1].includes(correct as boolean))
    return mistake(`${JSON.stringify(correct)} for "correct" is none of true, false, 1 and 0`);
  return { correct: Boolean(correct), ...(reference !== undefined && { reference: String(reference) }) };
}

function scoreOf(row: Readonly<Record<Column, unknown>>) {
  const { score, steps } = row;
  if (score === undefined && steps === undefined) return undefined;
  if (steps !== undefined && !Array.isArray(steps)) return mistake('"steps" is not a list of scores');
  const verifier = textOf(row, "verifier");
  const checked = steps?.map(checkScore);
  const value = score === undefined ? aggregate(checked ?? []) : checkScore(score);
  return { verifier, fingerprint: `import:${verifier}`, value, ...(checked && { steps: checked }) };
}
