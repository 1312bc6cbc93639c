import type { Markish } from "@observablehq/plot";
import { extent, fit, widthOf } from "./axes.ts";
import { type Canvas, FAINT, INK } from "./canvas.ts";
import { formatNumber, formatTick, known } from "./numbers.ts";
import type { Heat } from "./types.ts";

const PALE = "#edf4fa";
const DEEP = "#08457e";
const CELL_HEIGHT = 34;
/** Length of turned labels of columns, in px. */
const MOST_TURNED = 150;

interface Square {
  readonly row: number;
  readonly column: number;
  readonly value: number;
  /** 0 for the least value of the figure (0 or below), 1 for the largest. */
  readonly depth: number;
}

/** The cells that have a value. */
export function squaresOf({ rows, columns, values }: Heat): readonly Square[] {
  const squares = rows.flatMap((_, row) =>
    columns.flatMap((_, column) => {
      const value = known(values[row]?.[column]);
      return value === undefined ? [] : [{ row, column, value }];
    }),
  );
  const [low, high] = extent([0, ...squares.map(({ value }) => value)]);
  return squares.map((square) => ({ ...square, depth: (square.value - low) / (high - low || 1) }));
}

export function drawHeat(canvas: Canvas, figure: Heat, width: number, description: string): string {
  const layout = layoutOf(figure, width);
  const { left, top } = layout;
  return canvas.svg(
    {
      width,
      height: top + 8 + CELL_HEIGHT * Math.max(1, figure.rows.length),
      marginLeft: left,
      marginRight: 8,
      marginTop: top,
      marginBottom: 8,
      x: { type: "band", domain: [...figure.columns.keys()], padding: 0.05 },
      y: { type: "band", domain: [...figure.rows.keys()], padding: 0.08 },
      color: { type: "linear", domain: [0, 1], range: [PALE, DEEP] },
      marks: [...labelMarks(canvas, figure, layout), ...squareMarks(canvas, figure, layout)],
    },
    description,
  );
}

/** Margins and the distance of columns, in px, and whether the labels of columns are turned to fit. */
interface Layout {
  readonly left: number;
  readonly top: number;
  readonly step: number;
  readonly isTurned: boolean;
}

function layoutOf({ labels, rows, columns }: Heat, width: number): Layout {
  const most = width > 500 ? 200 : 120;
  const left = 16 + Math.min(most, Math.max(widthOf(labels.rows), ...rows.map(widthOf)));
  const step = (width - left - 8) / Math.max(1, columns.length);
  const isTurned = columns.some((column) => widthOf(column) > step - 4);
  const top = isTurned ? 34 + 0.77 * Math.min(MOST_TURNED, Math.max(...columns.map(widthOf))) : 46;
  return { left, top, step, isTurned };
}

function labelMarks({ plot }: Canvas, { labels, rows, columns }: Heat, layout: Layout): readonly Markish[] {
  const { left, top, step, isTurned } = layout;
  const ticks = { label: null, tickSize: 0, fill: FAINT };
  const heading = { frameAnchor: "top-left", dy: 4 - top, fill: INK, fontWeight: "bold" } as const;
  return [
    plot.axisX({
      ...ticks,
      anchor: "top",
      tickRotate: isTurned ? -50 : 0,
      tickFormat: (column: number) => fit(columns[column]!, isTurned ? MOST_TURNED : step),
    }),
    plot.axisY({ ...ticks, tickFormat: (row: number) => fit(rows[row]!, left - 12) }),
    plot.text([fit(labels.columns, step * columns.length)], heading),
    plot.text([fit(labels.rows, left - 12)], { ...heading, textAnchor: "end", dx: -9 }),
  ];
}

function squareMarks({ plot }: Canvas, figure: Heat, { step }: Layout): readonly Markish[] {
  const { rows, columns, format } = figure;
  const squares = squaresOf(figure);
  const write = ({ value }: Square) =>
    format === "percent" ? formatTick(Math.round(100 * value), "plain") : formatNumber(value);
  const fits = squares.every((square) => widthOf(write(square)) <= step);
  const place = { x: "column", y: "row" } as const;
  const title = ({ row, column, value }: Square) =>
    `${rows[row]}, ${columns[column]}: ${formatNumber(value, format)}`;
  const ink = ({ depth }: Square) => (depth > 0.5 ? "white" : INK);
  return [
    plot.cell([...squares], { ...place, fill: "depth", title }),
    plot.text(fits ? [...squares] : [], { ...place, text: write, fill: ink }),
  ];
}
