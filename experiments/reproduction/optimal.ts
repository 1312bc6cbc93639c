import type { Figure, Table } from "../../src/lab/index.ts";
import { orderingOf, quantileBins } from "../../src/policy/index.ts";
import type { Rng } from "../../src/random.ts";
import { type BudgetRatio, budgetRatio } from "../../src/stats/budget-ratio.ts";
import { written } from "./allocation.ts";
import type { Claim } from "./claims.ts";
import { byProblem, PROBE, type Row, type Unit } from "./grid.ts";
import { baselineOf, budgetsOf, type Version, versionsOf } from "./tables.ts";

/** Ns of weighted best-of-N at whose accuracy budgets are compared. */
const COMPARED = [16, 64, 256];
const UNITS = ["generations", "flops"] as const;

const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, one) => sum + one, 0) / values.length;

interface Compared {
  readonly unit: Unit;
  readonly baseline: ReturnType<typeof baselineOf>;
  readonly versions: readonly Version[];
  readonly ratios: readonly {
    readonly n: number;
    readonly accuracy: number;
    readonly of: readonly BudgetRatio[];
  }[];
}

/**
 * G1, search: weighted best-of-N over compute-optimal search, in budget at equal accuracy (Snell et al. 2024, figure 4:
 * "up to 4x"). Shown when the paper's version (difficulty predicted from all samples, free of charge) saves
 * generations at the accuracy of best-of-64: lower 95% bound above 1. Contradicted when its upper bound is below 1.
 * "4x" is said only when the lower bound reaches 4.
 */
export function optimal(rows: readonly Row[], random: Rng): Claim {
  const compared = UNITS.map((unit) => compare(rows, unit, random.split(unit)));
  const paper = compared[0]!.ratios.find(({ n }) => n === 64) ?? compared[0]!.ratios.at(-1)!;
  const { low, high } = paper.of[1]!;
  const problems = compared[0]!.baseline.accuracy[0]!.length;
  const charged = compared[1]!.ratios.find(({ n }) => n === paper.n)!.of.slice(2);
  const written4 = (low ?? 0) >= 4 ? "This is the paper's 4 times." : "The paper's 4 times is not reached.";
  return {
    id: "G1",
    claim: "Compute-optimal search needs fewer generations than weighted best-of-N at equal accuracy.",
    verdict: (low ?? 0) > 1 ? "shown" : high !== undefined && high < 1 ? "contradicted" : "not shown",
    figure: `budget of weighted best-of-N over that of the table at the accuracy of best-of-${paper.n}, ${(100 * paper.accuracy).toFixed(1)}%: in generations, difficulty predicted free of charge, ${written(paper.of[1]!)}; in FLOPs, difficulty charged, ${charged.map(written).join(" and ")}; ${problems} test problems. ${written4}`,
    section: {
      heading: "G1: compute-optimal search against weighted best-of-N",
      text: [
        "Plans: greedy, majority and weighted best-of-N, N up to 256, and beam search of width 4. For each fifth of the problems by difficulty and each budget the plan that is best on one half of the problems, measured on the other half, each way once.",
        `A generation counts 1 whatever its length; FLOPs count both models, prompts included, with shared prefixes evaluated once. ${written4}`,
      ],
      figures: compared.map((one) => curves(one)),
      tables: [...compared.map(ratioTable), planTable(compared[0]!), difficultyTable(rows)],
    },
  };
}

function compare(rows: readonly Row[], unit: Unit, random: Rng): Compared {
  const budgets = budgetsOf(rows);
  const baseline = baselineOf(rows, unit);
  const versions = versionsOf(rows, unit, random);
  const ratios = COMPARED.filter((n) => budgets.includes(n)).map((n) => {
    const at = { curve: "first", budget: budgets.indexOf(n) } as const;
    return {
      n,
      accuracy: mean(baseline.accuracy[at.budget]!),
      of: versions.map(({ curve, name }) => budgetRatio(baseline, curve, at, random.split(name, n))),
    };
  });
  return { unit, baseline, versions, ratios };
}

function curves({ unit, baseline, versions }: Compared): Figure {
  const all = [{ name: "weighted best-of-N", curve: baseline }, ...versions];
  return {
    kind: "curves",
    caption: `Accuracy over mean ${unit === "flops" ? "total FLOPs" : "generations"} per problem; tables measured on problems that they were not chosen on.`,
    x: {
      label: unit === "flops" ? "FLOPs per problem, all roles" : "generations per problem",
      scale: unit === "flops" ? "log10" : "log2",
    },
    y: { label: "accuracy", format: "percent" },
    series: all.map(({ name, curve: { accuracy, cost } }) => ({
      label: name,
      points: accuracy.map((one, place) => ({ x: mean(cost[place]!), y: mean(one) })),
    })),
  };
}

function ratioTable({ unit, versions, ratios }: Compared): Table {
  return {
    caption: `Weighted best-of-N over the table, ${unit === "flops" ? "total FLOPs" : "generations"} at equal accuracy, with 95% intervals.`,
    columns: [
      { name: "difficulty" },
      ...ratios.map(({ n, accuracy }) => ({ name: `at ${(100 * accuracy).toFixed(1)}% (best-of-${n})` })),
    ],
    rows: versions.map(({ name }, place) => [name, ...ratios.map(({ of }) => written(of[place]!))]),
  };
}

/** Plans of the oracle's table, of one half, and how much better they look where they were chosen. */
function planTable({ versions }: Compared): Table {
  const { result } = versions[0]!;
  const [table] = result.tables;
  return {
    caption:
      "What the table with oracle bins chose on one half, in generations; the last columns: accuracy of its choices where they were chosen, and on the other half.",
    columns: [
      { name: "budget" },
      ...table.entries[0]!.map((_, bin) => ({ name: `fifth ${bin + 1}${bin === 0 ? " (easiest)" : ""}` })),
      { name: "where chosen", format: "percent" },
      { name: "held out", format: "percent" },
    ],
    rows: table.entries.map((entries, place) => {
      const { budget, whereChosen, meanAccuracy } = result.heldOut[place]!;
      return [
        budget,
        ...entries.map(({ choice }) => choice?.plan ?? "nothing fits"),
        whereChosen,
        meanAccuracy,
      ];
    }),
  };
}

function difficultyTable(rows: readonly Row[]): Table {
  const oracle = byProblem(
    rows,
    rows.map(({ recording }) => recording.passAt1),
  );
  const first = (of: (row: Row) => number) =>
    orderingOf(
      rows.map(of),
      rows.map(({ recording }) => recording.passAt1),
      quantileBins(5),
    );
  const estimates = [
    ["mean score of all samples", first(({ recording }) => recording.meanScore)],
    [`mean score of ${PROBE} samples`, first(({ signs }) => signs.meanScore ?? 0)],
    [`best score of ${PROBE} samples`, first(({ signs }) => signs.bestScore ?? 0)],
    [`agreement of ${PROBE} samples`, first(({ signs }) => signs.agreement)],
    ["length of the prompt (shorter is easier)", first(({ features }) => -features[0]!)],
  ] as const;
  return {
    caption: `How well estimates of difficulty order the problems: rank correlation with pass@1 of all samples (mean ${(100 * mean(oracle)).toFixed(1)}%), and the share put into the right fifth.`,
    columns: [
      { name: "estimate" },
      { name: "rank correlation" },
      { name: "in the right fifth", format: "percent" },
      { name: "by chance", format: "percent" },
    ],
    rows: estimates.map(([name, { correlation, sameBin, byChance }]) => [
      name,
      correlation,
      sameBin,
      byChance,
    ]),
  };
}
