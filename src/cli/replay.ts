import { existsSync } from "node:fs";
import { isPostgres } from "../budget/database.ts";
import { type Bank, openBank, type Replay, type ReplayPlan, replay } from "../lab/index.ts";
import { parseLine } from "../problems/lines.ts";
import { isStrategy, strategies } from "../strategies/index.ts";
import { type Problem, UsageError } from "../types.ts";
import { AGGREGATIONS, type Aggregation } from "../verifiers/aggregate.ts";
import { parseCounts } from "./counts.ts";
import { aside, display, silent } from "./display.ts";
import { knobValue, readText } from "./flags.ts";
import { output } from "./output.ts";
import { aligned, percent } from "./table.ts";

/** The options of `bedacht replay`, as commander gives them. */
export interface ReplayFlags {
  readonly bank: string;
  readonly strategy: string;
  readonly n: string;
  readonly aggregation?: string;
  readonly set?: Readonly<Record<string, string>>;
  readonly subsets: number;
  readonly seed: number;
  readonly problems?: string;
  readonly setting?: string;
  readonly verifier?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly quiet?: boolean;
}

/** `bedacht replay`: accuracy of strategies at every N, from samples that are there already. */
export async function replayCommand(flags: ReplayFlags): Promise<void> {
  const plans = plansOf(flags);
  const n = parseCounts(flags.n);
  const problems = flags.problems === undefined ? undefined : readProblems(flags.problems);
  const settings = flags.setting === undefined ? undefined : parseCounts(flags.setting);
  const bank = await openExisting(flags.bank);
  let done = 0;
  const line = () => `${done} problems replayed`;
  const shown = flags.quiet
    ? silent
    : display({ stream: process.stderr, rows: () => [line()], line, lineEveryMs: 10_000 });
  const { subsets, seed, verifier } = flags;
  const options = { bank, plans, n, subsets, seed, problems, settings, verifier };
  const onProblem = () => {
    done += 1;
  };
  const result = await replay({ ...options, onProblem }).finally(async () => {
    shown.close();
    await bank.close();
  });
  const text = flags.json ? `${JSON.stringify(result)}\n` : flags.csv ? csv(result) : table(result);
  await output().write(text);
  if (result.unknown > 0) aside(`${result.unknown} problems have no samples in the bank.\n`);
  if (result.ungraded > 0) aside(`${result.ungraded} problems were left out: nobody knows what is right.\n`);
}

/** Opens a bank that is there. */
export async function openExisting(place: string): Promise<Bank> {
  if (!isPostgres(place) && !existsSync(place))
    throw new UsageError(
      `There is no bank ${place}: fill one with bedacht solve --bank or bedacht bank import.`,
    );
  return openBank(place);
}

function plansOf({ strategy, aggregation, set = {} }: ReplayFlags): readonly ReplayPlan[] {
  const aggregations = aggregation?.split(",").map((name) => name.trim()) ?? [undefined];
  const wrong = aggregations.find(
    (name) => name !== undefined && !AGGREGATIONS.includes(name as Aggregation),
  );
  if (wrong !== undefined)
    throw new UsageError(`The aggregation "${wrong}" is unknown: use ${AGGREGATIONS.join(", ")}.`);
  return strategy
    .split(",")
    .map((name) => name.trim())
    .flatMap((name) => {
      const params = Object.fromEntries(Object.entries(set).map(([knob, text]) => [knob, knobValue(text)]));
      const scored = isStrategy(name) && strategies[name].verifier === "whole";
      return (scored ? aggregations : [undefined]).map((one) => ({
        strategy: name,
        params,
        ...(one !== undefined && { aggregation: one as Aggregation }),
      }));
    });
}

/** The problems of a file; throws a `UsageError` for a line that is none. */
export function readProblems(path: string): readonly Problem[] {
  return readText(path, "problems in")
    .split("\n")
    .flatMap((text, index) => {
      if (text.trim() === "") return [];
      const line = parseLine(text, index + 1);
      if ("problem" in line) return [line.problem];
      throw new UsageError(`Line ${line.number} of ${path} is wrong: ${line.mistake}.`);
    });
}

const nameOf = ({ strategy, aggregation }: Replay["rows"][number]) =>
  aggregation === undefined ? strategy : `${strategy}:${aggregation}`;

function csv({ rows }: Replay): string {
  const head =
    "strategy,n,problems,accuracy,accuracy_low,accuracy_high,coverage,coverage_low,coverage_high,samples,tokens";
  const lines = rows.map((row) => {
    const estimates = [row.accuracy, row.coverage].flatMap(({ mean, low, high }) => [mean, low, high]);
    const numbers = [...estimates, row.samples, row.tokens].map((value) =>
      value === undefined ? "" : Number(value.toFixed(6)),
    );
    return [nameOf(row), row.n, row.problems, ...numbers].join(",");
  });
  return `${[head, ...lines].join("\n")}\n`;
}

function table({ rows, problems, samples }: Replay): string {
  const cells = rows.map((row) => [
    nameOf(row),
    String(row.n),
    percent(row.accuracy),
    percent(row.coverage),
    row.samples.toFixed(1),
    row.tokens === undefined ? "unknown" : row.tokens.toFixed(0),
    String(row.problems),
  ]);
  const head = ["strategy", "N", "accuracy %", "pass@N %", "samples", "tokens", "problems"];
  return `${aligned([head, ...cells])}\n${samples} samples of ${problems} problems, no new call; 95% intervals\n`;
}
