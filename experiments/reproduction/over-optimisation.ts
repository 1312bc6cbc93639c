import type { Figure, Series, Table } from "../../src/lab/index.ts";
import { createVotes } from "../../src/policy/index.ts";
import { permutation } from "../../src/policy/walk.ts";
import type { Rng } from "../../src/random.ts";
import type { Interval } from "../../src/stats/means.ts";
import { at, meanOf, meanOver, placesOf, points } from "./bins.ts";
import type { Judged } from "./judged.ts";
import type { Recording } from "./recordings.ts";

const NS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
/** Random orders of each problem's samples. */
const ORDERS = 8;
const RULES = ["best-of-N", "weighted best-of-N"] as const;

interface Facts {
  readonly right: readonly Float64Array[];
  readonly proxy: readonly Float64Array[];
  readonly lines: readonly Float64Array[];
  readonly repeats: readonly Float64Array[];
  /** Share of orders in which some sample states an answer, so that one is selected. */
  readonly chosen: readonly Float64Array[];
}

/** Of the selected solutions, per N one number per problem: means over random orders of its samples. */
export type Selected = Record<(typeof RULES)[number], Facts>;

/** The Ns for which every problem has samples. */
export const sizesOf = (selected: Selected): readonly number[] =>
  NS.slice(0, selected["best-of-N"].right.length);

/**
 * What best-of-N and weighted best-of-N select as N grows to 512: whether it is right, the verifier's score of it (the
 * proxy that selection maximises), its lines, and whether a line comes twice.
 */
export function selectedBy(
  recordings: readonly Recording[],
  judged: ReadonlyMap<string, Judged>,
  random: Rng,
): Selected {
  const most = Math.min(...recordings.map(({ samples }) => samples.answer.length));
  const ns = NS.filter((n) => n <= most);
  const table = () => ns.map(() => new Float64Array(recordings.length));
  const facts = (): Facts => ({
    right: table(),
    proxy: table(),
    lines: table(),
    repeats: table(),
    chosen: table(),
  });
  const selected: Selected = { "best-of-N": facts(), "weighted best-of-N": facts() };
  for (const [
    problem,
    {
      samples,
      problem: { id },
    },
  ] of recordings.entries()) {
    const { lines, repeats } = judged.get(id)!;
    for (let order = 0; order < ORDERS; order += 1) {
      const places = permutation(samples.answer.length, ns.at(-1)!, random.split(problem, order));
      for (const [size, chosen] of choices(samples, places, ns).entries())
        for (const rule of RULES) {
          const place = chosen[rule];
          if (place === undefined) continue;
          const { right, proxy, lines: long, repeats: twice, chosen: some } = selected[rule];
          right[size]![problem]! += samples.right[place]! / ORDERS;
          proxy[size]![problem]! += samples.score[place]! / ORDERS;
          long[size]![problem]! += lines[place]! / ORDERS;
          twice[size]![problem]! += repeats[place]! / ORDERS;
          some[size]![problem]! += 1 / ORDERS;
        }
    }
  }
  return selected;
}

/** The selected sample at each N, in one order of the samples; none when no sample states an answer. */
function choices({ answer, score }: Recording["samples"], places: Int32Array, ns: readonly number[]) {
  const votes = createVotes();
  let best: number | undefined;
  return ns.map((n, size) => {
    for (const place of places.subarray(ns[size - 1] ?? 0, n)) {
      votes.add(answer[place]!, score[place]!);
      if (answer[place]! >= 0 && (best === undefined || score[place]! > score[best]!)) best = place;
    }
    const leader = votes.standing().leader?.best;
    return { "best-of-N": best, "weighted best-of-N": leader === undefined ? undefined : places[leader]! };
  });
}

/** Accuracy at the largest N minus that at 16, by level: where it falls, the score is over-optimised. */
export interface Fall {
  readonly level: string;
  readonly rule: (typeof RULES)[number];
  readonly places: readonly number[];
  readonly change: Interval | undefined;
}

