/**
 * The compute-optimal table from a bank of recorded samples, cross-validated, against weighted best-of-N: bins by
 * oracle difficulty (a ceiling), by predicted difficulty that nobody pays, and by difficulty predicted from 2, 4 or 8
 * samples that every problem pays for. Twice: a budget is generations, or total FLOPs with verifier and prompts.
 *
 * node experiments/policy/table.ts --bank BANK --problems FILE... [options]
 *
 * Options: --most 256 samples of a plan, --oracle-samples 512 that the oracle needs, --probes 8 per problem, --orders 8
 * of the samples per probe, --bins 5, --absolute (bins of 50 and 10% instead; by mean scores for predictions),
 * --least 0 (share of the budget that a plan takes at least; the paper's take all, 0.5 leaves room for bins that cost
 * more), --clusters problem (or template: what folds keep together and intervals draw), --resamples 10000, --seed 1.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { progress } from "../../scripts/progress.ts";
import { openExisting } from "../../src/cli/replay.ts";
import { chooseSources } from "../../src/lab/choosing.ts";
import { embeddedPath } from "../../src/models/embedded.ts";
import { ggufFacts, readGgufHeader } from "../../src/models/gguf/index.ts";
import { absoluteBins, quantileBins } from "../../src/policy/index.ts";
import { rng } from "../../src/random.ts";
import { type Problem, UsageError } from "../../src/types.ts";
import { printDifficulty } from "./difficulties.ts";
import { type Row, rowsOf } from "./plans.ts";
import { printTables } from "./tables.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    bank: { type: "string" },
    problems: { type: "string", multiple: true },
    most: { type: "string", default: "256" },
    "oracle-samples": { type: "string", default: "512" },
    probes: { type: "string", default: "8" },
    orders: { type: "string", default: "8" },
    bins: { type: "string", default: "5" },
    absolute: { type: "boolean", default: false },
    least: { type: "string", default: "0" },
    clusters: { type: "string", default: "problem" },
    resamples: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
  },
});
const most = Number(values.most);
const random = rng(Number(values.seed));
/** 1, 2, 3, 4, 6, 8, 12, ...: between the budgets too, for bins whose samples cost more than others. */
const sizes = Array.from({ length: Math.log2(most) + 1 }, (_, power) => 2 ** power)
  .flatMap((size) => (size < 2 ? [size] : [size, 1.5 * size]))
  .filter((size) => size <= most);

/** The rows of all problems, in the order of the bank. */
async function readRows(place: string, problems: readonly Problem[]): Promise<readonly Row[]> {
  const bank = await openExisting(place);
  try {
    const needs = { samples: true, greedy: true, scores: true };
    const sources = chooseSources(await bank.contents(), { needs });
    const byPrompt = new Map(problems.map((problem) => [problem.prompt.trim(), problem]));
    const [generator, verifier] = (["pico-s", "pico-prm"] as const).map(
      (name) => ggufFacts(readGgufHeader(embeddedPath(name))).shape,
    );
    const shapes = { generator: generator!, verifier: verifier! };
    const shown = progress(problems.length, "problems");
    const rows: Row[] = [];
    let left = 0;
    for await (const { id, text } of bank.prompts()) {
      const problem = byPrompt.get(text.trim());
      if (problem === undefined) continue;
      const samples = await bank.drawn(id, {
        settings: sources.settings,
        verifier: sources.verifier,
        whole: true,
      });
      const [greedy] = await bank.drawn(id, { settings: sources.greedy, whole: true });
      const drawing = {
        probes: Number(values.probes),
        orders: Number(values.orders),
        sizes,
        random: random.split("rows", text),
      };
      const own = rowsOf(problem, samples, greedy, shapes, drawing, Number(values["oracle-samples"]));
      if (own === undefined || greedy === undefined) left += 1;
      else rows.push(...own);
      shown.step();
    }
    if (left > 0)
      console.log(
        `${left} problems were left out: they lack ${most} samples, one at temperature 0, scores or an answer.`,
      );
    return rows;
  } finally {
    await bank.close();
  }
}

async function main(files: readonly string[]): Promise<void> {
  if (values.bank === undefined || files.length === 0)
    throw new UsageError("Say where the samples and the problems are: --bank BANK --problems FILE...");
  const problems = files.flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => JSON.parse(line) as Problem),
  );
  const families = Map.groupBy(problems, ({ family }) => family ?? "problems");
  for (const [family, own] of families) {
    const rows = await readRows(values.bank, own);
    if (rows.length === 0)
      throw new UsageError(`The bank has no samples of the problems of ${family} in ${files}.`);
    const count = rows.length / Number(values.probes);
    const levels = [...new Set(rows.map(({ problem }) => problem.level))].join(", ");
    const binning = values.absolute ? absoluteBins() : quantileBins(Number(values.bins));
    console.log(`\n# ${family}: ${count} problems of levels ${levels}, each with ${values.probes} probes\n`);
    printDifficulty(rows, binning, random.split("difficulty", family));
    printTables(rows, binning, {
      budgets: sizes.filter((size) => Number.isInteger(Math.log2(size))),
      least: Number(values.least),
      byTemplate: values.clusters === "template",
      resamples: Number(values.resamples),
      random: random.split("tables", family),
    });
  }
}

await main([...(values.problems ?? []), ...positionals]).catch((error: unknown) => {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
});
