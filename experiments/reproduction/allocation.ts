import type { Figure, Section, Table } from "../../src/lab/index.ts";
import { binOf, quantileBins, type Rule, simulate } from "../../src/policy/index.ts";
import type { Rng } from "../../src/random.ts";
import { type BudgetRatio, budgetRatio, type Curve } from "../../src/stats/budget-ratio.ts";
import { bootstrap } from "../../src/stats/means.ts";
import type { Claim } from "./claims.ts";
import { adaptiveConsistencyCurve } from "./consistency.ts";
import type { Row } from "./grid.ts";
import type { Recording } from "./recordings.ts";
import { baselineOf, budgetsOf, versionsOf } from "./tables.ts";

/** Random orders of each problem's samples. */
const ORDERS = 4;
const PRICES = 18;
const GOAL = 1.5;

/** What is compared, problem by problem, in total FLOPs. */
interface Rival {
  readonly name: string;
  readonly curve: Curve;
}

/** Prices from dear to cheap: from a quarter of an answer per sample down to nearly nothing. */
export function pricesFor(recordings: readonly Recording[]): readonly number[] {
  const tokens = mean(recordings.map(({ samples }) => mean(samples.tokens)));
  return Array.from({ length: PRICES }, (_, step) => (0.25 / tokens) * 2 ** (-0.8 * step));
}

const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, one) => sum + one, 0) / values.length;

/**
 * G4: the allocator, learned on validation problems, against the table that pays for its estimate of difficulty,
 * against adaptive consistency and against the same N for all, in total FLOPs at equal accuracy. Shown when the
 * ratio to the better of the two charged tables has a lower 95% bound of at least 1.5 at the accuracy of weighted
 * best-of-64; contradicted when its upper bound is below 1.
 */
export function allocation(
  recordings: readonly Recording[],
  rows: readonly Row[],
  rule: Rule,
  random: Rng,
): Claim {
  const problems = recordings.map(({ samples }) => samples);
  const prices = pricesFor(recordings);
  const measured = simulate(rule, problems, prices, random.split("policy"), { orders: ORDERS });
  const versions = versionsOf(rows, "flops", random.split("tables"));
  const budgets = budgetsOf(rows);
  const policy: Rival = { name: "allocator", curve: measured };
  const uniform: Rival = { name: "weighted best-of-N", curve: baselineOf(rows, "flops") };
  const consistency: Rival = {
    name: "adaptive consistency",
    curve: adaptiveConsistencyCurve(problems, budgets.slice(2), ORDERS, random.split("votes")),
  };
  const tables = versions.map(({ name, curve }): Rival => ({ name: `table, ${name}`, curve }));
  const rivals = [uniform, consistency, ...tables];
  const at = [16, 32, 64, 128]
    .filter((n) => budgets.includes(n))
    .map((n) => {
      const accuracy = mean(uniform.curve.accuracy[budgets.indexOf(n)]!);
      return {
        n,
        accuracy,
        ratios: rivals.map(({ name, curve }) => ({
          name,
          ratio: budgetRatio(curve, policy.curve, accuracy, random.split(name, n)),
        })),
      };
    });
  const main = at.find(({ n }) => n === 64) ?? at.at(-1)!;
  const rivalsCharged = main.ratios.filter(({ name }) => name.includes("charged"));
  const hardest = rivalsCharged.reduce((a, b) =>
    (b.ratio.ratio ?? Number.POSITIVE_INFINITY) < (a.ratio.ratio ?? Number.POSITIVE_INFINITY) ? b : a,
  );
  const { low, high } = hardest.ratio;
  const verdict =
    (low ?? 0) >= GOAL ? "shown" : high !== undefined && high < 1 ? "contradicted" : "not shown";
  return {
    id: "G4",
    claim: `An allocator of action and amount needs at least ${GOAL} times fewer FLOPs than the charged table at equal accuracy.`,
    verdict,
    figure: `total FLOPs over those of the allocator at the accuracy of weighted best-of-${main.n}, ${(100 * main.accuracy).toFixed(1)}%: best charged table ${written(hardest.ratio)}, weighted best-of-N ${written(main.ratios[0]!.ratio)}; ${problems.length} test problems`,
    section: sectionOf(
      [policy, ...rivals],
      at,
      { recordings, measured: measured.samples, searches: measured.searches, prices },
      random,
    ),
  };
}

const number = (value: number | undefined) => (value === undefined ? "unknown" : value.toFixed(2));

interface At {
  readonly n: number;
  readonly accuracy: number;
  readonly ratios: readonly { readonly name: string; readonly ratio: BudgetRatio }[];
}

interface Spent {
  readonly recordings: readonly Recording[];
  readonly measured: readonly Float64Array[];
  readonly searches: readonly Float64Array[];
  readonly prices: readonly number[];
}

