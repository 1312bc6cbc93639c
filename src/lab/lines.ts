import type { TokenLogprob } from "../models/model.ts";
import { UsageError } from "../types.ts";
import type { BankedGrade, BankedSample, BankedScore, BankRecord, Params } from "./records.ts";

/** A record as one JSON line, flat, so that it is one row of a table too. */
export function lineOf({ prompt, text, answer, sample, scores, grades }: BankRecord): string {
  const { usage, ...drawn } = sample ?? {};
  return JSON.stringify({ prompt, text, answer, ...drawn, ...usage, scores, grades });
}

type Fields = Readonly<Record<string, unknown>>;

const COUNTS = ["inputTokens", "cachedTokens", "outputTokens", "reasoningTokens"] as const;
const FINISHES: readonly unknown[] = ["end", "stop", "length"];

/** Throws a `UsageError` that completes "line 7: ". */
export function mistake(what: string): never {
  throw new UsageError(what);
}

/** The record of a line; null counts as absent. Throws a `UsageError` that says what is wrong with the line. */
export function recordOfLine(value: unknown): BankRecord {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return mistake('it is not an object such as { "prompt": "...", "text": "..." }');
  const fields = present(value as Fields);
  const { prompt, text, answer } = fields;
  if (typeof prompt !== "string" || prompt === "") return mistake('it has no text in "prompt"');
  if (typeof text !== "string") return mistake('it has no text in "text"');
  if (answer !== undefined && typeof answer !== "string") return mistake('"answer" is not text');
  const states = "answer" in value && answer === undefined ? null : answer;
  const scores = list(fields, "scores")?.map(scoreOf);
  const grades = list(fields, "grades")?.map(gradeOf);
  return {
    prompt,
    text,
    ...(states !== undefined && { answer: states }),
    ...(fields.model !== undefined && { sample: sampleOf(fields) }),
    ...(scores && { scores }),
    ...(grades && { grades }),
  };
}

function present(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/** What a column holds that is JSON inside JSON in tables, and plain in lines. */
function nested(fields: Fields, name: string): unknown {
  const value = fields[name];
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return mistake(`"${name}" is not JSON`);
  }
}

function list(fields: Fields, name: string): readonly Fields[] | undefined {
  const value = nested(fields, name);
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.some((one) => typeof one !== "object" || one === null))
    return mistake(`"${name}" is not a list of objects`);
  return value.map(present);
}

function optionalNumber(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  if (value === undefined) return undefined;
  // DuckDB writes whole numbers of 64 bits as text.
  const number = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number)
    ? number
    : mistake(`"${name}" is not a number`);
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" && value !== "" ? value : mistake(`it has no text in "${name}"`);
}

function usageOf(fields: Fields): BankedSample["usage"] {
  const usage = COUNTS.map((name) => [name, optionalNumber(fields, name)] as const);
  return Object.fromEntries(usage.filter(([, count]) => count !== undefined));
}

/** Costs of a sample or a score, as far as they are told. */
function costOf(fields: Fields): Pick<BankedSample, "usage" | "ms"> {
  const usage = usageOf(fields)!;
  const ms = optionalNumber(fields, "ms");
  return { ...(Object.keys(usage).length > 0 && { usage }), ...(ms !== undefined && { ms }) };
}

function sampleOf(fields: Fields): BankedSample {
  const seed = optionalNumber(fields, "seed");
  if (!Number.isSafeInteger(seed)) return mistake('"seed" is not a whole number');
  const params = nested(fields, "params") ?? {};
  if (typeof params !== "object" || Array.isArray(params)) return mistake('"params" is not an object');
  const { finish } = fields;
  if (finish !== undefined && !FINISHES.includes(finish))
    return mistake('"finish" is none of "end", "stop" and "length"');
  const logprobs = list(fields, "logprobs") as readonly TokenLogprob[] | undefined;
  if (logprobs?.some(({ token, logprob }) => typeof token !== "string" || typeof logprob !== "number"))
    return mistake('"logprobs" is not a list of { "token": "...", "logprob": -0.1 }');
  return {
    model: text(fields, "model"),
    fingerprint: text(fields, "fingerprint"),
    params: params as Params,
    seed: seed!,
    ...(finish !== undefined && { finish: finish as "end" }),
    ...costOf(fields),
    ...(logprobs && { logprobs }),
  };
}

/** Checks that scores are what strategies can use. */
export function checkScore(value: unknown): number {
  if (typeof value === "number" && value >= 0 && value <= 1) return value;
  return mistake(`the score ${JSON.stringify(value)} is not a number from 0 to 1`);
}

function scoreOf(fields: Fields): BankedScore {
  const { steps, error } = fields;
  if (steps !== undefined && !Array.isArray(steps)) return mistake('"steps" is not a list of scores');
  const usage = usageOf(fields.usage === undefined ? {} : present(fields.usage as Fields))!;
  const ms = optionalNumber(fields, "ms");
  return {
    verifier: text(fields, "verifier"),
    fingerprint: text(fields, "fingerprint"),
    value: fields.value === undefined ? undefined : checkScore(fields.value),
    ...(steps !== undefined && { steps: (steps as unknown[]).map(checkScore) }),
    ...(typeof error === "string" && { error }),
    ...(Object.keys(usage).length > 0 && { usage }),
    ...(ms !== undefined && { ms }),
  };
}

function gradeOf({ correct, reference }: Fields): BankedGrade {
  if (typeof correct !== "boolean") return mistake('"correct" is neither true nor false');
  return { correct, ...(typeof reference === "string" && { reference }) };
}
