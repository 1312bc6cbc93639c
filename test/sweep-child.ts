import { appendFileSync, writeSync } from "node:fs";
import { openBank } from "../src/lab/bank.ts";
import { openSweep } from "../src/lab/sweep.ts";
import { rng } from "../src/random.ts";
import { drawGrid, problemsTo, scriptedLane } from "./sweep-world.ts";

/** A process that sweeps until it is done or killed: its log says what the models serve, its output is a dot each. */
const [, , place, log, run, trial, count] = process.argv as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];
const pace = (position: string, attempt: number) => rng(run).split(position, attempt).int(0, 6);
const bank = await openBank(place);
const sweep = await openSweep({
  problems: () => problemsTo(Number(count)),
  plans: drawGrid(rng("torture").split(Number(trial))),
  seeds: [1],
  bank,
  openLane: () =>
    scriptedLane({
      pace,
      log(served) {
        appendFileSync(log, `${JSON.stringify({ run, ...served })}\n`);
        writeSync(1, ".");
      },
    }),
});
const { stop } = await sweep.run();
await sweep.close();
await bank.close();
process.exitCode = stop === "done" ? 0 : 1;
