import { rng } from "../../src/random.ts";
import { wilson } from "../../src/stats/proportions.ts";
import { type Cell, cellKey } from "./cells.ts";
import { type Contender, SAMPLES, SIZES } from "./contenders.ts";

/** A share of problems with its 95% interval. */
export interface Share {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** One contender at one size over some problems: means per problem. */
export interface Point extends Share {
  readonly n: number;
  readonly generated: number;
  readonly tokens: number;
  readonly flops: number;
}

/** One contender over some problems. */
export interface Row {
  readonly label: string;
  /** By size. */
  readonly points: readonly Point[];
  /** At the FLOPs of weighted best-of-N at each of `SIZES`; `undefined`: not reached. */
  readonly atFlops: readonly (Share | undefined)[];
}

/** Everything about one group of problems. */
export interface Table {
  readonly family: string;
  /** `undefined`: all levels together. */
  readonly level: number | undefined;
  readonly problems: number;
  /** FLOPs of weighted best-of-N at each of `SIZES`. */
  readonly flops: readonly number[];
  readonly rows: readonly Row[];
  /** Share of problems with a right one among the first N samples, for each of `SIZES`. */
  readonly passAt: readonly Share[];
}

/** The yardstick of equal FLOPs. */
export const YARDSTICK = "weighted-best-of-n";

/** The Wilson interval of a share of `count` problems; the share may be interpolated. */
export function share(value: number, count: number): Share {
  const [low, high] = wilson(value * count, count);
  return { value, low, high };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The accuracy at a cost, linear in the logarithm of FLOPs between the two sizes around it; `undefined` outside
 * of what was run: nothing is extrapolated.
 */
export function accuracyAt(
  points: readonly Pick<Point, "flops" | "value">[],
  flops: number,
): number | undefined {
  const sorted = [...points].sort((a, b) => a.flops - b.flops);
  const after = sorted.findIndex((point) => point.flops >= flops);
  const right = sorted[after];
  if (right === undefined) return undefined;
  if (right.flops === flops) return right.value;
  const left = sorted[after - 1];
  if (left === undefined) return undefined;
  const place = Math.log(flops / left.flops) / Math.log(right.flops / left.flops);
  return left.value + place * (right.value - left.value);
}

/** Problems of which every cell is there, so that all contenders are compared on the same ones. */
export function completeProblems(
  cells: ReadonlyMap<string, Cell>,
  problems: readonly string[],
  all: readonly Contender[],
): readonly string[] {
  return problems.filter((problem) =>
    all.every(({ label, sizes }) => sizes.every((n) => cells.has(cellKey({ problem, label, n })))),
  );
}

/** Whether one of the first `n` samples of a problem is right. */
export function passes(cells: ReadonlyMap<string, Cell>, problem: string, n: number): boolean {
  const drawn = cells.get(cellKey({ problem, label: "majority", n: SAMPLES }));
  return drawn?.samples?.slice(0, n).includes("1") ?? false;
}

/** The figures of one group of problems. */
export function tableOf(
  cells: ReadonlyMap<string, Cell>,
  group: Pick<Table, "family" | "level"> & { readonly problems: readonly string[] },
  all: readonly Contender[],
): Table {
  const { problems } = group;
  const pointsOf = ({ label, sizes }: Contender): Point[] =>
    sizes.map((n) => {
      const run = problems.map((problem) => cells.get(cellKey({ problem, label, n }))!);
      return {
        n,
        ...share(mean(run.map(({ right }) => Number(right))), problems.length),
        generated: mean(run.map(({ generated }) => generated)),
        tokens: mean(run.map(({ tokens }) => tokens)),
        flops: mean(run.map(({ flops }) => flops)),
      };
    });
  const byLabel = new Map(all.map((contender) => [contender.label, pointsOf(contender)]));
  const yardstick = byLabel.get(YARDSTICK) ?? [];
  const flops = SIZES.map((n) => yardstick.find((point) => point.n === n)?.flops ?? Number.NaN);
  const rows = [...byLabel].map(([label, points]) => ({
    label,
    points,
    atFlops: flops.map((cost) => {
      const value = accuracyAt(points, cost);
      return value === undefined ? undefined : share(value, problems.length);
    }),
  }));
  const passAt = SIZES.map((n) =>
    share(mean(problems.map((problem) => Number(passes(cells, problem, n)))), problems.length),
  );
  return { ...group, problems: problems.length, flops, rows, passAt };
}

/** What of the room between greedy and pass@N a contender takes. */
export interface Gap extends Share {
  readonly label: string;
  readonly n: number;
}

const RESAMPLES = 2000;

/**
 * (accuracy − greedy) / (pass@N − greedy) of the most accurate contender of pico-s with its PRM or without a
 * verifier, at the largest of `SIZES`, with a bootstrap interval over problems. That the best is chosen on the
 * same problems is not
 * in the interval. `undefined` where greedy is right wherever a sample is.
 */
export function gapClosed(
  cells: ReadonlyMap<string, Cell>,
  problems: readonly string[],
  all: readonly Contender[],
): Gap | undefined {
  const n = SIZES[SIZES.length - 1]!;
  const rightOf = (label: string, size: number) =>
    problems.map((problem) => Number(cells.get(cellKey({ problem, label, n: size }))?.right ?? false));
  const learned = all.filter(
    ({ verifier, revises, sizes }) => verifier === "prm" && !revises && sizes.includes(n),
  );
  const best = learned
    .map(({ label }) => ({ label, right: rightOf(label, n) }))
    .sort((a, b) => mean(b.right) - mean(a.right))[0];
  if (best === undefined || problems.length === 0) return undefined;
  const greedy = rightOf("greedy", 1);
  const passed = problems.map((problem) => Number(passes(cells, problem, n)));
  const gap = (places: readonly number[]) => {
    const at = (values: readonly number[]) => mean(places.map((place) => values[place]!));
    return (at(best.right) - at(greedy)) / (at(passed) - at(greedy));
  };
  const random = rng(1);
  const drawn = Array.from({ length: RESAMPLES }, () =>
    gap(problems.map(() => random.int(0, problems.length - 1))),
  )
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const at = (part: number) => drawn[Math.floor(part * drawn.length)] ?? Number.NaN;
  const value = gap([...problems.keys()]);
  if (!Number.isFinite(value)) return undefined;
  return { label: best.label, n, value, low: at(0.025), high: at(0.975) };
}

/** Problems where best-of-N by the exact rule is right and pass@N is not, or the other way round: must be none. */
export function ruleMisses(
  cells: ReadonlyMap<string, Cell>,
  problems: readonly string[],
  { label, sizes }: Contender,
): readonly string[] {
  return problems.flatMap((problem) =>
    sizes.flatMap((n) =>
      cells.get(cellKey({ problem, label, n }))?.right === passes(cells, problem, n)
        ? []
        : [`${problem} at N=${n}`],
    ),
  );
}
