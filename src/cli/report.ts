import path from "node:path";
import { parseReport, writeReport } from "../lab/index.ts";
import { UsageError } from "../types.ts";
import { readText, reason } from "./flags.ts";
import { output } from "./output.ts";

/** The options of `bedacht report`, as commander gives them. */
export interface ReportFlags {
  readonly output?: string;
}

/** `bedacht report`: renders a report.json again. */
export async function reportCommand(file: string, flags: ReportFlags): Promise<void> {
  const report = parseReport(readText(file, "report"));
  const folder = flags.output ?? path.dirname(file);
  const names = await writeReport(folder, report).catch((cause) => {
    throw new UsageError(`Cannot write the report to ${folder}: ${reason(cause)}.`, { cause });
  });
  await output().write(names.map((name) => `${path.join(folder, name)}\n`).join(""));
}
