import type { Columns } from "./columns.ts";

/** Chooses among the samples that it was given, at any moment, without looking at all of them again. */
export interface Tally {
  /** Forgets everything. */
  clear(): void;
  /** Gives it the next sample, in order of position. */
  add(sample: number): void;
  /** The sample that is selected now; -1 when there is none. */
  chosen(): number;
}

/** The selection rules of `choose` in src/strategies/select.ts, as running tallies: the laws compare them. */
export const TALLIES = {
  majority: (columns: Columns) =>
    votes({ ...columns, score: new Float64Array(columns.count).fill(Number.NaN) }, false),
  "weighted-best-of-n": (columns: Columns) => votes(columns, true),
  "best-of-n": top,
} as const satisfies Readonly<Record<string, (columns: Columns) => Tally>>;

/** The best of the samples that state no answer: what is left when none does. */
function fallback({ score, complete }: Columns) {
  let best = -1;
  return {
    clear() {
      best = -1;
    },
    add(sample: number) {
      if (complete[sample] === 0) return;
      if (best < 0 || higher(score[sample]!, score[best]!)) best = sample;
    },
    chosen: () => best,
  };
}

/** True when `a` is more than `b`; an unknown score is less than any. */
const higher = (a: number, b: number) => a > b || (Number.isNaN(b) && !Number.isNaN(a));

/** Weights that differ only by rounding are equal. */
function compare(a: number, b: number): number {
  if (Math.abs(a - b) > 1e-11 * Math.max(a, b)) return a - b;
  return Number(a.toPrecision(12)) - Number(b.toPrecision(12));
}

/** The heaviest class of equal answers, by number or by summed score. */
function votes(columns: Columns, byScore: boolean): Tally {
  const { answer, score, classes } = columns;
  const count = new Int32Array(classes);
  const weight = new Float64Array(classes);
  const first = new Int32Array(classes);
  const best = new Int32Array(classes);
  const seen: number[] = [];
  const without = fallback(columns);
  let scored = 0;
  return {
    clear() {
      for (const one of seen) {
        count[one] = 0;
        weight[one] = 0;
      }
      seen.length = 0;
      scored = 0;
      without.clear();
    },
    add(sample) {
      const one = answer[sample]!;
      if (one < 0) return without.add(sample);
      if (count[one] === 0) {
        seen.push(one);
        first[one] = sample;
        best[one] = sample;
      }
      count[one]! += 1;
      const value = score[sample]!;
      if (Number.isNaN(value)) return;
      scored += 1;
      weight[one]! += value;
      if (higher(value, score[best[one]!]!)) best[one] = sample;
    },
    chosen() {
      const [leader] = seen;
      if (leader === undefined) return without.chosen();
      const weighted = byScore && scored > 0;
      // Classes stand in order of their first sample, and only a heavier one displaces an earlier one.
      let winner = leader;
      for (const one of seen) {
        const heavier = weighted ? compare(weight[one]!, weight[winner]!) : 0;
        if (heavier > 0 || (heavier === 0 && count[one]! > count[winner]!)) winner = one;
      }
      return weighted ? best[winner]! : first[winner]!;
    },
  };
}

/** The highest score; samples that share it vote. */
function top(columns: Columns): Tally {
  const { answer, score, classes } = columns;
  const count = new Int32Array(classes);
  const first = new Int32Array(classes);
  const tied: number[] = [];
  const unscored = votes(columns, false);
  let highest = Number.NaN;
  const forget = () => {
    for (const one of tied) count[one] = 0;
    tied.length = 0;
  };
  return {
    clear() {
      forget();
      highest = Number.NaN;
      unscored.clear();
    },
    add(sample) {
      const one = answer[sample]!;
      const value = score[sample]!;
      if (one < 0 || (Number.isNaN(value) && Number.isNaN(highest))) return unscored.add(sample);
      if (value < highest || Number.isNaN(value)) return;
      if (higher(value, highest)) forget();
      highest = value;
      if (count[one] === 0) {
        tied.push(one);
        first[one] = sample;
      }
      count[one]! += 1;
    },
    chosen() {
      const [leader] = tied;
      if (leader === undefined) return unscored.chosen();
      let winner = leader;
      for (const one of tied) if (count[one]! > count[winner]!) winner = one;
      return first[winner]!;
    },
  };
}
