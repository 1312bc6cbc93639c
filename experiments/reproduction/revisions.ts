import type { Figure, Section, Table } from "../../src/lab/index.ts";
import type { Rng } from "../../src/random.ts";
import type { Interval } from "../../src/stats/means.ts";
import { written } from "./allocation.ts";
import { aboveZero, allOf, at, type Binnable, meanOf, meanOver, percent, placesOf, points } from "./bins.ts";
import type { Chains } from "./chains.ts";
import type { Claim } from "./claims.ts";
import {
  cellOf,
  easyGain,
  type Grid,
  gridOf,
  interiorGain,
  MAIN,
  NS,
  rightOf,
  type Saved,
  savings,
  transitions,
} from "./ratios.ts";

const SHOWN = [16, 64] as const;
const BINS = [1, 2, 3, 4, 5] as const;
const UNITS = ["generations", "flops"] as const satisfies readonly Saved["unit"][];

/**
 * G3: the ratio of sequential to parallel revisions (Snell et al. 2024, figure 7), at N = 64, chosen by pico-rev's own
 * scores. Two parts decide, by 95% intervals over problems, and both must hold: (a) on easy problems (bins 1 and 2)
 * one chain of 64 is better than 64 independent attempts; (b) on hard ones (bins 4 and 5) an interior ratio is better
 * than the better extreme, both chosen on one half of the problems and measured on the other. Contradicted when an
 * interval lies wholly on the other side. The budgets at equal accuracy belong to G1, and decide nothing here.
 */
export function revisions(recordings: readonly Binnable[], chains: readonly Chains[], random: Rng): Claim {
  const grid = gridOf(recordings, chains);
  const easy = easyGain(grid, random.split("easy"));
  const hard = interiorGain(grid, random.split("hard"));
  const kept = transitions(grid.chains, 1, random.split("lost"));
  const saved = UNITS.map((unit) => savings(grid, unit, random.split(unit)));
  const verdicts = [aboveZero(easy), aboveZero(hard)];
  return {
    id: "G3",
    claim:
      "The best ratio of sequential to parallel revisions is sequential on easy problems and between on hard ones.",
    verdict: allOf(verdicts),
    figure: `N = ${MAIN}: one chain minus parallel in bins 1–2 ${points(easy)}; best interior ratio minus best extreme in bins 4–5 ${points(hard)}; right answers revised to wrong ${percent(kept)} (paper 38%); parallel over compute-optimal at equal accuracy, generations ${written(saved[0]!.ratio)}, FLOPs ${written(saved[1]!.ratio)}; ${grid.chains.length} test problems`,
    section: sectionOf(grid, { easy, hard, kept, verdicts, saved }, random.split("section")),
  };
}

interface Found {
  readonly easy: Interval | undefined;
  readonly hard: Interval | undefined;
  readonly kept: Interval | undefined;
  readonly verdicts: readonly Claim["verdict"][];
  readonly saved: readonly Saved[];
}

function sectionOf(grid: Grid, { easy, hard, kept, verdicts, saved }: Found, random: Rng): Section {
  const mended = transitions(grid.chains, 0, random.split("mended"));
  return {
    heading: "G3: sequential and parallel revisions",
    text: [
      "pico-rev writes N attempts as N / r chains of r; an attempt sees the last four before it. Within a chain the answer with most summed scores wins, its best solution stands for the chain, and so across chains; pico-rev scores its own attempts, with the history in view. Shorter chains are the starts of longer ones, so that ratios share attempts. Parallel is pico-rev without any history, not pico-s.",
      `Rules, set before the results: (a) shown when in bins 1–2 one chain of ${MAIN} minus ${MAIN} parallel attempts has its interval above 0: ${points(easy)}, ${verdicts[0]}. (b) shown when in bins 4–5 the best interior ratio minus the better extreme, each chosen on one half and measured on the other, has it above 0: ${points(hard)}, ${verdicts[1]}.`,
      `Of right attempts ${percent(kept)} are followed by a wrong one (paper 38%), of wrong ones ${percent(mended)} by a right one.`,
      `The revisions' half of G1: parallel best-of-${MAIN} over the compute-optimal ratio at equal accuracy is ${written(saved[0]!.ratio)} in generations and ${written(saved[1]!.ratio)} in FLOPs. FLOPs charge the prompt once, and attempts in the context as far as a prefix cache of the chain does not hold them: once the window of four moves, all in it are read anew.`,
    ],
    figures: [
      ...SHOWN.map((n) => ratioCurves(grid, n, random.split("ratios", n))),
      attemptCurves(grid, random.split("attempts")),
      ...saved.map(savingsCurves),
    ],
    tables: [...SHOWN.map((n) => ratioTable(grid, n, random.split("table", n))), planTable(saved[0]!)],
  };
}

