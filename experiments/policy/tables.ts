import {
  type Binning,
  type CrossValidated,
  charged,
  compareVersions,
  crossValidate,
  curveOf,
  learnedDifficulty,
  learnTable,
  type PlanCell,
  type PlanGrid,
  quantileBins,
} from "../../src/policy/index.ts";
import type { Rng } from "../../src/random.ts";
import { type BudgetRatio, budgetRatio, type Curve } from "../../src/stats/budget-ratio.ts";
import { featuresOf } from "./difficulties.ts";
import { PROBES, type Row } from "./plans.ts";

const UNITS = ["generations", "flops"] as const;
type Unit = (typeof UNITS)[number];
const BASELINE = "weighted-best-of-n:last";
/** Budgets of the baseline at whose accuracy budgets are compared. */
const COMPARED = [64, 256];

/** How to make tables. */
interface Making {
  /** Samples of the baseline that make a budget, rising. */
  readonly budgets: readonly number[];
  /** Least share of a budget that a plan costs. */
  readonly least: number;
  /** Whether folds keep templates together, and intervals draw them; else problems. */
  readonly byTemplate: boolean;
  readonly resamples: number;
  readonly random: Rng;
}

/** A way to know the difficulty. */
interface Version {
  readonly name: string;
  readonly result: CrossValidated;
  /** What its table is learned from on all problems, for show. */
  readonly cells: readonly PlanCell[];
  readonly estimates: ArrayLike<number>;
  readonly binning: Binning;
}

/**
 * Prints the cross-validated tables in generations, then in FLOPs. A last budget of twice the largest plan lets
 * problems that cost more than others, or that are probed, have that plan too.
 */
export function printTables(rows: readonly Row[], binning: Binning, making: Making): void {
  const sizes = [...making.budgets, 2 * making.budgets.at(-1)!];
  for (const unit of UNITS) {
    const baseline = baselineOf(rows, unit, making.budgets);
    const costs = baseline.cost.map(meanOf);
    const budgets = [...costs, 2 * costs.at(-1)!];
    const versions = versionsOf(rows, unit, budgets, binning, making);
    console.log(
      `\n## Budgets in ${unit === "flops" ? `FLOPs: those of ${BASELINE} of N, verifier and prompts included` : unit}\n`,
    );
    printAccuracies(versions, baseline, sizes, budgets);
    for (const version of versions) printPlans(version, { budgets, least: making.least }, sizes);
    printRatios(versions, baseline, rows, making);
  }
}

