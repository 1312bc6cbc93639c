/**
 * `npm run compare`: every strategy on the same fresh test problems with the embedded models, at equal generator
 * generations (N = 4, 16, 64) and at the total FLOPs that weighted best-of-N takes there, verifier and prompts
 * included. Prints tables, writes CSV and plots.
 *
 * Options: --chain 1-8 --countdown 1-6 (levels, "none" leaves a family out), --count 10 problems per level,
 * --seed 20261124, --most 64 (128: searches get that size too, and reach equal FLOPs more often), --only "a;b"
 * (labels), --work FILE (finished cells), --out FOLDER, --report (what is there already, nothing is run).
 *
 * Every finished (problem, strategy, N) is on disk at once; after Ctrl-C the same command goes on. Strategies
 * that draw independent samples share them, each paying for all that it uses.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { progress } from "../scripts/progress.ts";
import { generateProblems } from "../src/problems/index.ts";
import { type Problem, UsageError } from "../src/types.ts";
import { appendCells, type Cell, cellKey, readCells } from "./compare/cells.ts";
import { type Contender, contenders, withoutSize } from "./compare/contenders.ts";
import { completeProblems, gapClosed, ruleMisses, type Table, tableOf } from "./compare/figures.ts";
import { type Lane, openLane, type Work } from "./compare/lane.ts";
import { plotTables } from "./compare/plot.ts";
import { formatGap, formatTable, toCsv } from "./compare/report.ts";

const LANES = 2;
/** Small searches of several problems run together, as long as every sequence keeps its KV state. */
const MOST_AT_ONCE = 4;
const SEQUENCES = 64;
/** Problems per level that are finished by all strategies before the next ones: an early end compares fairly. */
const BLOCK = 2;

const { values } = parseArgs({
  options: {
    chain: { type: "string", default: "1-8" },
    countdown: { type: "string", default: "1-6" },
    count: { type: "string", default: "10" },
    seed: { type: "string", default: "20261124" },
    most: { type: "string", default: "64" },
    only: { type: "string" },
    work: { type: "string", default: "experiments/compare/cells.jsonl" },
    out: { type: "string", default: "experiments/compare" },
    report: { type: "boolean", default: false },
  },
});
const count = Number(values.count);
const FAMILIES = ["chain", "countdown"] as const;

/** The problems of every level, in blocks. */
function blocks(): Problem[][] {
  const levels = FAMILIES.flatMap((family) => {
    if (values[family] === "none") return [];
    const [low = 1, high = low] = values[family].split("-").map(Number);
    return Array.from({ length: high - low + 1 }, (_, index) => {
      const options = { family, level: low + index, count, seed: Number(values.seed) };
      return [...generateProblems(options)];
    });
  });
  return Array.from({ length: Math.ceil(count / BLOCK) }, (_, block) =>
    levels.flatMap((problems) => problems.slice(block * BLOCK, (block + 1) * BLOCK)),
  );
}

/**
 * What is still to be run: samples of a problem together, then one search after the other over all problems, the
 * largest first, so that a search finds next to nothing of an earlier one on the same problem in the KV cache.
 */
function workOf(
  block: readonly Problem[],
  all: readonly Contender[],
  done: ReadonlyMap<string, Cell>,
): Work[] {
  const open = (problem: Problem, { label, sizes }: Contender) =>
    sizes.filter((n) => !done.has(cellKey({ problem: problem.id, label, n })));
  const samples = block.map((problem) => ({
    problem,
    cells: all
      .filter(({ shared }) => shared)
      .flatMap((contender) => open(problem, contender).map((n) => ({ contender, n })))
      .sort((a, b) => b.n - a.n),
  }));
  const searches = all
    .filter(({ shared }) => !shared)
    .flatMap((contender) =>
      [...contender.sizes]
        .reverse()
        .flatMap((n) =>
          block
            .filter((problem) => open(problem, contender).includes(n))
            .map((problem) => ({ problem, cells: [{ contender, n }] })),
        ),
    );
  return [...samples, ...searches].filter(({ cells }) => cells.length > 0);
}

/** Samples' worth of work: the largest of those that share their samples, and the only one of the others. */
const weightOf = ({ cells }: Work) => Math.max(...cells.map(({ n }) => n));

