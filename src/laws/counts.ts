import { passAtK } from "../stats/subsets.ts";

/** What is known of one problem: so many of its samples are right. */
export interface Count {
  readonly right: number;
  readonly total: number;
}

/** As many problems with the same count; a resample has other numbers of them, 0 included. */
export interface CountGroup extends Count {
  readonly problems: number;
}

/** A point of a coverage curve. */
export interface CoveragePoint {
  readonly k: number;
  /** Unbiased pass@k, averaged over problems. */
  readonly coverage: number;
}

/** The problems by their counts, and the group that each problem belongs to. */
export function groupsOf(counts: readonly Count[]): {
  readonly groups: readonly CountGroup[];
  readonly groupOf: Int32Array;
} {
  const places = new Map<string, number>();
  const groups: { right: number; total: number; problems: number }[] = [];
  const groupOf = Int32Array.from(counts, ({ right, total }) => {
    const key = `${right}/${total}`;
    const place = places.get(key) ?? groups.length;
    if (place === groups.length) groups.push({ right, total, problems: 0 });
    places.set(key, place);
    groups[place]!.problems += 1;
    return place;
  });
  return { groups, groupOf };
}

/** 1, 2, 4, ... up to `most`, and `most`. */
export function doublings(most: number): number[] {
  const ks: number[] = [];
  for (let k = 1; k < most; k *= 2) ks.push(k);
  return [...ks, most];
}

/** The coverage of each of `ks`, as a function of how many problems each group has. */
export function coverageOf(
  groups: readonly Count[],
  ks: readonly number[],
): (problems: ArrayLike<number>) => readonly CoveragePoint[] {
  const rows = ks.map((k) => groups.map(({ right, total }) => passAtK(total, right, k)!));
  return (problems) => {
    let all = 0;
    for (let index = 0; index < groups.length; index += 1) all += problems[index]!;
    return ks.map((k, row) => {
      const sum = rows[row]!.reduce((total, one, index) => total + one * problems[index]!, 0);
      return { k, coverage: sum / all };
    });
  };
}