function meanOf(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

/** The cells of a unit; their `reused` is of the probe of that number. */
function cellsOf(rows: readonly Row[], unit: Unit, probe: number): readonly PlanCell[] {
  return rows[0]!.measured.map(({ plan, size }, place) => ({
    plan: `${plan} ${size}`,
    accuracy: Float64Array.from(rows, ({ measured }) => measured[place]!.accuracy),
    cost: Float64Array.from(rows, ({ measured }) => measured[place]![unit]),
    reused: Float64Array.from(rows, ({ measured }) => measured[place]!.reused[probe]![unit]),
  }));
}

function baselineOf(rows: readonly Row[], unit: Unit, budgets: readonly number[]): Curve {
  const cells = cellsOf(rows, unit, 0);
  const own = budgets.map((size) => cells.find(({ plan }) => plan === `${BASELINE} ${size}`)!);
  return { accuracy: own.map(({ accuracy }) => accuracy), cost: own.map(({ cost }) => cost) };
}

function versionsOf(
  rows: readonly Row[],
  unit: Unit,
  budgets: readonly number[],
  binning: Binning,
  { byTemplate, least, random }: Making,
): readonly Version[] {
  const clusters = clustersOf(rows, byTemplate);
  const strata = rows.map(({ problem }) => String(problem.level));
  const oracle = rows.map((row) => row.oracle);
  const predicted = rows.map((row) => row.predicted);
  const shared = { budgets, least, clusters, strata, random };
  const free = cellsOf(rows, unit, 0);
  const single = { ...shared, cells: free, estimates: oracle, binning: quantileBins(1) };
  const versions: Version[] = [{ name: "one bin: no difficulty", result: crossValidate(single), ...single }];
  for (const [probe, size] of PROBES.entries()) {
    const cells = cellsOf(rows, unit, probe);
    const cost = rows.map(({ probes }) => (unit === "flops" ? probes[probe]!.flops : size));
    const scores = rows.map(({ probes }) => probes[probe]!.signs.meanScore ?? 0);
    const found = compareVersions({
      ...shared,
      binning,
      cells: free,
      oracle,
      predicted,
      probe: { estimates: scores, cost, cells },
    });
    if (probe === 0)
      versions.push(
        {
          name: "oracle bins: a ceiling",
          result: found.oracleCeiling,
          cells: free,
          estimates: oracle,
          binning,
        },
        { name: "predicted, free", result: found.predictedFree, cells: free, estimates: predicted, binning },
      );
    const paid = { cells: charged(cells, cost), binning };
    const learned = (learnOn: readonly number[]) =>
      learnedDifficulty({
        features: rows.map((row) => featuresOf(row, probe)),
        passAt1: oracle,
        learnOn,
        clusters,
        random,
      });
    versions.push(
      { name: `predicted from ${size}, charged`, result: found.predictedCharged, ...paid, estimates: scores },
      {
        name: `learned from ${size}, charged`,
        result: crossValidate({ ...shared, ...paid, estimates: learned }),
        ...paid,
        estimates: learned([...rows.keys()]),
      },
    );
  }
  return versions;
}

/** What is drawn and split together: all probes of a problem, or all problems of a template. */
function clustersOf(rows: readonly Row[], byTemplate: boolean): readonly string[] {
  return rows.map(({ problem: { id, prompt } }) => (byTemplate ? templateOf(prompt) : undefined) ?? id);
}

/** Verb, thing and word order of a chain problem; `undefined` for other problems. */
function templateOf(prompt: string): string | undefined {
  const asked = /How many (\w+) (?:does|did) \w+ (\w+)\?$/.exec(prompt.trim());
  if (asked === null) return undefined;
  const second = / \d+ [a-z]+ (?:more|fewer) than | as [A-Z][a-z]+ [a-z]+\./.test(prompt);
  return `${asked[2]} ${asked[1]} ${prompt.includes("Compared with ") ? 2 : second ? 1 : 0}`;
}

const percent = (value: number | undefined) =>
  (value === undefined ? "-" : (100 * value).toFixed(1)).padStart(8);

function printAccuracies(
  versions: readonly Version[],
  baseline: Curve,
  sizes: readonly number[],
  budgets: readonly number[],
): void {
  const line = (name: string, cells: readonly string[]) => console.log(`${name.padEnd(34)}${cells.join("")}`);
  line(
    "% right at the budget of N =",
    sizes.map((size) => String(size).padStart(8)),
  );
  line(
    "budget",
    budgets.map((one) => (one < 1e6 ? String(one) : one.toExponential(1)).padStart(8)),
  );
  line(
    BASELINE,
    baseline.accuracy.map((all) => percent(meanOf(all))),
  );
  for (const { name, result } of versions) {
    line(
      name,
      result.heldOut.map(({ meanAccuracy }) => percent(meanAccuracy)),
    );
    line(
      "    where it was chosen",
      result.heldOut.map(({ whereChosen }) => percent(whereChosen)),
    );
    line(
      "    mean cost / budget",
      result.heldOut.map(({ meanCost, budget }) =>
        (meanCost === undefined ? "-" : (meanCost / budget).toFixed(2)).padStart(8),
      ),
    );
  }
}

/** Prints the table that all problems together give. */
function printPlans(
  { name, cells, estimates, binning }: Version,
  limits: Pick<PlanGrid, "budgets" | "least">,
  sizes: readonly number[],
): void {
  const { bins, entries } = learnTable({ cells, binning, ...limits }, estimates);
  console.log(`\nPlans, ${name}${bins.note === undefined ? "" : `. ${bins.note}`}`);
  const last = bins.edges.length;
  for (let bin = 0; bin <= last; bin += 1) {
    const ends = [bins.edges[last - bin - 1], bins.edges[last - bin]].map((edge) => edge?.toFixed(3) ?? "");
    const plans = entries.map((all, place) => {
      const { choice, accuracy } = all[bin]!;
      return `${sizes[place]}: ${choice === undefined ? "none" : `${short(choice.plan)}${accuracy === undefined ? "" : ` ${(100 * accuracy).toFixed(0)}%`}`}`;
    });
    console.log(
      `  bin ${bin + 1} (${ends.join(" to ")}), ${entries[0]![bin]!.problems} rows  ${plans.join(" | ")}`,
    );
  }
}

const short = (plan: string) => plan.replace("weighted-best-of-n", "weighted").replace("best-of-n", "best");

function printRatios(
  versions: readonly Version[],
  baseline: Curve,
  rows: readonly Row[],
  making: Making,
): void {
  const { budgets, byTemplate, resamples, random } = making;
  const clusters = clustersOf(rows, byTemplate);
  for (const size of COMPARED) {
    const budget = budgets.indexOf(size);
    if (budget < 0) continue;
    console.log(`\n${BASELINE} over the table, budgets at the accuracy of ${BASELINE} of ${size}`);
    for (const { name, result } of versions) {
      const { curve } = curveOf(result);
      const at = { curve: "first", budget } as const;
      const found =
        curve.accuracy.length === 0
          ? undefined
          : budgetRatio(baseline, curve, at, random.split("ratio", size), { clusters, resamples });
      console.log(`  ${name.padEnd(32)} ${found === undefined ? "no budget fits" : ratioText(found)}`);
    }
  }
}

function ratioText({
  ratio,
  low,
  high,
  accuracy,
  reason,
  resamples,
  undefinedResamples,
}: BudgetRatio): string {
  const end = (value: number | undefined) => value?.toFixed(2) ?? "open";
  const at = `at ${(100 * accuracy).toFixed(1)}%`;
  if (ratio === undefined) return `none ${at}: ${reason}`;
  const open = undefinedResamples === 0 ? "" : `; ${undefinedResamples} of ${resamples} resamples have none`;
  return `${ratio.toFixed(2)} (${end(low)} to ${end(high)}) ${at}${open}`;
}
