/**
 * `npm run bench:bank [-- SAMPLES]`: a bank of a million samples, each with its text, score and grade. How fast they
 * go in, beside plain rows of the same content in the same run, and how fast ten strategies are replayed.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import Database from "better-sqlite3";
import { type BankRecord, openBank, type ReplayPlan, replay } from "../src/lab/index.ts";
import { samplesOf } from "../test/bank-records.ts";

const PER_PROBLEM = 512;
/** Problems per append. */
const BATCH = 10;
const NS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
const AGGREGATIONS = ["last", "min", "prod", "mean"] as const;
const PLANS: readonly ReplayPlan[] = [
  { strategy: "majority" },
  { strategy: "weighted-best-of-n" },
  ...["best-of-n", "weighted-best-of-n"].flatMap((strategy) =>
    AGGREGATIONS.map((aggregation) => ({ strategy, aggregation })),
  ),
];

/** One table, no index, no hashes: as fast as this machine writes these bytes through the same library. */
function plain(file: string) {
  const database = new Database(file);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.pragma("wal_autocheckpoint = 16384");
  database.exec(
    "create table samples (prompt text, text text, answer text, seed integer, input integer, output integer, value real, steps text, correct integer)",
  );
  const insert = database.prepare("insert into samples values (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  const all = database.transaction((records: readonly BankRecord[]) => {
    for (const { prompt, text, answer, sample, scores, grades } of records)
      insert.run(
        prompt,
        text,
        answer,
        sample!.seed,
        sample!.usage!.inputTokens,
        sample!.usage!.outputTokens,
        scores![0]!.value,
        JSON.stringify(scores![0]!.steps),
        grades![0]!.correct ? 1 : 0,
      );
  });
  return { insert: all, close: () => database.close() };
}

const total = Number(process.argv[2] ?? 1_000_000);
const problems = Math.ceil(total / PER_PROBLEM);
const folder = mkdtempSync(path.join(tmpdir(), "bedacht-bench-"));
const peak = () => `${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB at most`;
try {
  const bank = await openBank(path.join(folder, "bank.db"));
  const rows = plain(path.join(folder, "plain.db"));
  let [ours, theirs, count] = [0, 0, 0];
  for (let first = 0; first < problems; first += BATCH) {
    const records = Array.from({ length: Math.min(BATCH, problems - first) }, (_, index) =>
      samplesOf(first + index, PER_PROBLEM),
    ).flat();
    count += records.length;
    const start = performance.now();
    await bank.append(records);
    const middle = performance.now();
    rows.insert(records);
    ours += middle - start;
    theirs += performance.now() - middle;
  }
  rows.close();
  const rate = (ms: number) => ((1000 * count) / ms).toFixed(0);
  const size = (statSync(path.join(folder, "bank.db")).size / 2 ** 20).toFixed(0);
  console.log(`${count} samples of ${problems} problems; the bank takes ${size} MiB`);
  console.log(`insert: ${rate(ours)} samples/s, with text, score and grade; ${peak()}`);
  console.log(`plain rows in the same run: ${rate(theirs)} rows/s, ratio ${(ours / theirs).toFixed(2)}`);
  for (const subsets of [1, 20]) {
    const start = performance.now();
    const result = await replay({ bank, plans: PLANS, n: NS, subsets });
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(
      `replay: ${PLANS.length} strategies at ${NS.length} values of N on ${result.samples} samples, subsets of each ${subsets}: ${seconds} s; ${peak()}`,
    );
  }
  await bank.close();
} finally {
  rmSync(folder, { recursive: true });
}
