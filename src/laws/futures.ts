import type { Rng } from "../random.ts";
import { passAtK } from "../stats/subsets.ts";
import type { Count, CountGroup } from "./counts.ts";

/** How one kind of law is fitted and read. */
export interface Kind<Law> {
  /** `near`: the law of the whole sample, to begin the search at. `undefined`: it does not converge. */
  fit(groups: readonly CountGroup[], near?: Law): Law | undefined;
  coverage(law: Law, k: number): number;
}

/** The coverage that a law gives with `k` samples. */
type Curve = (k: number) => number;

/** The problems, by their counts. */
export interface Problems {
  readonly groups: readonly CountGroup[];
  /** The group of each problem. */
  readonly groupOf: Int32Array;
}

/** The share of problems that are expected to be solved with `k` samples. */
export function expectedShare({ groups, groupOf }: Problems, k: number, curve: Curve): number {
  const sum = groups.reduce((total, group) => total + group.problems * chance(group, k, curve), 0);
  return sum / groupOf.length;
}

/**
 * Simulates what share of the problems is solved with each of `ks` samples, `rounds` times: draws as many problems
 * with replacement, fits the law to them, and lets it decide on the unsolved problems of the whole sample. A round in
 * which the fit does not converge is missing. All kinds of law see the same draws.
 */
export function simulatedShares<Law>(
  kind: Kind<Law>,
  law: Law,
  { groups, groupOf }: Problems,
  { ks, rounds, random }: { readonly ks: readonly number[]; readonly rounds: number; readonly random: Rng },
): number[][] {
  const unsolved = Int32Array.from(groupOf.filter((group) => groups[group]!.right === 0));
  const solved = groups.filter(({ right }) => right > 0);
  const shares: number[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    const own = random.split(round);
    const curve = curveOf(kind, redrawn(groups, groupOf, own), law);
    const luck = Float64Array.from(unsolved, () => own.next());
    if (curve === undefined) continue;
    const share = (k: number) => {
      const chances = groups.map((group) => chance(group, k, curve));
      let sum = solved.reduce((total, group) => total + group.problems * chance(group, k, curve), 0);
      for (const [place, group] of unsolved.entries()) if (luck[place]! < chances[group]!) sum += 1;
      return sum / groupOf.length;
    };
    shares.push(ks.map(share));
  }
  return shares;
}

/** As many problems, drawn with replacement. */
function redrawn(groups: readonly CountGroup[], groupOf: Int32Array, random: Rng): CountGroup[] {
  const problems = new Int32Array(groups.length);
  for (let draw = 0; draw < groupOf.length; draw += 1)
    problems[groupOf[random.int(0, groupOf.length - 1)]!]! += 1;
  return groups.map((group, index) => ({ ...group, problems: problems[index]! }));
}

/** The curve of the law fitted; of samples that are all wrong, or all right, it is level. */
function curveOf<Law>(kind: Kind<Law>, groups: readonly CountGroup[], near: Law): Curve | undefined {
  const drawn = groups.filter(({ problems }) => problems > 0);
  if (drawn.every(({ right }) => right === 0)) return () => 0;
  if (drawn.every(({ right, total }) => right === total)) return () => 1;
  const law = kind.fit(groups, near);
  return law && ((k) => kind.coverage(law, k));
}

/** The probability that a problem of this count is solved with `k` samples. */
function chance({ right, total }: Count, k: number, curve: Curve): number {
  if (k <= total) return passAtK(total, right, k)!;
  if (right > 0) return 1;
  const missed = 1 - curve(total);
  return missed > 0 ? Math.min(1, Math.max(0, 1 - (1 - curve(k)) / missed)) : 1;
}
