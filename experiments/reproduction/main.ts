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
import { difficultySearch } from "./difficulty-search.ts";
import { exchange } from "./exchange.ts";
import { chains, exchanges, forRule, judged, learnedRule, record, recordings } from "./full.ts";
import { rowsOf } from "./grid.ts";
import type { Judged } from "./judged.ts";
import { optimal } from "./optimal.ts";
import { buy, readQuick } from "./quick.ts";
import { quickExchange, quickRevisions } from "./quick-claims.ts";
import type { Recording } from "./recordings.ts";
import { revisions } from "./revisions.ts";
import { verifier } from "./verifier.ts";

const HERE = import.meta.dirname;
const RULE = path.join(HERE, "rule.json");
/** Random orders of each problem's samples. */
const ORDERS = 4;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    learn: { type: "boolean", default: false },
    out: { type: "string" },
    only: { type: "string" },
  },
});
const started = performance.now();
const random = rng("reproduction");

/** What the claims look at, and those that differ between the runs. */
interface Source {
  readonly all: readonly Recording[];
  readonly judged: () => ReadonlyMap<string, Judged>;
  readonly revised: () => Claim;
  readonly exchanged: () => Claim;
}

async function quick(folder: string): Promise<Source> {
  const bank = path.join(folder, "quick.db");
  buy(bank);
  const read = await readQuick(bank);
  return {
    all: read.recordings,
    judged: () => read.judged,
    revised: () => quickRevisions(read, random.split("G3")),
    exchanged: () => quickExchange(read, random.split("G5")),
  };
}

function full(): Source {
  if (!values.keep) record();
  const all = recordings("test");
  return {
    all,
    judged,
    revised: () => revisions(all, chains(), random.split("G3")),
    exchanged: () => exchange(all, exchanges(), random.split("G5")),
  };
}

function claimsOf(
  { all, judged: steps, revised, exchanged }: Source,
  rule: Rule,
): readonly (readonly [string, () => Claim])[] {
  const samples = Math.min(...all.map((one) => one.samples.answer.length));
  const rows = rowsOf(all, Math.min(256, samples), ORDERS, random.split("rows"));
  return [
    ["G1", () => optimal(rows, random.split("G1"))],
    ["G2", () => difficultySearch(all, random.split("G2"))],
    ["G3", revised],
    ["G4", () => allocation(forRule(all, rule), rows, rule, random.split("G4"))],
    ["G5", exchanged],
    ["G6", () => coverage(all, samples)],
    ["G7", () => verifier(all, steps(), random.split("G7"))],
  ];
}

const folder = values.out ?? path.join(HERE, values.quick ? "quick" : "results");
mkdirSync(folder, { recursive: true });
if (values.learn) writeFileSync(RULE, `${JSON.stringify(learnedRule(random.split("learn")))}\n`);
const rule = JSON.parse(readFileSync(RULE, "utf8")) as Rule;
const source = values.quick ? await quick(folder) : full();
const wanted = values.only?.split(",");
const found: Claim[] = [];
for (const [id, measure] of claimsOf(source, rule)) {
  if (wanted !== undefined && !wanted.includes(id)) continue;
  process.stderr.write(`${id} ...\n`);
  found.push(measure());
  const { verdict, figure } = found.at(-1)!;
  console.log(`${id}: ${verdict}. ${figure}`);
}
const report = assemble(found, {
  all: source.all,
  rule,
  quick: values.quick,
  date: new Date().toISOString().slice(0, 10),
  minutes: (performance.now() - started) / 60_000,
});
await writeReport(folder, report);
if (!values.quick && wanted === undefined) tellReadme(path.join(HERE, "../README.md"), found);
console.log(path.join(folder, "report.html"));
