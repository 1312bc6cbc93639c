import { writeSync } from "node:fs";
import { openBank } from "../src/lab/index.ts";
import { rng } from "../src/random.ts";
import { samplesOf } from "./bank-records.ts";

/** Problems and samples that both writers of a torture write, so that they meet. */
const PROBLEMS = 20;
const SEEDS = 400;

/** A process that writes samples to a bank until it is killed, and says of each batch when it was acknowledged. */
const [, , place, seed] = process.argv as [string, string, string, string];
const bank = await openBank(place);
const random = rng(seed);
for (;;) {
  const batches = Array.from({ length: random.int(1, 3) }, () => ({
    problem: random.int(0, PROBLEMS - 1),
    first: random.int(0, SEEDS),
    count: random.int(1, 200),
  }));
  await Promise.all(
    batches.map(async ({ problem, first, count }) => {
      await bank.append(samplesOf(problem, count, first));
      writeSync(1, `${problem} ${first} ${count}\n`);
    }),
  );
}