function sectionOf(rivals: readonly Rival[], at: readonly At[], spent: Spent, random: Rng): Section {
  return {
    heading: "G4: the allocator against tables, votes and the same N for all",
    text: [
      "Every token is charged: prompts, samples, searches, what the verifier reads (a line behind the same lines once), and the probing samples of the charged tables, which use them again as answers.",
      "The allocator was learned on validation problems; the tables are chosen and measured by two-fold cross-validation on the test problems themselves, which favours them. A table with oracle bins knows the answers: a ceiling, no rival.",
    ],
    figures: [curvesOf(rivals, random), ratiosOf(at), heatOf(spent)],
    tables: [tableOf(at)],
  };
}

function curvesOf(rivals: readonly Rival[], random: Rng): Figure {
  return {
    kind: "curves",
    caption: "Accuracy over total FLOPs per problem, with 95% bands over problems.",
    x: { label: "FLOPs per problem, all roles", scale: "log10" },
    y: { label: "accuracy", format: "percent" },
    series: rivals.map(({ name, curve: { accuracy, cost } }) => {
      const bands = bootstrap(
        accuracy.map((one) => Float64Array.from(one)),
        accuracy[0]!.length,
        random.split("bands", name),
        1000,
      );
      return {
        label: name,
        points: accuracy.map((_, place) => ({
          x: mean(cost[place]!),
          y: bands[place]!.mean,
          low: bands[place]!.low,
          high: bands[place]!.high,
        })),
      };
    }),
  };
}

function ratiosOf(at: readonly At[]): Figure {
  const { n, ratios } = at.find((one) => one.n === 64) ?? at.at(-1)!;
  return {
    kind: "bars",
    caption: `How many times the allocator's FLOPs each needs at the accuracy of weighted best-of-${n}; without a bar: it never gets there.`,
    x: { label: "ratio of FLOPs at equal accuracy", scale: "log2", format: "plain" },
    bars: ratios.map(({ name, ratio: { ratio, low, high } }) => ({ label: name, value: ratio, low, high })),
    reference: { value: GOAL, label: "goal" },
  };
}

/** Which problems get how much, at the price whose mean number of samples is nearest to 16. */
function heatOf({ recordings, measured, searches }: Spent): Figure {
  const place = measured.reduce(
    (best, one, index) => (Math.abs(mean(one) - 16) < Math.abs(mean(measured[best]!) - 16) ? index : best),
    0,
  );
  const edges = [1, 2, 4, 8, 16, 32, 64, 128];
  const bins = quantileBins(5)(recordings.map(({ passAt1 }) => passAt1));
  const rows = Array.from({ length: bins.edges.length + 1 }, (_, bin) =>
    recordings.flatMap(({ passAt1 }, index) => (binOf(bins, passAt1) === bin ? [index] : [])),
  );
  const share = (own: readonly number[], test: (index: number) => boolean) =>
    own.length === 0 ? undefined : own.filter(test).length / own.length;
  const samples = measured[place]!;
  return {
    kind: "heat",
    caption: `Where the allocator spends, at ${mean(samples).toFixed(1)} samples per problem in the mean: shares of each fifth of the problems by pass@1.`,
    labels: { rows: "difficulty", columns: "samples at most, or a search", values: "share of problems" },
    format: "percent",
    rows: rows.map(
      (own, bin) =>
        `${bin + 1} (pass@1 ${(100 * mean(own.map((index) => recordings[index]!.passAt1))).toFixed(0)}%)`,
    ),
    columns: [...edges.map(String), "search"],
    values: rows.map((own) => [
      ...edges.map((edge, at) =>
        share(own, (index) => samples[index]! <= edge && (at === 0 || samples[index]! > edges[at - 1]!)),
      ),
      own.length === 0 ? undefined : mean(own.map((index) => Math.min(1, searches[place]![index]!))),
    ]),
  };
}

function tableOf(at: readonly At[]): Table {
  return {
    caption:
      "Ratio of FLOPs to the allocator's at equal accuracy, with 95% intervals (10,000 resamples of the problems, whole curves inverted again).",
    columns: [
      { name: "rival" },
      ...at.map(({ n, accuracy }) => ({ name: `at ${(100 * accuracy).toFixed(1)}% (best-of-${n})` })),
    ],
    rows: at[0]!.ratios.map(({ name }, place) => [
      name,
      ...at.map(({ ratios }) => written(ratios[place]!.ratio)),
    ]),
  };
}

/** A ratio with its interval, or why there is none; the first of two curves is the one that is compared. */
export function written({ ratio, low, high, reason = "" }: BudgetRatio): string {
  const why = reason.replace("the first ", "it ").replace("the second ", "what it is compared with ");
  if (ratio === undefined) return `unknown, ${why}`;
  return `${ratio.toFixed(2)} (${number(low)} to ${number(high)})`;
}