/** Runs all that is missing, on both lanes; returns why contenders were left out. */
async function runAll(
  lanes: readonly Lane[],
  works: readonly Work[],
  done: Map<string, Cell>,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const refusals = new Map<string, string>();
  const shown = progress(
    works.reduce((sum, work) => sum + weightOf(work), 0),
    "generations",
  );
  const one = async (lane: Lane, work: Work) => {
    const cells = work.cells.filter(({ contender }) => !refusals.has(contender.label));
    try {
      const finished = await lane.run({ ...work, cells }, 1, signal);
      if (finished.length > 0) appendCells(values.work, finished);
      for (const cell of finished) done.set(cellKey(cell), cell);
    } catch (error) {
      if (!(error instanceof UsageError) || cells.length > 1) throw error;
      refusals.set(cells[0]!.contender.label, error.message);
    }
    shown.step(weightOf(work));
  };
  const left = [...works];
  const drive = async (lane: Lane) => {
    while (left.length > 0 && !signal.aborted) {
      const weight = weightOf(left[0]!);
      const room = Math.min(MOST_AT_ONCE, Math.max(1, Math.floor(SEQUENCES / weight)));
      const other = left.findIndex((work) => weightOf(work) !== weight);
      const taken = left.splice(0, other < 0 ? room : Math.min(room, other));
      await Promise.all(taken.map((work) => one(lane, work)));
    }
  };
  await Promise.all(lanes.map(drive));
  return refusals;
}

/** Prints and writes everything about the problems that are complete. */
function report(
  done: ReadonlyMap<string, Cell>,
  problems: readonly Problem[],
  all: readonly Contender[],
): void {
  const tables: Table[] = [];
  mkdirSync(values.out, { recursive: true });
  for (const family of FAMILIES) {
    const own = problems.filter((problem) => problem.family === family);
    const complete = new Set(
      completeProblems(
        done,
        own.map(({ id }) => id),
        all,
      ),
    );
    if (complete.size === 0) continue;
    const levels = Map.groupBy(
      own.filter(({ id }) => complete.has(id)),
      ({ level }) => level,
    );
    const groups = [...levels, [undefined, own.filter(({ id }) => complete.has(id))] as const].map(
      ([level, group]) => tableOf(done, { family, level, problems: group.map(({ id }) => id) }, all),
    );
    for (const table of groups) console.log(formatTable(table));
    console.log(`${formatGap(family, gapClosed(done, [...complete], all))}\n`);
    writeFileSync(path.join(values.out, `${family}.svg`), plotTables(groups));
    tables.push(...groups);
    if (family === "countdown") assertRule(done, [...complete], all);
  }
  writeFileSync(path.join(values.out, "compare.csv"), toCsv(tables, all));
}

/** With the exact rule, best-of-N must be right exactly where a sample is. */
function assertRule(
  done: ReadonlyMap<string, Cell>,
  problems: readonly string[],
  all: readonly Contender[],
): void {
  const exact = all.find(({ verifier }) => verifier === "exact");
  if (exact === undefined) return;
  const misses = ruleMisses(done, problems, exact);
  if (misses.length > 0) throw new Error(`The exact rule misses pass@N: ${misses.join(", ")}.`);
  console.log(`countdown: best-of-N by the exact rule is pass@N on all ${problems.length} problems.\n`);
}

const lanes = await Promise.all(Array.from({ length: LANES }, openLane));
const interrupt = new AbortController();
process.once("SIGINT", () => interrupt.abort());
try {
  const done = readCells(values.work, lanes[0]!.models);
  const only = values.only?.split(";");
  const all = contenders(Number(values.most)).filter(({ label }) => only?.includes(label) ?? true);
  const problems = blocks();
  if (!values.report) {
    const works = problems.flatMap((block) => workOf(block, all, done));
    const refusals = await runAll(lanes, works, done, interrupt.signal);
    for (const [label, sentence] of refusals) console.log(`Left out: ${label}. ${sentence}`);
  }
  for (const name of withoutSize()) console.log(`Left out: ${name}. It has no number of generations to set.`);
  const ran = new Set([...done.values()].map(({ label }) => label));
  report(
    done,
    problems.flat(),
    all.filter(({ label }) => ran.has(label)),
  );
  if (interrupt.signal.aborted) console.log("Stopped early: the same command goes on from here.");
} finally {
  await Promise.all(lanes.map((lane) => lane.close()));
}
