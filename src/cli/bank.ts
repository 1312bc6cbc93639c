import { once } from "node:events";
import { createWriteStream, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  type Bank,
  type Contents,
  exportLines,
  importLines,
  mapped,
  openBank,
  parseMapping,
} from "../lab/index.ts";
import { isParquet, linesFromParquet, parquetFromLines } from "../lab/parquet.ts";
import { UsageError } from "../types.ts";
import { aside } from "./display.ts";
import { EXIT } from "./exit.ts";
import { readText, reason } from "./flags.ts";
import { output } from "./output.ts";
import { openExisting } from "./replay.ts";

/** The options of `bedacht bank`, as commander gives them. */
export interface BankFlags {
  readonly bank: string;
  readonly map?: string;
  readonly json?: boolean;
}

/** Rejected lines that are told one by one. */
const MOST_TOLD = 20;

/** `bedacht bank`: what a bank holds, and its ways in and out. */
export async function bankCommand(
  action: "info" | "import" | "export",
  file: string | undefined,
  flags: BankFlags,
): Promise<void> {
  if (action === "import") return importCommand(file, flags);
  const bank = await openExisting(flags.bank);
  try {
    if (action === "info") await output().write(info(await bank.contents(), flags.json === true));
    else await exportCommand(bank, file);
  } finally {
    await bank.close();
  }
}

function info(contents: Contents, json: boolean): string {
  if (json) return `${JSON.stringify(contents)}\n`;
  const { prompts, texts, settings, verifiers, graded } = contents;
  return [
    `${prompts} prompts, ${texts} different texts, ${graded} of them graded`,
    ...settings.map(
      ({ id, model, params, samples }) =>
        `setting ${id}: ${samples} samples of ${model} ${JSON.stringify(params)}`,
    ),
    ...verifiers.map(({ id, name, scores }) => `verifier ${id}: ${scores} scores of ${name}`),
    "",
  ].join("\n");
}

async function importCommand(file: string | undefined, { bank: place, map }: BankFlags): Promise<void> {
  if (file === undefined) throw new UsageError("Say what to import: bedacht bank import FILE --bank BANK.");
  if (!existsSync(file)) throw new UsageError(`Cannot read the samples in ${file}: there is no such file.`);
  const mapping = map === undefined ? undefined : parseMapping(readText(map, "column mapping"), map);
  let told = 0;
  const onRejected = (line: number, why: string) => {
    told += 1;
    if (told <= MOST_TOLD) aside(`line ${line}: ${why}\n`);
    if (told === MOST_TOLD + 1) aside("more lines are wrong\n");
  };
  const { records, rejected } = await inFolder(async (folder) => {
    const lines = isParquet(file) ? path.join(folder, "rows.jsonl") : file;
    if (isParquet(file)) await linesFromParquet(file, lines);
    const bank = await openBank(place);
    try {
      return await importLines(bank, lines, { onRejected, ...(mapping && { records: mapped(mapping) }) });
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new UsageError(`Cannot read the samples in ${file}: ${reason(error)}.`, { cause: error });
    } finally {
      await bank.close();
    }
  });
  aside(`${records} records imported, ${rejected} lines rejected.\n`);
  if (rejected > 0) process.exitCode = EXIT.failed;
}

async function exportCommand(bank: Bank, file: string | undefined): Promise<void> {
  if (file === undefined) {
    const out = output();
    for await (const line of exportLines(bank)) if (!(await out.write(line))) return;
    return;
  }
  if (!isParquet(file)) return writeLines(bank, file);
  await inFolder(async (folder) => {
    const lines = path.join(folder, "rows.jsonl");
    await writeLines(bank, lines);
    await parquetFromLines(lines, file);
  });
}

async function writeLines(bank: Bank, file: string): Promise<void> {
  const stream = createWriteStream(file);
  try {
    await once(stream, "open");
    for await (const line of exportLines(bank)) if (!stream.write(line)) await once(stream, "drain");
    stream.end();
    await once(stream, "close");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`Cannot write ${file}: ${reason(error)}.`, { cause: error });
  }
}

/** Does something with a folder that is removed afterwards. */
async function inFolder<T>(action: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), "bedacht-bank-"));
  try {
    return await action(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
