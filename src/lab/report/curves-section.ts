import type { Estimate } from "../../stats/means.ts";
import type { Curves, Section, Table, TableCell } from "./types.ts";

/** A strategy at several budgets, as it was measured. */
export interface MeasuredSeries {
  readonly label: string;
  /** Difficulty bin of the problems; bins become panels. Default: all problems together. */
  readonly bin?: string | undefined;
  readonly points: readonly MeasuredPoint[];
}

/** Means over problems at one budget. */
export interface MeasuredPoint {
  /** The budget's size: samples, or beams. */
  readonly n: number;
  readonly generations: number | undefined;
  /** Input and output of all roles. */
  readonly tokens: number | undefined;
  readonly flops: number | undefined;
  /** Share of problems that are solved. */
  readonly accuracy: Estimate;
}

/** What `curvesSection` makes a section of. */
export interface MeasuredCurves {
  readonly heading: string;
  /** Paragraphs. Default: none. */
  readonly text?: readonly string[] | undefined;
  readonly series: readonly MeasuredSeries[];
}

const COSTS = [
  { name: "generations", label: "generations per problem", scale: "log2" },
  { name: "tokens", label: "tokens per problem, all roles", scale: "log10" },
  { name: "flops", label: "FLOPs per problem, all roles", scale: "log10" },
] as const;

/** Accuracy over generations, tokens and FLOPs, one panel per difficulty bin, and the table of all of it. */
export function curvesSection({ heading, text = [], series }: MeasuredCurves): Section {
  return { heading, text, figures: COSTS.map((cost) => figureOf(series, cost)), tables: [tableOf(series)] };
}

function figureOf(series: readonly MeasuredSeries[], { name, label, scale }: (typeof COSTS)[number]): Curves {
  const hasBins = series.some(({ bin }) => bin !== undefined);
  return {
    kind: "curves",
    caption: `Accuracy over ${label}${hasBins ? ", by difficulty" : ""}. Bands: 95% intervals over problems.`,
    x: { label, scale },
    y: { label: "accuracy", format: "percent" },
    series: series.map(({ label, bin, points }) => ({
      label,
      ...(bin !== undefined && { panel: bin }),
      points: points.map((point) => {
        const { mean, low, high } = point.accuracy;
        return { x: point[name], y: mean, low, high };
      }),
    })),
  };
}

function tableOf(series: readonly MeasuredSeries[]): Table {
  const hasBins = series.some(({ bin }) => bin !== undefined);
  const bin = (name: string): readonly string[] => (hasBins ? [name] : []);
  return {
    caption: "Means per problem; accuracy with its 95% interval.",
    columns: [
      ...["strategy", ...bin("difficulty"), "N", "generations", "tokens", "FLOPs"].map((name) => ({ name })),
      { name: "accuracy", format: "percent" },
    ],
    rows: series.flatMap((one) =>
      one.points.map((point): readonly TableCell[] => [
        one.label,
        ...bin(one.bin ?? "all"),
        point.n,
        point.generations,
        point.tokens,
        point.flops,
        point.accuracy,
      ]),
    ),
  };
}