/** Problems of each bin, of both families together. */
const groups = ({ bins }: Grid) =>
  BINS.map((bin) => ({
    panel: `bin ${bin}`,
    places: placesOf(bins.length, (place) => bins[place] === bin),
  })).filter(({ places }) => places.length > 1);

function ratioCurves(grid: Grid, n: number, random: Rng): Figure {
  return {
    kind: "curves",
    caption: `Accuracy of ${n} attempts by attempts per chain, by difficulty: 1 is parallel, ${n} sequential; 95% bands over problems.`,
    x: { label: "attempts per chain", scale: "log2" },
    y: { label: "accuracy", format: "percent" },
    series: groups(grid).flatMap(({ panel, places }) =>
      (["weighted", "majority"] as const).map((rule) => ({
        label: rule === "weighted" ? "verifier, weighted" : "majority",
        panel,
        points: NS.filter((r) => r <= n).map((r) => {
          const values = at(
            cellOf(grid, n, r).map((one) => one[rule]),
            places,
          );
          const found = meanOver(values, random.split(panel, rule, r));
          return { x: r, y: found?.mean, low: found?.low, high: found?.high };
        }),
      })),
    ),
  };
}

function attemptCurves(grid: Grid, random: Rng): Figure {
  const right = (problem: Chains, attempt: number) =>
    meanOf(problem.chains.flatMap((chain) => (chain[attempt] ? [chain[attempt].right] : [])));
  return {
    kind: "curves",
    caption:
      "Share of right attempts by their place in the chain, with 95% bands over problems; few chains are long.",
    x: { label: "attempt", scale: "log2" },
    y: { label: "right", format: "percent" },
    series: groups(grid).map(({ panel, places }) => ({
      label: panel,
      points: [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64].map((attempt) => {
        const values = Float64Array.from(places, (place) => right(grid.chains[place]!, attempt - 1));
        const found = meanOver(values, random.split(panel, attempt));
        return { x: attempt, y: found?.mean, low: found?.low, high: found?.high };
      }),
    })),
  };
}

function savingsCurves({ unit, parallel, optimal }: Saved): Figure {
  const label = unit === "flops" ? "FLOPs per problem" : "generations per problem";
  const curves = [
    { label: "parallel", curve: parallel },
    { label: "compute-optimal ratio", curve: optimal },
  ];
  return {
    kind: "curves",
    caption: `Accuracy over mean ${label}; the ratio of each bin measured on problems that it was not chosen on.`,
    x: { label, scale: unit === "flops" ? "log10" : "log2" },
    y: { label: "accuracy", format: "percent" },
    series: curves.map(({ label: name, curve: { accuracy, cost } }) => ({
      label: name,
      points: accuracy.map((one, place) => ({ x: meanOf(cost[place]!), y: meanOf(one) })),
    })),
  };
}

function ratioTable(grid: Grid, n: number, random: Rng): Table {
  const rs = NS.filter((r) => r <= n);
  return {
    caption: `Accuracy of ${n} attempts, weighted by scores, by attempts per chain, with 95% intervals over problems.`,
    columns: [
      { name: "difficulty" },
      { name: "problems" },
      ...rs.map((r) => ({ name: `${n / r} x ${r}`, format: "percent" as const })),
      { name: "best" },
    ],
    rows: groups(grid).map(({ panel, places }) => {
      const found = rs.map((r) => meanOver(at(rightOf(grid, n, r), places), random.split(panel, r))!);
      const best = found.reduce((top, one, place) => (one.mean > found[top]!.mean ? place : top), 0);
      return [panel, places.length, ...found, `${n / rs[best]!} x ${rs[best]!}`];
    }),
  };
}

function planTable({ result }: Saved): Table {
  return {
    caption:
      "Chains x attempts that are best for each bin at each budget of generations, on either half of the problems.",
    columns: [{ name: "budget" }, { name: "half" }, ...BINS.map((bin) => ({ name: `bin ${bin}` }))],
    rows: result.tables.flatMap((table, half) =>
      table.entries.map((entries, place) => [
        table.budgets[place]!,
        half + 1,
        ...entries.map(({ choice }) => choice?.plan ?? "none"),
      ]),
    ),
  };
}