export function fallsOf(recordings: readonly Recording[], selected: Selected, random: Rng): readonly Fall[] {
  const name = ({ problem: { family, level } }: Recording) => `${family} ${level}`;
  const ns = sizesOf(selected);
  const [few, many] = [ns.indexOf(16), ns.length - 1];
  return [...new Set(recordings.map(name))].flatMap((level) => {
    const places = placesOf(recordings.length, (place) => name(recordings[place]!) === level);
    return RULES.map((rule) => {
      const { right } = selected[rule];
      const change = at(
        right[many]!.map((one, place) => one - right[few]![place]!),
        places,
      );
      return { level, rule, places, change: meanOver(change, random.split(level, rule)) };
    });
  });
}

/** Accuracy and mean proxy over N, one panel per group of problems. */
export function selectionCurves(
  groups: readonly { readonly panel: string; readonly places: readonly number[] }[],
  selected: Selected,
  random: Rng,
): Figure {
  const series = groups.flatMap(({ panel, places }) =>
    RULES.flatMap((rule) =>
      (["right", "proxy"] as const).map(
        (fact): Series => ({
          label: `${rule}: ${fact === "right" ? "accuracy" : "mean score of the selected"}`,
          panel,
          points: sizesOf(selected).map((n, size) => {
            const values = at(selected[rule][fact][size]!, places);
            const found = fact === "right" ? meanOver(values, random.split(panel, rule, n)) : undefined;
            return { x: n, y: meanOf(values), low: found?.low, high: found?.high };
          }),
        }),
      ),
    ),
  );
  return {
    kind: "curves",
    caption:
      "True accuracy and the verifier's mean score of what is selected, over N; bands of accuracy: 95% over problems. A score that rises where accuracy falls is over-optimised.",
    x: { label: "samples per problem", scale: "log2" },
    y: { label: "accuracy, score", format: "percent" },
    series,
  };
}

export function fallTable(falls: readonly Fall[], selected: Selected): Table {
  const ns = sizesOf(selected);
  const most = ns.at(-1)!;
  return {
    caption: `Accuracy by N and level, and its change from N = 16 to ${most} with a 95% interval over problems; all N draw from the same samples.`,
    columns: [
      { name: "level" },
      { name: "rule" },
      ...ns.map((n) => ({ name: `N = ${n}`, format: "percent" as const })),
      { name: `from 16 to ${most}` },
    ],
    rows: falls.map(({ level, rule, places, change }) => [
      level,
      rule,
      ...ns.map((_, size) => meanOf(at(selected[rule].right[size]!, places))),
      points(change),
    ]),
  };
}

/** Length and repeated lines of what is selected. */
export function auditTable(
  groups: readonly { readonly panel: string; readonly places: readonly number[] }[],
  selected: Selected,
): Table {
  const ns = sizesOf(selected);
  const shown = [1, 16, ns.at(-1)!].map((n) => ({ n, size: ns.indexOf(n) }));
  const mean = (
    rule: (typeof RULES)[number],
    fact: "lines" | "repeats",
    size: number,
    places: readonly number[],
  ) => meanOf(at(selected[rule][fact][size]!, places)) / meanOf(at(selected[rule].chosen[size]!, places));
  return {
    caption:
      "Audit of the selected solutions: mean lines, the answer's included, and the share that states a line twice. N = 1 is any sample that states an answer.",
    columns: [
      { name: "problems" },
      { name: "rule" },
      ...shown.map(({ n }) => ({ name: `lines, N = ${n}` })),
      ...shown.map(({ n }) => ({ name: `repeats, N = ${n}`, format: "percent" as const })),
    ],
    rows: groups.flatMap(({ panel, places }) =>
      RULES.map((rule) => [
        panel,
        rule,
        ...shown.map(({ size }) => mean(rule, "lines", size, places)),
        ...shown.map(({ size }) => mean(rule, "repeats", size, places)),
      ]),
    ),
  };
}
