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

/** Seconds of a stopwatch, and of processor time: what remains when other programs keep the machine busy. */
interface Time {
  readonly wall: number;
  readonly cpu: number;
}

const now = (): Time => {
  const { user, system } = process.cpuUsage();
  return { wall: performance.now() / 1000, cpu: (user + system) / 1e6 };
};
const since = (start: Time, end = now()): Time => ({ wall: end.wall - start.wall, cpu: end.cpu - start.cpu });
const plus = (a: Time, b: Time): Time => ({ wall: a.wall + b.wall, cpu: a.cpu + b.cpu });

const total = Number(process.argv[2] ?? 1_000_000);
const problems = Math.ceil(total / PER_PROBLEM);
const folder = mkdtempSync(path.join(tmpdir(), "bedacht-bench-"));
const peak = () => `${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB at most`;
try {
  const bank = await openBank(path.join(folder, "bank.db"));
  const rows = plain(path.join(folder, "plain.db"));
  let [ours, theirs] = [since(now()), since(now())];
  let count = 0;
  for (let first = 0; first < problems; first += BATCH) {
    const records = Array.from({ length: Math.min(BATCH, problems - first) }, (_, index) =>
      samplesOf(first + index, PER_PROBLEM),
    ).flat();
    count += records.length;
    const start = now();
    await bank.append(records);
    const middle = now();
    rows.insert(records);
    ours = plus(ours, since(start, middle));
    theirs = plus(theirs, since(middle));
  }
  rows.close();
  const rate = ({ wall, cpu }: Time) =>
    `${(count / wall).toFixed(0)} a second, ${(count / cpu).toFixed(0)} a second of processor time`;
  const ratio = `${(ours.wall / theirs.wall).toFixed(2)}, ${(ours.cpu / theirs.cpu).toFixed(2)}`;
  await bank.close();
  const size = (statSync(path.join(folder, "bank.db")).size / 2 ** 20).toFixed(0);
  console.log(`${count} samples of ${problems} problems; the bank takes ${size} MiB`);
  console.log(`insert: samples with text, score and grade, ${rate(ours)}; ${peak()}`);
  console.log(`plain rows of the same content in the same run, ${rate(theirs)}; ratios ${ratio}`);
  const filled = await openBank(path.join(folder, "bank.db"));
  for (const subsets of [1, 20]) {
    const start = now();
    const result = await replay({ bank: filled, plans: PLANS, n: NS, subsets });
    const { wall, cpu } = since(start);
    console.log(
      `replay: ${PLANS.length} strategies at ${NS.length} values of N on ${result.samples} samples, subsets of each ${subsets}: ${wall.toFixed(1)} s, ${cpu.toFixed(1)} s of processor time; ${peak()}`,
    );
  }
  await filled.close();
} finally {
  rmSync(folder, { recursive: true });
}
