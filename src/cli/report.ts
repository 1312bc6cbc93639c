import path from "node:path";
import { parseReport, type Report, reportOfSweep, writeReport } from "../lab/index.ts";
import { UsageError } from "../types.ts";
import { readText, reason } from "./flags.ts";
import { output } from "./output.ts";
import { openExisting } from "./replay.ts";

/** The options of `bedacht report`, as commander gives them. */
export interface ReportFlags {
  readonly bank?: string;
  readonly title?: string;
  readonly output?: string;
}

/** `bedacht report`: the report of a sweep's bank, or a report.json rendered again. */
export async function reportCommand(file: string | undefined, flags: ReportFlags): Promise<void> {
  if ((file === undefined) === (flags.bank === undefined))
    throw new UsageError("Say what to report: a report.json, or --bank FILE that bedacht sweep filled.");
  const folder = flags.output ?? (file === undefined ? "report" : path.dirname(file));
  const report =
    file === undefined ? await sweepReport(flags.bank!, flags) : parseReport(readText(file, "report"));
  const names = await writeReport(folder, report).catch((cause) => {
    throw new UsageError(`Cannot write the report to ${folder}: ${reason(cause)}.`, { cause });
  });
  await output().write(names.map((name) => `${path.join(folder, name)}\n`).join(""));
}

async function sweepReport(place: string, { title }: ReportFlags): Promise<Report> {
  const bank = await openExisting(place);
  try {
    return await reportOfSweep(bank.sweeps.cells(), {
      title: title ?? `Sweep ${path.basename(place, ".db")}`,
      date: new Date().toISOString().slice(0, 10),
      commands: [`bedacht report --bank ${path.basename(place)}`],
    });
  } finally {
    await bank.close();
  }
}
