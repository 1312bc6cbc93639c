import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { UsageError } from "../types.ts";
import type { Bank } from "./bank.ts";
import { lineOf, recordOfLine } from "./lines.ts";
import type { BankRecord } from "./records.ts";

/** Records per append. */
const BATCH = 5000;

/** What came of an import. */
export interface Imported {
  readonly records: number;
  readonly rejected: number;
}

/** How to import. */
export interface ImportOptions {
  /** Makes records of a row; throws a `UsageError` for one that is wrong. Default: the lines of an export. */
  readonly records?: (row: unknown) => readonly BankRecord[];
  /** Told of each line that is left out: its number, from 1, and why. */
  readonly onRejected?: (line: number, why: string) => void;
}

/** Imports a file of JSON lines. Lines that are wrong are left out, the rest is imported. */
export async function importLines(bank: Bank, path: string, options: ImportOptions = {}): Promise<Imported> {
  const { records: make = (row) => [recordOfLine(row)], onRejected = () => {} } = options;
  let [number, records, rejected] = [0, 0, 0];
  let batch: BankRecord[] = [];
  const flush = async () => {
    await bank.append(batch);
    records += batch.length;
    batch = [];
  };
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === "") continue;
    try {
      batch.push(...make(parsed(line)));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      rejected += 1;
      onRejected(number, error.message);
    }
    if (batch.length >= BATCH) await flush();
  }
  await flush();
  return { records, rejected };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line.replace(/^\uFEFF/, ""));
  } catch {
    throw new UsageError("it is not JSON");
  }
}

/** The whole bank as JSON lines, each with its line break. */
export async function* exportLines(bank: Bank): AsyncGenerator<string> {
  for await (const record of bank.records()) yield `${lineOf(record)}\n`;
}
