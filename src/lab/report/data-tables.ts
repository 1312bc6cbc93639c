import { formatCell, known } from "./numbers.ts";
import type { Curves, Figure, Format, Ranged, Table, TableCell, TableColumn } from "./types.ts";

/** The numbers of a figure as a table, with those that are not drawn. */
export function tableOf(figure: Figure): Table {
  const { caption } = figure;
  switch (figure.kind) {
    case "curves":
      return { caption, ...curvesTable(figure) };
    case "reliability":
      return {
        caption,
        columns: [{ name: "mean score" }, { name: "share right", format: "percent" }, { name: "candidates" }],
        rows: figure.bins.map((bin) => [bin.score, ranged(bin.share, bin), bin.count]),
      };
    case "heat": {
      const { labels, format, columns, rows, values } = figure;
      return {
        caption,
        columns: [
          { name: `${labels.rows} \\ ${labels.columns}` },
          ...columns.map((name) => ({ name, format })),
        ],
        rows: rows.map((row, index) => [row, ...columns.map((_, column) => values[index]?.[column])]),
      };
    }
    case "bars":
      return {
        caption,
        columns: [{ name: "" }, { name: figure.x.label, format: figure.x.format }],
        rows: figure.bars.map((bar) => [bar.label, ranged(bar.value, bar)]),
      };
  }
}

function curvesTable({ x, y, series }: Curves): Pick<Table, "columns" | "rows"> {
  const hasPanels = series.some(({ panel }) => panel !== undefined);
  const panel: readonly TableColumn[] = hasPanels ? [{ name: "panel" }] : [];
  return {
    columns: [{ name: "series" }, ...panel, { name: x.label }, { name: y.label, format: y.format }],
    rows: series.flatMap((one) =>
      one.points.map((point) => [
        one.label,
        ...(hasPanels ? [one.panel ?? "all"] : []),
        point.x,
        ranged(point.y, point),
      ]),
    ),
  };
}

/** A value with its interval where there is one. */
function ranged(value: number | undefined, { low, high }: Ranged): TableCell {
  const mean = known(value);
  if (mean === undefined || (known(low) === undefined && known(high) === undefined)) return mean;
  return { mean, low, high };
}

/** Whether a column needs columns for the ends of intervals beside it. */
function hasRanges(rows: Table["rows"], column: number): boolean {
  return rows.some((row) => typeof row[column] === "object");
}

/** The table as comma-separated values (RFC 4180); intervals get columns of their own, unknown is empty. */
export function csvOf({ columns, rows }: Table): string {
  const isRanged = columns.map((_, index) => hasRanges(rows, index));
  const head = columns.flatMap(({ name }, index) =>
    isRanged[index] ? [name, `${name} low`, `${name} high`] : [name],
  );
  const lines = rows.map((row) =>
    columns.flatMap((_, index) => {
      const cell = row[index];
      if (typeof cell === "object" && cell !== null) return [cell.mean, cell.low, cell.high];
      return isRanged[index] ? [cell, undefined, undefined] : [cell];
    }),
  );
  return [head, ...lines].map((line) => `${line.map(csvField).join(",")}\r\n`).join("");
}

function csvField(value: string | number | undefined): string {
  const text = typeof value === "string" ? value : String(known(value) ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What a reader sees in a cell, and whether it is a number. */
export function shown(
  cell: TableCell,
  format: Format | undefined,
): { readonly text: string; readonly isNumber: boolean } {
  return { text: formatCell(cell, format), isNumber: typeof cell !== "string" };
}
