import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBank } from "../src/lab/bank.ts";
import { gridOf } from "../src/lab/grid.ts";
import { openSweep } from "../src/lab/sweep.ts";
import { tabulate } from "../src/lab/tabulating.ts";
import { problemsTo, scriptedLane } from "./sweep-world.ts";

/** A process that sweeps so many cells and prints the most memory that it took, in bytes. */
const cells = Number(process.argv[2]);
const root = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const folder = mkdtempSync(join(root, "bedacht-sweep-memory-"));
try {
  const plans = gridOf({
    name: "memory",
    problems: [],
    generator: "scripted",
    plans: [
      { strategy: "majority", params: { n: [1, 2, 3, 4] } },
      { strategy: "weighted-best-of-n", params: { n: [1, 2, 3, 4] }, verifier: "judge" },
      { strategy: "beam", params: { n: [2, 4], width: 2 }, verifier: "judge" },
    ],
    maxTokens: 20,
  });
  const start = performance.now();
  const bank = await openBank(join(folder, "bank.db"));
  const problems = () => problemsTo(cells / plans.length);
  const sweep = await openSweep({ problems, plans, seeds: [1], bank, openLane: () => scriptedLane() });
  await sweep.run();
  const rows = await tabulate(plans, sweep.cells());
  await sweep.close();
  await bank.close();
  if (rows.some((row) => row.cells !== cells / plans.length)) throw new Error("Cells are missing.");
  const peak = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ peak, seconds: (performance.now() - start) / 1000 }));
} finally {
  rmSync(folder, { recursive: true });
}
