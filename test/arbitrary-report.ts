import fc from "fast-check";
import type { Estimate, Figure, Report, Section, Table, TableCell } from "../src/lab/index.ts";

/** Words that a page must never show, so that no text of the data may hold them either. */
export const NEVER = /NaN|undefined|Infinity|null|⚠/;

const nasty = fc.constantFrom(
  "",
  "<script>alert(1)</script>",
  "</svg></figure><img src=x onerror=alert(1)>",
  `" onload="alert(1)`,
  "'&amp;\"",
  "]]><!--",
  "red",
  "a\tb\nc",
  "一二三🙂",
  "x".repeat(300),
);
const text = fc.oneof(
  nasty,
  fc.string({ unit: "binary", maxLength: 12 }).filter((one) => !NEVER.test(one)),
);
const wild = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, 1, 512, -1, 1e-320, 1e308, Number.NaN, Number.POSITIVE_INFINITY),
  fc.integer({ min: -5, max: 1000 }),
  fc.constant(undefined),
);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const share = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined });
const scale = fc.constantFrom("log2" as const, "log10" as const, "linear" as const);
const format = fc.constantFrom("plain" as const, "percent" as const);
const few = { maxLength: 4 };
const ends = { low: wild, high: wild };

const curves = fc.record({
  kind: fc.constant("curves" as const),
  caption: text,
  x: fc.record({ label: text, scale }),
  y: fc.record({ label: text, format }),
  series: fc.array(
    fc.record({
      label: text,
      panel: fc.option(text, { nil: undefined }),
      points: fc.array(fc.record({ x: wild, y: wild, ...ends }), few),
    }),
    few,
  ),
});

const reliability = fc.record({
  kind: fc.constant("reliability" as const),
  caption: text,
  bins: fc.array(fc.record({ score: share, share, low: share, high: share, count: fc.nat() }), few),
});

const heat = fc.tuple(fc.array(text, few), fc.array(text, few)).chain(([rows, columns]) =>
  fc.record({
    kind: fc.constant("heat" as const),
    caption: text,
    labels: fc.record({ rows: text, columns: text, values: text }),
    format,
    rows: fc.constant(rows),
    columns: fc.constant(columns),
    values: fc.array(fc.array(wild, sized(columns.length)), sized(rows.length)),
  }),
);

const bars = fc.record({
  kind: fc.constant("bars" as const),
  caption: text,
  x: fc.record({ label: text, scale, format }),
  bars: fc.array(fc.record({ label: text, value: wild, ...ends }), few),
  reference: fc.option(fc.record({ value: finite, label: text }), { nil: undefined }),
});

/** Any figure, the most degenerate included. */
export const anyFigure: fc.Arbitrary<Figure> = fc.oneof(curves, reliability, heat, bars);

const estimate: fc.Arbitrary<Estimate> = fc.record({ mean: fc.double(), ...ends });
const cell: fc.Arbitrary<TableCell> = fc.oneof(text, wild, estimate);
const table: fc.Arbitrary<Table> = fc
  .array(fc.record({ name: text, format: fc.option(format, { nil: undefined }) }), few)
  .chain((columns) =>
    fc.record({
      caption: text,
      columns: fc.constant(columns),
      rows: fc.array(fc.array(cell, sized(columns.length)), few),
    }),
  );
const section: fc.Arbitrary<Section> = fc.record({
  heading: text,
  text: fc.array(text, { maxLength: 2 }),
  figures: fc.array(anyFigure, { maxLength: 2 }),
  tables: fc.array(table, { maxLength: 2 }),
});
const facts = fc.array(fc.tuple(text, fc.oneof(text, finite)), { maxLength: 2 });

/** Any report of the right type. */
export const anyReport: fc.Arbitrary<Report> = fc.record({
  title: text,
  summary: fc.array(text, { maxLength: 2 }),
  facts,
  commands: fc.array(text, { maxLength: 2 }),
  cost: facts,
  sections: fc.array(section, { maxLength: 2 }),
});

function sized(length: number): { readonly minLength: number; readonly maxLength: number } {
  return { minLength: length, maxLength: length };
}
