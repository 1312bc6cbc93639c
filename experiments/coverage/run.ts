/**
 * `node experiments/coverage/run.ts SAMPLES... --problems FILE...`: does a coverage law that saw the first 64 samples of
 * each problem say, within its 95% interval, how many of the problems 512 samples solve? And one that saw 16?
 *
 * SAMPLES are banks, or files of JSON lines as `bedacht bank export` writes them; samples at temperature 0 are passed
 * over, and so are problems with fewer than 512 others. Options: --problems FILE (JSON lines; may be repeated),
 * --fit 64,16 (samples that the laws see), --most 512 (samples to forecast), --csv FILE (all figures).
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Graded, gradeSamples, readProblems } from "./graded.ts";
import { judge, type Row } from "./judge.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    problems: { type: "string", multiple: true, default: [] },
    fit: { type: "string", default: "64,16" },
    most: { type: "string", default: "512" },
    csv: { type: "string" },
  },
});

/** The problems of each level, of each family, and all of them. */
function groupsOf(graded: readonly Graded[]): Map<string, Graded[]> {
  const groups = new Map<string, Graded[]>();
  for (const names of [levelOf, familyOf, () => "all"])
    for (const one of graded) {
      const name = names(one);
      groups.set(name, [...(groups.get(name) ?? []), one]);
    }
  return groups;
}

const familyOf = ({ problem }: Graded) => problem.family ?? "unknown";
const levelOf = (one: Graded) => `${familyOf(one)} ${one.problem.level ?? "?"}`;
const percent = (share: number | undefined) => (share === undefined ? "-" : (100 * share).toFixed(1));

function print(rows: readonly Row[]): void {
  console.log(
    "\ngroup         | problems | fit on k<= | solved then | law      | b or alpha | share | k   | forecast (95%)       | truth | error | held | plain",
  );
  for (const row of rows) {
    const { forecast, low, high, truth, reason } = row;
    const interval = reason ?? `${percent(forecast)} (${percent(low)} to ${percent(high)})`;
    const error = forecast === undefined ? undefined : forecast - truth;
    const cells = [
      row.group.padEnd(13),
      String(row.problems).padStart(8),
      String(row.fitted).padStart(10),
      percent(row.solvedBefore).padStart(11),
      row.law.padEnd(8),
      (row.exponent?.toFixed(3) ?? "-").padStart(10),
      percent(row.share).padStart(5),
      String(row.k).padStart(3),
      interval.padEnd(20),
      percent(truth).padStart(5),
      percent(error).padStart(5),
      (row.held === undefined ? "-" : row.held ? "yes" : "NO").padEnd(4),
      percent(row.plain).padStart(5),
    ];
    console.log(cells.join(" | "));
  }
}

/** How often each law's intervals held on single levels, and its errors in points. */
function summary(rows: readonly Row[]): void {
  const asked = new Map<string, Row[]>();
  for (const row of rows) {
    if (!/\d$/.test(row.group)) continue;
    const key = `${row.law.padEnd(8)} fit on k<=${row.fitted}, k=${row.k}`;
    asked.set(key, [...(asked.get(key) ?? []), row]);
  }
  console.log("\nsingle levels: intervals that held, mean absolute error and bias in points, mean width");
  for (const [key, of] of asked) {
    const told = of.filter(({ held }) => held !== undefined);
    const mean = (value: (row: Row) => number) =>
      ((100 * told.reduce((sum, row) => sum + value(row), 0)) / told.length).toFixed(1);
    const error = (row: Row) => row.forecast! - row.truth;
    console.log(
      `${key}: ${told.filter(({ held }) => held).length} of ${told.length}; ${mean((row) => Math.abs(error(row)))}, ${mean(error)}, ${mean((row) => row.high! - row.low!)}`,
    );
  }
}

function csv(rows: readonly Row[]): string {
  const names = Object.keys(rows[0] ?? {}) as (keyof Row)[];
  const line = (row: Row) => names.map((name) => row[name] ?? "").join(",");
  return `${[names.join(","), ...rows.map(line)].join("\n")}\n`;
}

const most = Number(values.most);
const fits = values.fit.split(",").map(Number);
const problems = readProblems(values.problems);
const graded: Graded[] = [];
for (const place of positionals) {
  graded.push(...(await gradeSamples(place, problems)).filter(({ right }) => right.length >= most));
  console.error(`${place}: ${graded.length} problems so far`);
}
const rows = [...groupsOf(graded)].flatMap(([group, some]) => judge(group, some, fits, most));
print(rows);
summary(rows);
if (values.csv !== undefined) writeFileSync(values.csv, csv(rows));
