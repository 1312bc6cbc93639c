import type { Standing } from "./standing.ts";

/** Names of the features, in their order. */
export const FEATURES = [
  "log2 samples",
  "leader's share of the weight",
  "log odds of the leader's best score",
  "log leader's weight",
  "log runner-up's weight",
  "log leader's votes",
  "mean log odds of all scores",
  "share with an answer",
  "log different answers",
  "log odds of the runner-up's best score",
  "log share of votes of the leader",
  "log characters of the prompt",
  "searches",
] as const;

/** Odds that stand for "there is none". */
const NONE = -Math.log(1000);

/** What a policy looks at: one number per name in `FEATURES`. At least one sample must be there. */
export function featuresOf(standing: Standing, promptLength: number): readonly number[] {
  const { samples, searches, answered, classes, weight, odds, leader, runnerUp } = standing;
  return [
    Math.log2(samples),
    weight > 0 ? (leader?.weight ?? 0) / weight : 0,
    leader?.odds ?? NONE,
    Math.log1p(leader?.weight ?? 0),
    Math.log1p(runnerUp?.weight ?? 0),
    Math.log1p(leader?.votes ?? 0),
    odds,
    answered / samples,
    Math.log1p(classes),
    runnerUp?.odds ?? NONE,
    Math.log1p(leader?.votes ?? 0) - Math.log(samples),
    Math.log(Math.max(1, promptLength)),
    searches,
  ];
}

/** Brings features to mean 0 and deviation 1. */
export interface Scale {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** The scale of rows of features; a constant feature keeps deviation 1. */
export function scaleOf(rows: readonly (readonly number[])[]): Scale {
  const average = (of: (row: readonly number[], place: number) => number) =>
    FEATURES.map((_, place) => rows.reduce((sum, row) => sum + of(row, place), 0) / rows.length);
  const mean = average((row, place) => row[place]!);
  const variance = average((row, place) => (row[place]! - mean[place]!) ** 2);
  return { mean, deviation: variance.map((one) => (one > 1e-12 ? Math.sqrt(one) : 1)) };
}

/** Columns of `expanded`. */
export const EXPANDED = FEATURES.length + (FEATURES.length * (FEATURES.length + 1)) / 2;

/** The scaled features, then the products of every two and their squares: 13 become 104. */
export function expanded(features: readonly number[], { mean, deviation }: Scale): Float64Array {
  const row = new Float64Array(EXPANDED);
  let at = features.length;
  for (let place = 0; place < features.length; place += 1) {
    row[place] = (features[place]! - mean[place]!) / deviation[place]!;
    for (let other = 0; other <= place; other += 1) {
      row[at] = row[place]! * row[other]!;
      at += 1;
    }
  }
  return row;
}
