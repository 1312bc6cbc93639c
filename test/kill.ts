import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Rng } from "../src/random.ts";
import { killTrial, lasting } from "./kill-trial.ts";

/** What came of trials; everything but `trials`, `kills` and the repeats must be empty. */
export interface Kills {
  readonly trials: number;
  /** Each kill of a process counts once for every trial that it interrupted. */
  readonly kills: number;
  /** Calls in flight at a kill, sent again. */
  readonly repeats: number;
  /** Of these, calls that the server had answered, but whose answer was not yet on disk. */
  readonly answeredRepeats: number;
  /** Completed calls, on disk, that were sent again: none, ever. */
  readonly boughtTwice: readonly string[];
  /** Trials that ended otherwise than undisturbed: none, ever. */
  readonly changed: readonly string[];
}

/** In memory where there is such a place: a kill loses nothing that the system has, so no disk is on trial. */
const root = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
/** Compiled sources, which make a process start three times faster. */
const compiled = join(tmpdir(), "bedacht-compiled");
const child = new URL("./kill-trial.ts", import.meta.url).pathname;

/** Kills a process some milliseconds after its so-manieth dot, or right after its start; says how it ended. */
function killAfter(process: ChildProcess, dots: number, ms: number): Promise<"killed" | number> {
  return new Promise((resolve) => {
    let seen = 0;
    let timer: NodeJS.Timeout | undefined;
    const kill = () => {
      timer ??= setTimeout(() => process.kill("SIGKILL"), ms);
    };
    if (dots === 0) kill();
    process.stdout!.on("data", (chunk: Buffer) => {
      seen += chunk.length;
      if (seen >= dots) kill();
    });
    process.once("exit", (code) => {
      clearTimeout(timer);
      resolve(code ?? "killed");
    });
  });
}

/** Positions whose result is on disk, read from a copy so that the journal stays as the kill left it. */
function answered(journal: string, folder: string): Set<string> {
  if (!existsSync(journal)) return new Set();
  const copy = join(folder, "copy.db");
  for (const end of ["", "-wal"]) {
    rmSync(copy + end, { force: true });
    if (existsSync(journal + end)) copyFileSync(journal + end, copy + end);
  }
  const database = new Database(copy);
  try {
    const exists = database.prepare("select 1 from sqlite_master where name = 'calls'").get();
    if (!exists) return new Set();
    const rows = database
      .prepare(
        "select position from calls where event = 'begun' and key in (select key from calls where event = 'answered')",
      )
      .pluck()
      .all();
    return new Set(rows as string[]);
  } finally {
    database.close();
  }
}

/** Runs a batch of trials in one process, killed and started again until all are done. */
export async function killBatch(seeds: readonly number[], random: Rng): Promise<Kills> {
  const folder = mkdtempSync(join(root, "bedacht-kill-"));
  const onDisk = new Map(seeds.map((seed) => [seed, new Map<number, Set<string>>()]));
  let kills = 0;
  try {
    for (let run = 0; ; run += 1) {
      for (const seed of seeds) onDisk.get(seed)!.set(run, answered(join(folder, `${seed}.db`), folder));
      const started = spawn(process.execPath, [child, folder, String(run), ...seeds.map(String)], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, NODE_COMPILE_CACHE: compiled },
      });
      const anywhere = random.next() < 0.1;
      const how = anywhere
        ? await killAfter(started, 0, random.int(0, 500))
        : await killAfter(started, random.int(1, 12 * seeds.length), random.int(0, 8));
      if (how === 0) break;
      if (how !== "killed") throw new Error(`The process of seeds ${seeds} ended with ${how}.`);
      kills += seeds.filter((seed) => !existsSync(join(folder, `${seed}.json`))).length;
    }
    return { kills, ...(await judge(seeds, folder, onDisk)) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function judge(
  seeds: readonly number[],
  folder: string,
  onDisk: ReadonlyMap<number, ReadonlyMap<number, ReadonlySet<string>>>,
): Promise<Omit<Kills, "kills">> {
  const boughtTwice: string[] = [];
  const changed: string[] = [];
  let repeats = 0;
  let answeredRepeats = 0;
  for (const seed of seeds) {
    const startedIn = new Map<string, string>();
    const ended = new Set<string>();
    for (const line of readFileSync(join(folder, `${seed}.log`), "utf8")
      .trim()
      .split("\n")) {
      const [run, event, position] = line.split(" ") as [string, string, string];
      if (event === "end") ended.add(position);
      else if (startedIn.get(position) !== run) {
        if (onDisk.get(seed)!.get(Number(run))!.has(position)) boughtTwice.push(`${seed}: ${position}`);
        if (startedIn.has(position)) repeats += 1;
        if (ended.has(position)) answeredRepeats += 1;
        startedIn.set(position, run);
      }
    }
    const disturbed = readFileSync(join(folder, `${seed}.json`), "utf8");
    const undisturbed = lasting(await killTrial(seed));
    if (disturbed !== undisturbed) changed.push(`${seed}:\n${undisturbed}\n${disturbed}`);
  }
  return {
    trials: seeds.length,
    repeats,
    answeredRepeats,
    boughtTwice,
    changed,
  };
}
