/**
 * `npm run reproduce`: the structure of the figures of Snell et al. 2024 on the embedded models, claim by claim, as one
 * report. `-- --quick` buys a small set with the command line itself (a few minutes); without it the recordings of
 * 2,000 test problems are made first (record.sh: hours, resumable) or taken as they are.
 *
 * Options: --out FOLDER (default results, or quick), --keep (take the recordings that are there), --only G1,G4,
 * --learn (the allocator's rule anew, from the recordings of validation problems; else rule.json).
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { writeReport } from "../../src/lab/index.ts";
import type { Rule } from "../../src/policy/index.ts";
import { rng } from "../../src/random.ts";
import { allocation } from "./allocation.ts";
import { assemble, tellReadme } from "./assembling.ts";
import type { Claim } from "./claims.ts";
import { coverage } from "./coverage.ts";
import { forRule, learnedRule, record, recordings } from "./full.ts";
import { rowsOf } from "./grid.ts";
import { optimal } from "./optimal.ts";
import { buy, quickRecordings } from "./quick.ts";
import type { Recording } from "./recordings.ts";

const HERE = import.meta.dirname;
const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    out: { type: "string" },
    only: { type: "string" },
    learn: { type: "boolean", default: false },
  },
});
const started = performance.now();
const folder = values.out ?? path.join(HERE, values.quick ? "quick" : "results");
mkdirSync(folder, { recursive: true });

async function read(): Promise<readonly Recording[]> {
  if (!values.quick) {
    if (!values.keep) record();
    return recordings("test");
  }
  const bank = path.join(folder, "quick.db");
  buy(bank);
  return quickRecordings(bank);
}

const all = await read();
const samples = Math.min(...all.map((one) => one.samples.answer.length));
const random = rng("reproduction");
const rows = rowsOf(all, Math.min(256, samples), 4, random.split("rows"));
const ruleFile = path.join(HERE, "rule.json");
if (values.learn) writeFileSync(ruleFile, `${JSON.stringify(learnedRule(random.split("learn")))}\n`);
const rule = JSON.parse(readFileSync(ruleFile, "utf8")) as Rule;
const claims: readonly (readonly [string, () => Claim | Promise<Claim>])[] = [
  ["G1", () => optimal(rows, random.split("G1"))],
  ["G4", () => allocation(forRule(all, rule), rows, rule, random.split("G4"))],
  ["G2", () => difficultySearch(all, random.split("G2"))],
  ["G3", () => revisions(all, chains(), random.split("G3"))],
  ["G6", () => coverage(all, samples)],
  ["G7", () => verifier(all, judged(), random.split("G7"))],
];
const wanted = values.only?.split(",");
const found: Claim[] = [];
for (const [id, measure] of claims) {
  if (wanted !== undefined && !wanted.includes(id)) continue;
  process.stderr.write(`${id} ...\n`);
  found.push(await measure());
  const { verdict, figure } = found.at(-1)!;
  console.log(`${id}: ${verdict}. ${figure}`);
}
const report = assemble(found, {
  all,
  rule,
  quick: values.quick,
  date: new Date().toISOString().slice(0, 10),
  minutes: (performance.now() - started) / 60_000,
});
await writeReport(folder, report);
if (!values.quick && wanted === undefined) tellReadme(path.join(HERE, "../README.md"), found);
console.log(`${path.join(folder, "report.html")}`);
