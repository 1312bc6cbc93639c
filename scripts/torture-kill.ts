/**
 * Kills searches with SIGKILL at random moments and resumes them from their journals, in volume:
 * `npm run torture:kill -- [COUNT]` on the scripted model, `npm run torture:kill -- --pico [COUNT]` on pico.
 */
import { rng } from "../src/random.ts";
import { type Kills, killBatch } from "../test/kill.ts";
import { picoTrial } from "../test/kill-pico.ts";
import { progress } from "./progress.ts";

const pico = process.argv.includes("--pico");
const [asked] = process.argv.slice(2).filter((word) => word !== "--pico");
const count = Number(asked ?? (pico ? 20 : 1000));
const size = pico ? 1 : 50;

const total = { trials: 0, kills: 0, repeats: 0, answeredRepeats: 0 };
const failures: string[] = [];
const shown = progress(count, "trials");
for (let first = 1; first <= count; first += size) {
  const seeds = Array.from({ length: Math.min(size, count - first + 1) }, (_, i) => first + i);
  const random = rng("torture").split(first);
  const result: Kills = pico ? await picoTrial(first, random) : await killBatch(seeds, random);
  for (const key of ["trials", "kills", "repeats", "answeredRepeats"] as const) total[key] += result[key];
  for (const call of result.boughtTwice) failures.push(`bought twice: ${call}`);
  for (const trial of result.changed) failures.push(`ended otherwise: ${trial}`);
  shown.step(seeds.length);
}
for (const failure of failures.slice(0, 5)) console.log(failure);
console.log(
  `${total.trials} trials, ${total.kills} times killed and resumed, in ${shown.seconds().toFixed(0)} s. ` +
    `Calls in flight at a kill and sent again: ${total.repeats}` +
    (pico ? "." : `, ${total.answeredRepeats} of them answered in the moment of the kill.`),
);
console.log(
  failures.length === 0
    ? "Every answer and receipt as undisturbed, no completed call bought twice."
    : `${failures.length} failures.`,
);
process.exitCode = failures.length === 0 ? 0 : 1;
