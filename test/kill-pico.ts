import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Rng } from "../src/random.ts";
import type { Result } from "../src/types.ts";
import type { Kills } from "./kill.ts";
import { lasting } from "./kill-trial.ts";

const prm = new URL("../pico/pico-prm.gguf", import.meta.url).pathname;
const cli = new URL("../src/cli/main.ts", import.meta.url).pathname;

const prompts = [
  "Use 3, 5, 7 and 12 with + - * / to make 24. Use every number once.",
  "Use 2, 6 and 9 with + - * / to make 21. Use every number once.",
  "Use 1, 4, 8 and 11 with + - * / to make 24. Use every number once.",
];

/** When to kill: some milliseconds after a file has grown by some bytes. */
interface Patience {
  readonly file: string;
  readonly bytes: number;
  readonly ms: number;
}

const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** Runs the command line; its output, or `undefined` when it was killed. */
function command(args: readonly string[], patience?: Patience): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      errors += chunk;
    });
    const before = patience ? sizeOf(patience.file) : 0;
    const watch = setInterval(() => {
      if (!patience || sizeOf(patience.file) < before + patience.bytes) return;
      clearInterval(watch);
      setTimeout(() => child.kill("SIGKILL"), patience.ms);
    }, 3);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearInterval(watch);
      if (signal === "SIGKILL") resolve(undefined);
      else if (code === 0) resolve(output);
      else reject(new Error(`bedacht ${args.join(" ")} ended with ${code}: ${errors}`));
    });
  });
}

/** Reads a journal: calls begun again after their result was on disk, and calls begun more than once. */
function record(journal: string): { twice: string[]; repeats: number } {
  const database = new Database(journal, { readonly: true });
  const twice = database
    .prepare(
      "select again.position from calls again join calls first using (key) where again.event = 'begun' and first.event = 'answered' and again.id > first.id",
    )
    .pluck()
    .all() as string[];
  const repeats = database
    .prepare("select count(*) - count(distinct key) from calls where event = 'begun'")
    .pluck()
    .get() as number;
  database.close();
  return { twice, repeats };
}

/** One search of pico on the command line: undisturbed, and killed up to five times. */
export async function picoTrial(seed: number, random: Rng): Promise<Kills> {
  const folder = mkdtempSync(join(tmpdir(), "bedacht-kill-"));
  try {
    const journal = join(folder, "run.db");
    const strategy = random.pick(["majority", "best-of-n", "weighted-best-of-n", "beam"]);
    const verifier = existsSync(prm) ? "pico" : "rule";
    const search = ["--strategy", strategy, "--n", "64", "--verifier", verifier, "--seed", String(seed)];
    const args = ["solve", random.pick(prompts), ...search];
    const undisturbed = await command([...args, "--json"]);
    let kills = 0;
    let disturbed: string | undefined;
    while (disturbed === undefined) {
      const patience = { file: `${journal}-wal`, bytes: random.int(1, 300_000), ms: random.int(0, 100) };
      const again = [...args, "--json", "--journal", journal];
      disturbed = await command(again, kills < 5 ? patience : undefined);
      if (disturbed === undefined) kills += 1;
    }
    // A new process has to evaluate the prompt again, and its receipt says so.
    const [expected, got] = [undisturbed!, disturbed].map((line) =>
      lasting(JSON.parse(line) as Result, ["cachedTokens", "flops"]),
    );
    const { twice, repeats } = record(journal);
    return {
      trials: 1,
      kills,
      repeats,
      answeredRepeats: 0,
      boughtTwice: twice.map((position) => `${seed}: ${position}`),
      changed: expected === got ? [] : [`${seed} (${strategy}):\n${expected}\n${got}`],
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
