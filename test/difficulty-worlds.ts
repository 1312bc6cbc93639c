/** Problems whose difficulty is known, because it was drawn. */
import { randomBeta, randomBinomial } from "d3-random";
import type { BetaBinomial, Count } from "../src/laws/index.ts";
import type { Rng } from "../src/random.ts";

/** A problem, and the sample that solves it first, `Infinity` for one that is never solved. */
export interface DrawnProblem extends Count {
  readonly solvedAt: number;
}

/** Problems with chances of Beta(alpha, beta), but for the share of them that are never solved. */
export function drawProblems(
  { alpha, beta, never }: BetaBinomial,
  problems: number,
  total: number,
  random: Rng,
): DrawnProblem[] {
  const chance = randomBeta.source(random.next)(alpha, beta);
  return Array.from({ length: problems }, () => {
    const p = random.next() < never ? 0 : chance();
    const right = randomBinomial.source(random.next)(total, p)();
    const wait = 1 + Math.floor(Math.log(1 - random.next()) / Math.log1p(-p));
    return { right, total, solvedAt: right > 0 ? total : total + (p > 0 ? wait : Number.POSITIVE_INFINITY) };
  });
}
