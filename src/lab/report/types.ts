/**
 * A report is plain data: what `report.json` holds and `renderReport` draws. Shares are from 0 to 1, costs are per
 * problem. Unknown is `undefined` (`null` in lists of JSON): an unknown value is not drawn, and its table says so.
 */
import type { Estimate } from "../../stats/means.ts";

export interface Report {
  readonly title: string;
  /** Paragraphs that say what came out. */
  readonly summary: readonly string[];
  /** What was measured: models, fingerprints, problems, seeds, date. */
  readonly facts: readonly Fact[];
  /** Command lines that measure it again. */
  readonly commands: readonly string[];
  /** What it cost: generations, tokens, FLOPs, dollars, hours. */
  readonly cost: readonly Fact[];
  readonly sections: readonly Section[];
}

export type Fact = readonly [name: string, value: string | number];

export interface Section {
  readonly heading: string;
  /** Paragraphs. */
  readonly text: readonly string[];
  readonly figures: readonly Figure[];
  readonly tables: readonly Table[];
}

/** How to write a number: as it is, or a share as a percentage. */
export type Format = "plain" | "percent";

export interface Table {
  readonly caption: string;
  readonly columns: readonly TableColumn[];
  /** One cell per column. */
  readonly rows: readonly (readonly TableCell[])[];
}

export interface TableColumn {
  readonly name: string;
  /** Default "plain". */
  readonly format?: Format | undefined;
}

export type TableCell = string | number | Estimate | undefined;

export type Figure = Curves | Reliability | Heat | Bars;

/** "log2" has ticks at 1, 2, 4, ...; "log10" at powers of ten. Both leave out what is not above 0. */
export type ScaleName = "log2" | "log10" | "linear";

/** A value with the ends of its interval. */
export interface Ranged {
  readonly low?: number | undefined;
  readonly high?: number | undefined;
}

/** Lines with bands, in one panel or several that share their axes. */
export interface Curves {
  readonly kind: "curves";
  readonly caption: string;
  readonly x: { readonly label: string; readonly scale: ScaleName };
  readonly y: { readonly label: string; readonly format: Format };
  readonly series: readonly Series[];
}

export interface Series {
  /** The same label has the same colour in all panels. */
  readonly label: string;
  /** Title of its panel, such as a difficulty bin. Default: the one without title. */
  readonly panel?: string | undefined;
  readonly points: readonly Point[];
}

export interface Point extends Ranged {
  readonly x?: number | undefined;
  readonly y?: number | undefined;
}

/** How often candidates of a score are right, with the diagonal of a calibrated verifier and a histogram. */
export interface Reliability {
  readonly kind: "reliability";
  readonly caption: string;
  readonly bins: readonly ReliabilityBin[];
}

export interface ReliabilityBin extends Ranged {
  /** Mean score, 0 to 1. */
  readonly score?: number | undefined;
  /** Share that is right, 0 to 1, with its interval. */
  readonly share?: number | undefined;
  /** Candidates. */
  readonly count: number;
}

/** A coloured table, such as the share of problems per difficulty bin (row) and number of samples (column). */
export interface Heat {
  readonly kind: "heat";
  readonly caption: string;
  /** What rows, columns and values are. */
  readonly labels: { readonly rows: string; readonly columns: string; readonly values: string };
  readonly format: Format;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** `values[row][column]`. */
  readonly values: readonly (readonly (number | undefined)[])[];
}

/** Labelled values with intervals: bars from 0, or on a "log2" or "log10" scale dots. */
export interface Bars {
  readonly kind: "bars";
  readonly caption: string;
  readonly x: { readonly label: string; readonly scale: ScaleName; readonly format: Format };
  readonly bars: readonly Bar[];
  /** A line to compare with, such as a ratio of 1. */
  readonly reference?: { readonly value: number; readonly label: string } | undefined;
}

export interface Bar extends Ranged {
  readonly label: string;
  readonly value?: number | undefined;
}
