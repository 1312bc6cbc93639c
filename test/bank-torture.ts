import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { openBank } from "../src/lab/index.ts";
import type { Rng } from "../src/random.ts";
import { samplesOf } from "./bank-records.ts";

/** What came of rounds of two writers, each killed at a random moment; `lost` and `damage` must be empty. */
export interface Torture {
  readonly rounds: number;
  readonly kills: number;
  /** Batches that a writer was told were on disk. */
  readonly acknowledged: number;
  /** Samples in them, of both writers. */
  readonly samples: number;
  /** Acknowledged samples that were not found again. */
  readonly lost: readonly string[];
  /** Duplicates, and what SQLite's own check says. */
  readonly damage: readonly string[];
}

const writer = new URL("./bank-writer.ts", import.meta.url).pathname;
const compiled = join(tmpdir(), "bedacht-compiled");

/** Runs a writer until it is killed, some milliseconds after its first lines; the batches it acknowledged. */
function runWriter(place: string, seed: string, lines: number, ms: number): Promise<readonly string[]> {
  const child: ChildProcess = spawn(process.execPath, [writer, place, seed], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  });
  let output = "";
  let complaint = "";
  let timer: NodeJS.Timeout | undefined;
  const kill = () => {
    timer ??= setTimeout(() => child.kill("SIGKILL"), ms);
  };
  if (lines === 0) kill();
  child.stderr!.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  child.stdout!.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    if (output.split("\n").length > lines) kill();
  });
  return new Promise((resolve, reject) => {
    child.once("close", (code) => {
      clearTimeout(timer);
      if (code !== null) reject(new Error(`The writer ended with ${code}: ${complaint}`));
      else resolve(output.split("\n").slice(0, -1));
    });
  });
}

/** Rounds on one bank: two writers at once, both killed, then everything that they were promised is looked up. */
export async function tortureBank(rounds: number, random: Rng): Promise<Torture> {
  const folder = mkdtempSync(join(tmpdir(), "bedacht-torture-"));
  const place = join(folder, "bank.db");
  const promised = new Set<string>();
  const lost: string[] = [];
  const damage: string[] = [];
  let acknowledged = 0;
  try {
    for (let round = 0; round < rounds; round += 1) {
      const writers = [0, 1].map((one) => {
        const own = random.split(round, one);
        // Now and then before anything is written: while the bank is opened, or made.
        const lines = own.next() < 0.15 ? 0 : own.int(1, 30);
        return runWriter(place, `${round}/${own.next()}`, lines, own.int(0, lines === 0 ? 600 : 30));
      });
      for (const line of (await Promise.all(writers)).flat()) {
        acknowledged += 1;
        promised.add(line);
      }
      for (const one of await missing(place, promised)) lost.push(one);
      damage.push(...check(place));
    }
    const samples = [...promised].reduce((sum, line) => sum + Number(line.split(" ")[2]), 0);
    return { rounds, kills: 2 * rounds, acknowledged, samples, lost, damage };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Promised samples that the bank does not have, or has with another text. */
async function missing(place: string, promised: ReadonlySet<string>): Promise<readonly string[]> {
  const bank = await openBank(place);
  const lost: string[] = [];
  try {
    for (const line of promised) {
      const [problem, first, count] = line.split(" ").map(Number) as [number, number, number];
      const records = samplesOf(problem, count, first);
      const { prompt, sample } = records[0]!;
      const seeds = records.map((record) => record.sample!.seed);
      const found = await bank.samples(sample!, prompt, seeds);
      const scores = await bank.scores(
        "made-up-prm/1",
        prompt,
        records.map(({ text }) => text),
      );
      for (const record of records) {
        const kept = found.get(record.sample!.seed);
        if (kept?.text !== record.text || !scores.has(record.text))
          lost.push(`${line}: ${record.sample!.seed}`);
      }
    }
    return lost;
  } finally {
    await bank.close();
  }
}

function check(place: string): readonly string[] {
  const database = new Database(place);
  try {
    const verdict = database.pragma("integrity_check(1)", { simple: true });
    const twice = database
      .prepare(
        `select 'text' from texts group by prompt, hash having count(*) > 1
         union all select 'prompt' from prompts group by hash having count(*) > 1
         union all select 'sample' from samples group by prompt, setting, seed having count(*) > 1
         union all select 'orphan' from samples where text not in (select id from texts)`,
      )
      .pluck()
      .all() as string[];
    return [...(verdict === "ok" ? [] : [String(verdict)]), ...twice];
  } finally {
    database.close();
  }
}
