import path from "node:path";
import { openBank } from "../lab/bank.ts";
import type { SweepEnd } from "../lab/driving.ts";
import type { Experiment } from "../lab/experiment.ts";
import { choosePlans, gridOf } from "../lab/grid.ts";
import { readExperiment } from "../lab/reading-experiment.ts";
import { problemsOf, survey } from "../lab/sources.ts";
import { openSweep, type Sweep, type SweepOptions } from "../lab/sweep.ts";
import { tabulate } from "../lab/tabulating.ts";
import { aside, display, silent } from "./display.ts";
import { complain, EXIT } from "./exit.ts";
import { PICO_MAX_TOKENS, pricesOf } from "./flags.ts";
import { onInterrupt } from "./interrupt.ts";
import { choicesOf, openLane } from "./lanes.ts";
import { output } from "./output.ts";
import { parseGenerator } from "./specs.ts";
import { follow } from "./sweep-progress.ts";
import { csvOf, expectation, jsonOf, tableOf } from "./sweep-report.ts";

/** The options of `bedacht sweep`, as commander gives them. */
export interface SweepFlags {
  readonly bank?: string;
  readonly workers: number;
  readonly only?: string;
  readonly generator?: string;
  readonly verifier?: string;
  readonly prices?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly quiet?: boolean;
}

/** `bedacht sweep`: runs what is missing of an experiment, and prints a table of its plans. */
export async function sweepCommand(file: string, flags: SweepFlags): Promise<void> {
  const { generator, verifier } = flags;
  const experiment: Experiment = {
    ...(await readExperiment(file)),
    ...(generator !== undefined && { generator }),
    ...(verifier !== undefined && { verifier }),
  };
  const folder = path.dirname(file);
  const prepared = await prepare(experiment, folder, flags);
  const bank = await openBank(flags.bank ?? path.join(folder, `${experiment.name}.db`));
  try {
    const sweep = await openSweep({ ...prepared, bank });
    try {
      const expected = `${expectation(experiment, sweep.stock, bank.place)}\n`;
      if (flags.dryRun) return void (await output().write(expected));
      if (!flags.quiet) aside(expected);
      const end = await runSweep(experiment, sweep, flags);
      await report(sweep, flags);
      conclude(end);
    } finally {
      await sweep.close();
    }
  } finally {
    await bank.close();
  }
}

/** Checks the experiment against strategies, models and problems, before a bank is made or a model opened. */
async function prepare(
  experiment: Experiment,
  folder: string,
  flags: SweepFlags,
): Promise<Omit<SweepOptions, "bank">> {
  const { problems, seeds = [1], budget } = experiment;
  const plans = gridOf(experiment, {
    maxTokensOf: (generator) => (parseGenerator(generator).kind === "embedded" ? PICO_MAX_TOKENS : undefined),
  });
  const only = flags.only?.split(";").map((label) => label.trim());
  const chosen = new Set(only === undefined ? plans : choosePlans(plans, only));
  const choices = choicesOf(plans, await survey(problems, folder));
  const tell = (message: string) => {
    if (!flags.quiet) aside(`${message}\n`);
  };
  return {
    problems: () => problemsOf(problems, folder),
    plans,
    only: (plan) => chosen.has(plan),
    seeds,
    openLane: () => openLane(choices, tell),
    lanes: flags.workers,
    ...(budget && { budget }),
    prices: pricesOf(flags),
  };
}

async function runSweep(experiment: Experiment, sweep: Sweep, flags: SweepFlags): Promise<SweepEnd> {
  const interrupt = onInterrupt("stopping; what is paid for is kept, Ctrl-C again quits.");
  const following = follow(experiment, sweep, flags.workers);
  const shown = flags.quiet
    ? silent
    : display({ stream: process.stderr, rows: following.rows, line: following.line, lineEveryMs: 10_000 });
  try {
    return await sweep.run({ signal: interrupt.signal, onCell: following.onCell });
  } finally {
    shown.close();
    interrupt.release();
    if (!flags.quiet) aside(`${following.line()}\n`);
  }
}

async function report(sweep: Sweep, { json, csv }: SweepFlags): Promise<void> {
  const rows = await tabulate(
    sweep.stock.map(({ plan }) => plan),
    sweep.cells(),
  );
  await output().write(json ? jsonOf(rows) : csv ? csvOf(rows) : tableOf(rows));
}

/** Says why cells are missing, where some are. */
function conclude({ stop, lost, reason }: SweepEnd): void {
  const on = "the same command goes on from here";
  if (stop === "cancelled") complain(`stopped: ${on}.`);
  if (stop === "budget") complain(`the budget is used up: raise it in the experiment, and ${on}.`);
  if (stop === "deadline") complain(`the time is over: ${on}.`);
  if (lost > 0) complain(`${lost} cells lost calls and are not stored (${reason}): ${on}.`);
  if (stop !== "done") process.exitCode = stop === "budget" ? EXIT.budget : EXIT.failed;
}
