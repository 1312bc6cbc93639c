import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { openBank } from "../src/lab/bank.ts";
import { openSweep } from "../src/lab/sweep.ts";
import { type Rng, rng } from "../src/random.ts";
import { contentOf, drawGrid, problemsTo, type Served, scriptedLane } from "./sweep-world.ts";

/** What came of a sweep that was killed again and again; the last two must be empty. */
export interface SweepKills {
  readonly kills: number;
  readonly cells: number;
  readonly calls: number;
  /** Calls in flight at a kill, sent again. */
  readonly repeats: number;
  /** Completed calls, on disk, that were sent again. */
  readonly boughtTwice: readonly string[];
  /** Rows that differ from those of an unbroken sweep. */
  readonly changed: readonly string[];
}

/** In memory where there is such a place: a kill loses nothing that the system has, so no disk is on trial. */
const root = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const child = new URL("./sweep-child.ts", import.meta.url).pathname;
/** Compiled sources, which make a process start three times faster. */
const compiled = join(tmpdir(), "bedacht-compiled");

/** What is on disk: answered calls, finished cells and whole solutions. */
function onDisk(place: string, folder: string): ReadonlySet<string> {
  if (!existsSync(place)) return new Set();
  const copy = join(folder, "copy.db");
  for (const end of ["", "-wal"]) {
    rmSync(copy + end, { force: true });
    if (existsSync(place + end)) copyFileSync(place + end, copy + end);
  }
  const database = new Database(copy);
  try {
    if (database.prepare("select 1 from sqlite_master where name = 'calls'").get() === undefined)
      return new Set();
    const rows = database
      .prepare(
        `select 'call ' || begun.model || ' ' || key from calls begun where event = 'begun'
           and exists (select 1 from calls done where done.cell = begun.cell and done.key = begun.key
             and done.event = 'answered')
         union select 'cell ' || label || ' ' || problem from cells
         union select 'whole ' || p.text || ' ' || seed || ' at ' || json_extract(params, '$.temperature') from samples m
           join prompts p on p.id = m.prompt join settings s on s.id = m.setting`,
      )
      .pluck()
      .all() as string[];
    return new Set(rows);
  } finally {
    database.close();
  }
}

/** Runs the child and kills it some milliseconds after some dots; true when it was done before. */
function runChild(args: readonly string[], dots: number, ms: number): Promise<boolean> {
  const process_ = spawn(process.execPath, [child, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  });
  let seen = 0;
  let timer: NodeJS.Timeout | undefined;
  process_.stdout.on("data", (chunk: Buffer) => {
    seen += chunk.length;
    if (seen >= dots) timer ??= setTimeout(() => process_.kill("SIGKILL"), ms);
  });
  return new Promise((resolve, reject) => {
    process_.once("close", (code, signal) => {
      clearTimeout(timer);
      if (signal === "SIGKILL") resolve(false);
      else if (code === 0) resolve(true);
      else reject(new Error(`The sweep ended with ${code}.`));
    });
  });
}

/** Sweeps so many problems with a drawn grid, killed so often at random moments, then left alone until it is done. */
export async function tortureSweep(
  trial: number,
  {
    kills: most,
    problems,
    random,
  }: { readonly kills: number; readonly problems: number; readonly random: Rng },
): Promise<SweepKills> {
  const folder = mkdtempSync(join(root, "bedacht-sweep-"));
  try {
    const place = join(folder, "bank.db");
    const log = join(folder, "log");
    const unbroken = await sweepUnbroken(trial, problems, join(folder, "unbroken.db"));
    const before: ReadonlySet<string>[] = [];
    let kills = 0;
    for (;;) {
      before.push(onDisk(place, folder));
      const patience = kills < most ? random.int(1, Math.ceil((1.6 * unbroken.calls) / most)) : Infinity;
      const args = [place, log, String(before.length - 1), String(trial), String(problems)];
      if (await runChild(args, patience, random.int(0, 8))) break;
      kills += 1;
    }
    const content = contentOf(place);
    const [expected, got] = [new Set(unbroken.content), new Set(content)];
    return {
      kills,
      cells: content.filter((row) => row.startsWith('["cell"')).length,
      ...judge(log, before),
      changed: [
        ...unbroken.content.filter((row) => !got.has(row)).map((row) => `missing: ${row}`),
        ...content.filter((row) => !expected.has(row)).map((row) => `new: ${row}`),
        ...(content.length === unbroken.content.length ? [] : ["the numbers of rows differ"]),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function sweepUnbroken(trial: number, problems: number, place: string) {
  let calls = 0;
  const log = () => {
    calls += 1;
  };
  const bank = await openBank(place);
  const plans = drawGrid(rng("torture").split(trial));
  const openLane = () => scriptedLane({ log });
  const sweep = await openSweep({ problems: () => problemsTo(problems), plans, seeds: [1], bank, openLane });
  await sweep.run();
  await sweep.close();
  await bank.close();
  return { content: contentOf(place), calls };
}

/** Reads the log: a call that starts although it, its cell or its solution was on disk before that run. */
function judge(log: string, before: readonly ReadonlySet<string>[]) {
  const boughtTwice: string[] = [];
  const startedIn = new Map<string, string>();
  let calls = 0;
  let repeats = 0;
  for (const line of readFileSync(log, "utf8").trim().split("\n")) {
    const { run, event, plan, problem, key, whole } = JSON.parse(line) as Served & { readonly run: string };
    if (event === "end") {
      calls += 1;
      continue;
    }
    const known = before[Number(run)]!;
    const prompt = `How many, ${problem}?`;
    const names = [`call ${plan} ${key}`, `cell ${plan} ${problem}`, `whole ${prompt} ${whole}`];
    for (const name of names) if (known.has(name)) boughtTwice.push(`${name} in run ${run}`);
    const name = names[0]!;
    if (startedIn.has(name) && startedIn.get(name) !== run) repeats += 1;
    startedIn.set(name, run);
  }
  return { calls, repeats, boughtTwice };
}
