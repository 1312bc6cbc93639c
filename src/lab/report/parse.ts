import type { Estimate } from "../../stats/means.ts";
import { UsageError } from "../../types.ts";
import { type Check, fields, list, number, oneOf, optional, text, where, wrong } from "./checks.ts";
import type {
  Bar,
  Bars,
  Curves,
  Fact,
  Figure,
  Format,
  Heat,
  Point,
  Reliability,
  ReliabilityBin,
  Report,
  Section,
  Series,
  Table,
  TableCell,
  TableColumn,
} from "./types.ts";

const known = optional(number);
const format: Check<Format> = oneOf("plain", "percent");
const scale = oneOf("log2", "log10", "linear");
const caption = text;

const share = optional(where(number, (value) => value >= 0 && value <= 1, "it must be from 0 to 1"));
const count = where(
  number,
  (value) => Number.isInteger(value) && value >= 0,
  "it must be a whole number from 0",
);

const curves = fields<Curves>({
  kind: oneOf("curves"),
  caption,
  x: fields<Curves["x"]>({ label: text, scale }),
  y: fields<Curves["y"]>({ label: text, format }),
  series: list(
    fields<Series>({
      label: text,
      panel: optional(text),
      points: list(fields<Point>({ x: known, y: known, low: known, high: known })),
    }),
  ),
});

const reliability = fields<Reliability>({
  kind: oneOf("reliability"),
  caption,
  bins: list(fields<ReliabilityBin>({ score: share, share, low: share, high: share, count })),
});

const heat = where(
  fields<Heat>({
    kind: oneOf("heat"),
    caption,
    labels: fields<Heat["labels"]>({ rows: text, columns: text, values: text }),
    format,
    rows: list(text),
    columns: list(text),
    values: list(list(known)),
  }),
  ({ rows, columns, values }) =>
    values.length === rows.length && values.every((row) => row.length === columns.length),
  "its values must have one list per row, with one value per column",
);

const bars = fields<Bars>({
  kind: oneOf("bars"),
  caption,
  x: fields<Bars["x"]>({ label: text, scale, format }),
  bars: list(fields<Bar>({ label: text, value: known, low: known, high: known })),
  reference: optional(fields<NonNullable<Bars["reference"]>>({ value: number, label: text })),
});

const FIGURES = { curves, reliability, heat, bars } as const;

const figure: Check<Figure> = (value, at) => {
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
  const name = oneOf(...(Object.keys(FIGURES) as (keyof typeof FIGURES)[]))(kind, `${at}.kind`);
  return FIGURES[name](value, at);
};

const estimate = fields<Estimate>({ mean: number, low: known, high: known });

/** An estimate whose mean is unknown is an unknown cell. */
const cell: Check<TableCell> = (value, at) => {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return known(value, at);
  return "mean" in value && value.mean === null ? undefined : estimate(value, at);
};

const table = where(
  fields<Table>({
    caption,
    columns: list(fields<TableColumn>({ name: text, format: optional(format) })),
    rows: list(list(cell)),
  }),
  ({ columns, rows }) => rows.every((row) => row.length === columns.length),
  "its rows must have one cell per column",
);

const fact: Check<Fact> = (value, at) => {
  if (!Array.isArray(value) || value.length !== 2) return wrong(at, "it must be [name, value]");
  const [name, told] = value as readonly unknown[];
  return [text(name, `${at}[0]`), typeof told === "number" ? told : text(told, `${at}[1]`)];
};

const section = fields<Section>({
  heading: text,
  text: list(text),
  figures: list(figure),
  tables: list(table),
});

const report = fields<Report>({
  title: text,
  summary: list(text),
  facts: list(fact),
  commands: list(text),
  cost: list(fact),
  sections: list(section),
});

/** Reads a report.json. Throws a `UsageError` that says which place of it is wrong, and what belongs there. */
export function parseReport(json: string): Report {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new UsageError("The report is not JSON.", { cause });
  }
  return report(value, "");
}
