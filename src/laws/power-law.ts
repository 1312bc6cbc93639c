import type { CoveragePoint } from "./counts.ts";
import { minimise } from "./minimise.ts";

/** coverage(k) = exp(a k^-b), with a < 0 and b > 0. */
export interface PowerLaw {
  readonly a: number;
  readonly b: number;
}

/**
 * The power law of repeated sampling, log c = a k^-b (Brown et al. 2024, arXiv:2407.21787, section 3.1; their b has the
 * other sign), by least squares in coverage over the points given, which all weigh alike. `undefined` when the
 * search does not converge, or there are fewer than 3 points.
 */
export function fitPowerLaw(points: readonly CoveragePoint[], near?: PowerLaw): PowerLaw | undefined {
  if (points.length < 3) return undefined;
  const misfit = ([scale, power]: readonly number[]) => {
    const law = { a: -Math.exp(scale!), b: Math.exp(power!) };
    return points.reduce((sum, { k, coverage }) => sum + (powerCoverage(law, k) - coverage) ** 2, 0);
  };
  const first = -Math.log(Math.min(0.99, Math.max(1e-6, points[0]!.coverage)));
  const from = near ?? { a: -first, b: 0.5 };
  const { at, converged } = minimise(misfit, [Math.log(-from.a), Math.log(from.b)], near ? 0.1 : 0.5);
  return converged ? { a: -Math.exp(at[0]!), b: Math.exp(at[1]!) } : undefined;
}

/** The coverage that the law gives with `k` samples. */
export function powerCoverage({ a, b }: PowerLaw, k: number): number {
  return Math.exp(a * k ** -b);
}
