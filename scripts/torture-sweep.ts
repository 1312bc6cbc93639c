/**
 * Sweeps by scripted models, killed with SIGKILL at random moments: `npm run torture:sweep -- [TRIALS]`, ten kills
 * each. Afterwards the bank must hold what an unbroken sweep leaves, and no completed call was bought twice.
 * `npm run torture:sweep -- --memory` instead runs 10,000 cells and 100,000 and prints the memory that each took.
 */
import { execFileSync } from "node:child_process";
import { rng } from "../src/random.ts";
import { tortureSweep } from "../test/sweep-torture.ts";
import { progress } from "./progress.ts";

const KILLS = 10;
const PROBLEMS = 12;
/** Growth of the peak that is still none: a collector takes its time. */
const MOST_GROWTH = 1.25;

function memory(): boolean {
  const script = new URL("../test/sweep-memory.ts", import.meta.url).pathname;
  const peaks = [10_000, 100_000].map((cells) => {
    const text = execFileSync(process.execPath, [script, String(cells)], { encoding: "utf8" });
    const { peak, seconds } = JSON.parse(text) as { peak: number; seconds: number };
    console.log(`${cells} cells in ${seconds.toFixed(0)} s: at most ${(peak / 2 ** 20).toFixed(0)} MiB.`);
    return peak;
  });
  return peaks[1]! < MOST_GROWTH * peaks[0]!;
}

async function torture(trials: number): Promise<boolean> {
  const total = { kills: 0, cells: 0, calls: 0, repeats: 0 };
  const failures: string[] = [];
  const shown = progress(trials, "sweeps");
  for (let trial = 1; trial <= trials; trial += 1) {
    const random = rng("torture sweep").split(trial);
    const result = await tortureSweep(trial, { kills: KILLS, problems: PROBLEMS, random });
    for (const key of ["kills", "cells", "calls", "repeats"] as const) total[key] += result[key];
    for (const one of result.boughtTwice) failures.push(`sweep ${trial} bought twice: ${one}`);
    for (const one of result.changed) failures.push(`sweep ${trial}, ${one}`);
    shown.step();
  }
  for (const failure of failures.slice(0, 5)) console.log(failure);
  console.log(
    `${trials} sweeps of ${total.cells} cells, ${total.kills} kills, in ${shown.seconds().toFixed(0)} s: ` +
      `${total.calls} completed calls, ${total.repeats} calls in flight at a kill were sent again.`,
  );
  console.log(
    failures.length === 0
      ? "Every bank as after an unbroken sweep, no completed call bought twice."
      : `${failures.length} failures.`,
  );
  return failures.length === 0;
}

const [asked] = process.argv.slice(2).filter((word) => word !== "--memory");
const fine = process.argv.includes("--memory") ? memory() : await torture(Number(asked ?? 10));
process.exitCode = fine ? 0 : 1;
