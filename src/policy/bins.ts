/** Bins of difficulty. Bin 0 is the easiest; papers count from 1. */
export interface Bins {
  /** Ascending; a problem is in the bin whose number is that of the edges above its estimate. */
  readonly edges: readonly number[];
  /** Why there are fewer bins than were asked for. */
  readonly note?: string;
}

/** Makes bins for problems with these estimates, of which higher ones are easier. */
export type Binning = (estimates: readonly number[]) => Bins;

/** The bin of an estimate, from 0, the easiest. An estimate on an edge is on its easier side. */
export function binOf({ edges }: Bins, estimate: number): number {
  return edges.reduce((bin, edge) => bin + Number(edge > estimate), 0);
}

/**
 * Bins of equally many problems (Snell et al. 2024, section 3.2: 5). An edge lies halfway between the estimates on
 * its sides. Equal estimates share a bin: the edge moves to the nearest place where estimates differ, the lower one
 * of two, and edges that meet there are one, so that there may be fewer bins but none is empty.
 * @throws RangeError for a number of bins that is not whole or below 1; the binning, for no problem, or an estimate
 * that is not finite
 */
export function quantileBins(bins = 5): Binning {
  if (!Number.isInteger(bins) || bins < 1)
    throw new RangeError(`${bins} is no number of bins: use 1 or more.`);
  return (estimates) => {
    refuseMissing(estimates);
    const sorted = [...estimates].sort((a, b) => a - b);
    const steps = sorted.flatMap((value, place) => (place > 0 && value > sorted[place - 1]! ? [place] : []));
    const found = Array.from({ length: bins - 1 }, (_, index) =>
      nearest(steps, ((index + 1) * sorted.length) / bins),
    );
    const places = [...new Set(found)].filter((place) => place !== undefined);
    const edges = places.map((place) => between(sorted[place - 1]!, sorted[place]!));
    if (edges.length === bins - 1) return { edges };
    const note =
      edges.length === 0
        ? `All ${sorted.length} problems have the same estimate: there is one bin.`
        : `Equal estimates leave ${edges.length + 1} bins of ${bins}.`;
    return { edges, note };
  };
}

/**
 * Bins between given estimates. The default is that of Liu et al. 2025 (arXiv:2502.06703): pass@1 of 50% and more is
 * easy, from 10% medium, below hard. Bins may be empty.
 * @throws RangeError for edges that do not rise; the binning, for no problem, or an estimate that is not finite
 */
export function absoluteBins(edges: readonly number[] = [0.1, 0.5]): Binning {
  if (edges.some((edge, place) => !Number.isFinite(edge) || edge <= (edges[place - 1] ?? -Infinity)))
    throw new RangeError("Edges of bins must rise.");
  return (estimates) => {
    refuseMissing(estimates);
    return { edges };
  };
}

function refuseMissing(estimates: readonly number[]): void {
  if (estimates.length === 0) throw new RangeError("Bins need a problem at least.");
  const missing = estimates.findIndex((estimate) => !Number.isFinite(estimate));
  if (missing >= 0) throw new RangeError(`Problem ${missing} has no estimate of difficulty: leave it out.`);
}

function nearest(places: readonly number[], wanted: number): number | undefined {
  const distance = (place: number) => Math.abs(place - wanted);
  return places.reduce<number | undefined>(
    (best, place) => (best === undefined || distance(place) < distance(best) ? place : best),
    undefined,
  );
}

/** Above the lower value, also where rounding leaves no number between them. */
function between(lower: number, upper: number): number {
  const middle = lower + (upper - lower) / 2;
  return middle > lower ? middle : upper;
}
