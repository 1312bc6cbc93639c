/** Runs random fault schedules in volume: `npm run torture:faults -- [COUNT] [FIRST_SEED]`. */
import { faultSchedule } from "../test/faults.ts";
import { progress } from "./progress.ts";

const [count = 10_000, firstSeed = 1] = process.argv.slice(2).map(Number);
const unhandled: unknown[] = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));

const totals = { calls: 0, refused: 0, retries: 0, lost: 0, overrunTokens: 0, tooSmall: 0 };
const failures: string[] = [];
const shown = progress(count, "schedules");
for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
  try {
    const { broken, receipt } = await faultSchedule(seed);
    for (const law of broken) failures.push(`seed ${seed}: broken: ${law}`);
    if (!receipt) totals.tooSmall += 1;
    totals.calls += receipt?.total.calls ?? 0;
    totals.refused += receipt?.refusedCalls ?? 0;
    totals.retries += receipt?.retries ?? 0;
    totals.lost += receipt?.lostCalls ?? 0;
    totals.overrunTokens += receipt?.overrunTokens ?? 0;
  } catch (error) {
    failures.push(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
  }
  shown.step();
}
for (const reason of unhandled) failures.push(`unhandled rejection: ${reason}`);
for (const failure of failures.slice(0, 20)) console.log(failure);
const counts = Object.entries(totals).map(([name, times]) => `${times} ${name}`);
console.log(`${count} schedules in ${shown.seconds().toFixed(1)} s: ${counts.join(", ")}`);
console.log(failures.length === 0 ? "No law broken." : `${failures.length} laws broken.`);
process.exitCode = failures.length === 0 ? 0 : 1;
