import path from "node:path";
import { openBank } from "../lab/bank.ts";
import type { Experiment } from "../lab/experiment.ts";
import { type GridPlan, gridOf } from "../lab/grid.ts";
import { readExperiment } from "../lab/reading-experiment.ts";
import { problemsOf, survey } from "../lab/sources.ts";
import { openSweep, type Sweep, type SweepEnd } from "../lab/sweep.ts";
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
  readonly prices?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly quiet?: boolean;
}

/** `bedacht sweep`: runs what is missing of an experiment, and prints a table of its plans. */
export async function sweepCommand(file: string, flags: SweepFlags): Promise<void> {
  const experiment = await readExperiment(file);
  const folder = path.dirname(file);
  const plans = gridOf(experiment, {
    maxTokensOf: (generator) => (parseGenerator(generator).kind === "embedded" ? PICO_MAX_TOKENS : undefined),
    only: flags.only?.split(";").map((label) => label.trim()),
  });
  const { examples } = await survey(experiment.problems, folder);
  const choices = choicesOf(plans, examples);
  const prices = pricesOf(flags);
  const tell = (message: string) => {
    if (!flags.quiet) aside(`${message}\n`);
  };
  const bank = await openBank(flags.bank ?? path.join(folder, `${experiment.name}.db`));
  try {
    const sweep = await openSweep({
      problems: () => problemsOf(experiment.problems, folder),
      plans,
      seeds: experiment.seeds ?? [1],
      bank,
      openLane: () => openLane(choices, tell),
      lanes: flags.workers,
      ...(experiment.budget && { budget: experiment.budget }),
      prices,
    });
    try {
      tell(expectation(experiment, sweep.stock, bank.place));
      if (flags.dryRun) return;
      const end = await runSweep(experiment, sweep, flags);
      await report(plans, sweep, flags);
      conclude(end);
    } finally {
      await sweep.close();
    }
  } finally {
    await bank.close();
  }
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

async function report(plans: readonly GridPlan[], sweep: Sweep, { json, csv }: SweepFlags): Promise<void> {
  const rows = await tabulate(plans, sweep.cells());
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
