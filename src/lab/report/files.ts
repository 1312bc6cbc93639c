import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { csvOf, tableOf } from "./data-tables.ts";
import { renderReport } from "./html.ts";
import type { Report } from "./types.ts";

/** The files of a report by name: report.html, report.json, and figure-1.csv and table-1.csv and so on. */
export async function reportFiles(report: Report): Promise<ReadonlyMap<string, string>> {
  const figures = report.sections.flatMap((section) => section.figures.map(tableOf));
  const tables = report.sections.flatMap((section) => section.tables);
  return new Map([
    ["report.html", await renderReport(report)],
    ["report.json", `${JSON.stringify(report, undefined, 2)}\n`],
    ...figures.map((table, index) => [`figure-${index + 1}.csv`, csvOf(table)] as const),
    ...tables.map((table, index) => [`table-${index + 1}.csv`, csvOf(table)] as const),
  ]);
}

/**
 * Writes the files into a folder, which is made where it is missing, and returns their names. Each file is whole:
 * all are written beside their places first and renamed then.
 */
export async function writeReport(folder: string, report: Report): Promise<readonly string[]> {
  const files = await reportFiles(report);
  mkdirSync(folder, { recursive: true });
  const beside = mkdtempSync(join(folder, ".report-"));
  try {
    for (const [name, content] of files) writeFileSync(join(beside, name), content);
    for (const name of files.keys()) renameSync(join(beside, name), join(folder, name));
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  return [...files.keys()];
}
