import type { Markish } from "@observablehq/plot";
import { type Axis, axisOf, fit, widthOf } from "./axes.ts";
import { type Canvas, COLOURS, FAINT, GRID, INK } from "./canvas.ts";
import { bottomLabel } from "./frame.ts";
import { formatRange, known } from "./numbers.ts";
import type { Bars, Ranged } from "./types.ts";

interface Row extends Ranged {
  readonly place: number;
  readonly label: string;
  readonly value: number | undefined;
}

/** All bars; one that cannot be drawn has no value. */
export function rowsOf({ bars, x }: Bars): readonly Row[] {
  const drawable = (value: number | undefined) => {
    const finite = known(value);
    return finite === undefined || (x.scale !== "linear" && finite <= 0) ? undefined : finite;
  };
  return bars.map(({ label, value, low, high }, place) => ({
    place,
    label,
    value: drawable(value),
    low: drawable(low),
    high: drawable(high),
  }));
}

export function drawBars(canvas: Canvas, figure: Bars, width: number, description: string): string {
  const { plot } = canvas;
  const rows = rowsOf(figure);
  const layout = layoutOf(figure, rows, width);
  const { left, right, isBeside } = layout;
  const axis = axisOf(valuesOf(figure, rows), figure.x.scale, width - left - right, figure.x.format);
  return canvas.svg(
    {
      width,
      height: 78 + (isBeside ? 34 : 52) * Math.max(1, rows.length),
      marginLeft: left,
      marginRight: right,
      marginTop: 28,
      marginBottom: 50,
      x: { type: axis.type, domain: [...axis.domain], inset: axis.type === "log" ? 8 : 0 },
      y: { type: "band", axis: null, domain: rows.map(({ place }) => place), padding: 0 },
      marks: [
        plot.gridX([...axis.ticks], { stroke: GRID, strokeOpacity: 1 }),
        plot.axisX([...axis.ticks], { label: null, tickSize: 0, fill: FAINT, text: axis.format }),
        bottomLabel(canvas, figure.x.label, width - left),
        ...valueMarks(canvas, figure, rows, isBeside),
        ...referenceMarks(canvas, figure, axis, width),
        ...textMarks(canvas, rows, layout),
      ],
    },
    description,
  );
}

/** Where texts stand: beside their bars, in margins of this many px, or above them where there is no room. */
interface Layout {
  readonly left: number;
  readonly right: number;
  readonly isBeside: boolean;
  readonly width: number;
  /** What the row's value and interval are. */
  readonly told: (row: Row) => string;
}

function layoutOf({ x }: Bars, rows: readonly Row[], width: number): Layout {
  const told = (row: Row) => formatRange(row.value, row, x.format);
  if (width <= 500) return { left: 14, right: 14, isBeside: false, width, told };
  const left = 18 + Math.min(340, Math.max(60, ...rows.map(({ label }) => widthOf(label))));
  const right = 18 + Math.max(40, ...rows.map((row) => widthOf(told(row))));
  return { left, right, isBeside: true, width, told };
}

/** Labels and values; their outline keeps them readable on lines. */
function textMarks({ plot }: Canvas, rows: readonly Row[], layout: Layout): readonly Markish[] {
  const { left, right, isBeside, width, told } = layout;
  const text = { y: "place", fill: INK, stroke: "white", strokeWidth: 5, dy: isBeside ? 0 : -15 } as const;
  const room = (row: Row) => (isBeside ? left - 14 : width - 44 - widthOf(told(row)));
  return [
    plot.text([...rows], {
      ...text,
      text: (row: Row) => fit(row.label, room(row)),
      frameAnchor: "left",
      textAnchor: isBeside ? "end" : "start",
      dx: isBeside ? -10 : 2,
    }),
    plot.text([...rows], {
      ...text,
      text: told,
      frameAnchor: "right",
      textAnchor: "end",
      dx: isBeside ? right - 6 : -2,
      fontVariant: "tabular-nums",
    }),
  ];
}

function valuesOf({ reference, x }: Bars, rows: readonly Row[]): readonly number[] {
  const values = [...rows.flatMap(({ value, low, high }) => [value, low, high]), known(reference?.value)];
  return [...(x.scale === "linear" ? [0] : []), ...values.filter((value) => value !== undefined)];
}

function valueMarks(
  { plot }: Canvas,
  { x }: Bars,
  rows: readonly Row[],
  isBeside: boolean,
): readonly Markish[] {
  const shown = rows.filter(({ value }) => value !== undefined);
  const ranged = shown.filter(({ low, high }) => low !== undefined || high !== undefined);
  const bars = plot.barX(shown, {
    x1: 0,
    x2: "value",
    y: "place",
    fill: COLOURS[0],
    fillOpacity: 0.75,
    insetTop: isBeside ? 8 : 26,
    insetBottom: 8,
  });
  const below = { dy: isBeside ? 0 : 9 };
  return [
    ...(x.scale === "linear" ? [bars] : []),
    plot.link(ranged, {
      x1: (row: Row) => row.low ?? row.value,
      x2: (row: Row) => row.high ?? row.value,
      y: "place",
      stroke: INK,
      strokeWidth: 1.6,
      ...below,
    }),
    ...(x.scale === "linear"
      ? []
      : [plot.dot(shown, { x: "value", y: "place", fill: COLOURS[0], r: 5, ...below })]),
  ];
}

function referenceMarks(
  { plot }: Canvas,
  { reference, x }: Bars,
  axis: Axis,
  width: number,
): readonly Markish[] {
  const value = known(reference?.value);
  if (reference === undefined || value === undefined || (x.scale !== "linear" && value <= 0)) return [];
  const [from, to] = axis.type === "log" ? axis.domain.map(Math.log) : axis.domain;
  const share = ((axis.type === "log" ? Math.log(value) : value) - from!) / (to! - from!);
  return [
    plot.ruleX([value], { stroke: COLOURS[1], strokeWidth: 1.6, strokeDasharray: "5,3" }),
    plot.text([fit(reference.label, width / 2)], {
      x: () => value,
      frameAnchor: "top",
      dy: -18,
      textAnchor: share > 0.6 ? "end" : share < 0.4 ? "start" : "middle",
      fill: COLOURS[1],
      fontWeight: "bold",
    }),
  ];
}
