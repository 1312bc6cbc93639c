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
  const beside = width > 500;
  const told = new Map(rows.map((row) => [row, formatRange(row.value, row, figure.x.format)]));
  const left = beside ? 18 + Math.min(340, Math.max(60, ...rows.map(({ label }) => widthOf(label)))) : 14;
  const right = beside ? 18 + Math.max(40, ...[...told.values()].map(widthOf)) : 14;
  const axis = axisOf(valuesOf(figure, rows), figure.x.scale, width - left - right, figure.x.format);
  const text = { y: "place", fill: INK, stroke: "white", strokeWidth: 5 } as const;
  const above = beside ? {} : { dy: -15 };
  const room = (row: Row) => (beside ? left - 14 : width - 44 - widthOf(told.get(row)!));
  return canvas.svg(
    {
      width,
      height: 78 + (beside ? 34 : 52) * Math.max(1, rows.length),
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
        ...valueMarks(canvas, figure, rows, beside),
        ...referenceMarks(canvas, figure, axis, width),
        plot.text([...rows], {
          ...text,
          ...above,
          text: (row: Row) => fit(row.label, room(row)),
          frameAnchor: "left",
          textAnchor: beside ? "end" : "start",
          dx: beside ? -10 : 2,
        }),
        plot.text([...rows], {
          ...text,
          ...above,
          text: (row: Row) => told.get(row)!,
          frameAnchor: "right",
          textAnchor: "end",
          dx: beside ? right - 6 : -2,
          fontVariant: "tabular-nums",
        }),
      ],
    },
    description,
  );
}

function valuesOf({ reference, x }: Bars, rows: readonly Row[]): readonly number[] {
  const values = [...rows.flatMap(({ value, low, high }) => [value, low, high]), known(reference?.value)];
  return [...(x.scale === "linear" ? [0] : []), ...values.filter((value) => value !== undefined)];
}

function valueMarks(
  { plot }: Canvas,
  { x }: Bars,
  rows: readonly Row[],
  beside: boolean,
): readonly Markish[] {
  const shown = rows.filter(({ value }) => value !== undefined);
  const ranged = shown.filter(({ low, high }) => low !== undefined || high !== undefined);
  const inset = beside ? 8 : 17;
  const bars = plot.barX(shown, {
    x1: 0,
    x2: "value",
    y: "place",
    fill: COLOURS[0],
    fillOpacity: 0.75,
    insetTop: beside ? inset : 26,
    insetBottom: beside ? inset : 8,
  });
  const below = beside ? {} : { dy: 9 };
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
