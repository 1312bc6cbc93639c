import { hash } from "node:crypto";
import type { Generated } from "kysely";
import type { DatabaseKind } from "../budget/database.ts";
import type { JournalRow } from "../budget/journal.ts";

/**
 * The bank's tables. Prompts, settings, verifiers and texts are addressed by the hash of their content; samples,
 * scores, grades and cells refer to them by number. The same statements run on SQLite and on Postgres.
 */

/** 264 bits are more than enough, and 132 are enough: two texts of a bank never share a hash. */
export function hashOf(text: string): string {
  return hash("sha256", text, "base64url").slice(0, 22);
}

/** What no database holds becomes U+FFFD: the character 0, and halves of surrogate pairs. */
export function storable(text: string): string {
  return text.includes("\0") || !text.isWellFormed() ? text.toWellFormed().replaceAll("\0", "\uFFFD") : text;
}

/** Whole numbers stand for booleans; JSON is text; unknown is null. */
export interface Tables {
  prompts: { readonly id: Generated<number>; readonly hash: string; readonly text: string };
  settings: {
    readonly id: number;
    readonly hash: string;
    readonly model: string;
    readonly fingerprint: string;
    /** JSON. */
    readonly params: string;
  };
  verifiers: {
    readonly id: number;
    readonly hash: string;
    readonly name: string;
    readonly fingerprint: string;
  };
  texts: {
    readonly id: number;
    readonly prompt: number;
    readonly hash: string;
    readonly text: string;
    readonly answer: string | null;
  };
  samples: SampleRow;
  scores: ScoreRow;
  grades: { readonly text: number; readonly reference: string; readonly correct: number };
  cells: CellRow;
  calls: CallRow & { readonly id: Generated<number> };
}

/** A finished cell of a sweep. */
export interface CellRow {
  readonly key: string;
  readonly prompt: number;
  readonly problem: string;
  readonly family: string | null;
  readonly level: number | null;
  readonly label: string;
  readonly strategy: string;
  /** JSON. */
  readonly params: string;
  readonly generator: string;
  readonly generator_fingerprint: string;
  readonly verifier: string | null;
  readonly verifier_fingerprint: string | null;
  readonly seed: number;
  readonly answer: string | null;
  readonly correct: number;
  readonly stop: string;
  /** JSON: calls, tokens and FLOPs of each role. */
  readonly roles: string;
  /** JSON. */
  readonly candidates: string;
  readonly ms: number;
}

/** One event of a paid call of a cell that is not finished. */
export interface CallRow extends JournalRow {
  readonly cell: string;
}

export interface SampleRow {
  readonly prompt: number;
  readonly setting: number;
  readonly seed: number;
  readonly text: number;
  /** 1 when the solution was ended, 0 when it was cut. */
  readonly complete: number;
  readonly finish: string;
  readonly input_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly output_tokens: number | null;
  readonly reasoning_tokens: number | null;
  readonly ms: number | null;
  readonly logprob: number | null;
  /** JSON. */
  readonly logprobs: string | null;
}

export interface ScoreRow {
  readonly text: number;
  readonly verifier: number;
  readonly value: number | null;
  /** JSON. */
  readonly steps: string | null;
  /** Why there is no value, when the verifier said something that holds none. */
  readonly error: string | null;
  readonly input_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly output_tokens: number | null;
  readonly ms: number | null;
}

const number = "double precision";

/** Several processes may write to a bank; each waits for its turn, for five seconds. */
export const BANK: DatabaseKind = {
  noun: "bank",
  applicationId: 0x6264626b,
  version: 2,
  lockWait: 50,
  retries: 50,
  schema: ({ rowNumber, clustered }) => [
    `create table if not exists prompts (
      id ${rowNumber} primary key, hash text not null unique, text text not null)`,
    `create table if not exists settings (
      id ${rowNumber} primary key, hash text not null unique,
      model text not null, fingerprint text not null, params text not null)`,
    `create table if not exists verifiers (
      id ${rowNumber} primary key, hash text not null unique, name text not null, fingerprint text not null)`,
    `create table if not exists texts (
      id ${rowNumber} primary key, prompt bigint not null, hash text not null,
      answer text, text text not null, unique (prompt, hash))`,
    `create table if not exists samples (
      prompt bigint not null, setting bigint not null, seed bigint not null, text bigint not null,
      complete integer not null, finish text not null,
      input_tokens bigint, cached_tokens bigint, output_tokens bigint, reasoning_tokens bigint,
      ms ${number}, logprob ${number}, logprobs text, primary key (prompt, setting, seed)) ${clustered}`,
    `create table if not exists scores (
      text bigint not null, verifier bigint not null, value ${number}, steps text, error text,
      input_tokens bigint, cached_tokens bigint, output_tokens bigint, ms ${number},
      primary key (text, verifier)) ${clustered}`,
    `create table if not exists grades (
      text bigint not null, reference text not null, correct integer not null,
      primary key (text, reference)) ${clustered}`,
    `create table if not exists cells (
      key text primary key, prompt bigint not null, problem text not null, family text, level integer,
      label text not null, strategy text not null, params text not null,
      generator text not null, generator_fingerprint text not null, verifier text, verifier_fingerprint text,
      seed bigint not null, answer text, correct integer not null, stop text not null,
      roles text not null, candidates text not null, ms ${number} not null)`,
    `create table if not exists calls (
      id ${rowNumber} primary key, cell text not null, key text not null, event text not null,
      model text, position text, result text)`,
    "create index if not exists calls_by_cell on calls (cell, key)",
    "create unique index if not exists answers_once on calls (cell, key) where event = 'answered'",
  ],
};
