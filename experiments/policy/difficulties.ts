import {
  type Binning,
  learnedDifficulty,
  orderingOf,
  type ProbeSigns,
  promptFeatures,
} from "../../src/policy/index.ts";
import type { Rng } from "../../src/random.ts";
import { PROBES, type Row } from "./plans.ts";

/** What the learned estimate of difficulty sees of a row: the prompt, and the signs of its probe. */
export function featuresOf({ problem, probes }: Row, probe?: number): readonly number[] {
  const prompt = promptFeatures(problem.prompt);
  if (probe === undefined) return prompt;
  const { agreement, meanScore = 0, bestScore = 0 } = probes[probe]!.signs;
  return [...prompt, agreement, meanScore, bestScore];
}

/** Prints how well each estimate orders the problems. */
export function printDifficulty(rows: readonly Row[], binning: Binning, random: Rng): void {
  const oracle = rows.map((row) => row.oracle);
  const learned = (probe?: number) =>
    learnedDifficulty({
      features: rows.map((row) => featuresOf(row, probe)),
      passAt1: oracle,
      learnOn: [...rows.keys()],
      clusters: rows.map(({ problem }) => problem.id),
      random,
    });
  const signs = (probe: number, sign: keyof ProbeSigns) =>
    rows.map((row) => row.probes[probe]!.signs[sign] ?? 0);
  const estimates: (readonly [string, ArrayLike<number>])[] = [
    ["mean score of all samples", rows.map((row) => row.predicted)],
    ...PROBES.flatMap((size, probe): (readonly [string, ArrayLike<number>])[] => [
      [`mean score of ${size}`, signs(probe, "meanScore")],
      [`best score of ${size}`, signs(probe, "bestScore")],
      [`agreement of ${size}`, signs(probe, "agreement")],
      [`learned: prompt and probe of ${size}`, learned(probe)],
    ]),
    ["learned: prompt alone", learned()],
  ];
  const mean = oracle.reduce((sum, one) => sum + one, 0) / rows.length;
  console.log(
    `pass@1 ${(100 * mean).toFixed(1)}%. Estimates of difficulty against it, over problems and probes:`,
  );
  console.log(`${"".padEnd(34)} rank correlation   in its bin   (by chance)`);
  for (const [name, values] of estimates) {
    const { correlation, sameBin, byChance } = orderingOf(values, oracle, binning);
    const share = (value: number) => `${(100 * value).toFixed(1)}%`;
    console.log(
      `${name.padEnd(34)} ${(correlation?.toFixed(3) ?? "unknown").padStart(16)} ${share(sameBin).padStart(12)} ${share(byChance).padStart(13)}`,
    );
  }
}
