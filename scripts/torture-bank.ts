/**
 * Two processes write to one bank and are killed with SIGKILL at random moments, again and again:
 * `npm run torture:bank -- [ROUNDS]`. Nothing that was acknowledged may be missing, nothing may be there twice.
 */
import { rng } from "../src/random.ts";
import { tortureBank } from "../test/bank-torture.ts";
import { progress } from "./progress.ts";

/** Rounds on one bank. */
const SIZE = 10;

const rounds = Number(process.argv[2] ?? 200);
const total = { kills: 0, acknowledged: 0, samples: 0 };
const failures: string[] = [];
const shown = progress(rounds, "rounds");
for (let first = 0; first < rounds; first += SIZE) {
  const count = Math.min(SIZE, rounds - first);
  const result = await tortureBank(count, rng("torture").split(first));
  for (const key of ["kills", "acknowledged", "samples"] as const) total[key] += result[key];
  for (const one of result.lost) failures.push(`lost: ${one}`);
  for (const one of result.damage) failures.push(`damaged: ${one}`);
  shown.step(count);
}
for (const failure of failures.slice(0, 5)) console.log(failure);
console.log(
  `${rounds} rounds of two writers, ${total.kills} kills, in ${shown.seconds().toFixed(0)} s: ` +
    `${total.acknowledged} acknowledged batches of ${total.samples} samples.`,
);
console.log(
  failures.length === 0
    ? "Nothing acknowledged was lost, nothing is there twice."
    : `${failures.length} failures.`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
