import { drawBars, rowsOf } from "./bars.ts";
import type { Canvas } from "./canvas.ts";
import { drawKey, drawPanel, labelsOf, panelsOf, spotsOf } from "./curves.ts";
import { escapeHtml } from "./escape.ts";
import { drawHeat, squaresOf } from "./heat.ts";
import { formatNumber, formatRange } from "./numbers.ts";
import { binsOf, drawReliability } from "./reliability.ts";
import type { Bars, Curves, Figure, Heat, Reliability } from "./types.ts";

/** Widths to draw at, in px: for pages and paper, for phones, and for one of several panels or a square figure. */
const WIDE = 760;
const NARROW = 360;
const SQUARE = 420;
/** Series, cells and bars that a description tells one by one. */
const MOST_TOLD = 12;

/**
 * The figure as HTML: its legend and its SVGs. What does not fit a phone is drawn twice, and the page's style
 * shows one of them.
 */
export function drawFigure(canvas: Canvas, figure: Figure): string {
  if (isEmpty(figure)) return '<p class="empty">Nothing to draw: no value is known.</p>';
  const description = describe(figure);
  if (figure.kind === "curves") return drawCurves(canvas, figure, description);
  if (figure.kind === "reliability")
    return `<div class="square">${drawReliability(canvas, figure, SQUARE, description)}</div>`;
  const draw = (width: number) =>
    figure.kind === "heat"
      ? drawHeat(canvas, figure, width, description)
      : drawBars(canvas, figure, width, description);
  const note = figure.kind === "heat" ? `<p class="note">${escapeHtml(heatNote(figure))}</p>` : "";
  return note + twice(draw);
}

function drawCurves(canvas: Canvas, figure: Curves, description: string): string {
  const panels = panelsOf(figure);
  const keys = labelsOf(figure).map(
    (label, index) => `<li>${drawKey(canvas, index)}${escapeHtml(label)}</li>`,
  );
  const legend = `<ul class="legend">${keys.join("")}</ul>`;
  if (panels.length === 1 && panels[0] === undefined)
    return legend + twice((width) => drawPanel(canvas, figure, undefined, width, description));
  const drawn = panels.map((panel) => {
    const title = panel ?? "all";
    const told = `${title}: ${describeCurves({ ...figure, series: figure.series.filter((one) => one.panel === panel) })}`;
    const svg = drawPanel(canvas, figure, panel, NARROW, told);
    return `<div class="panel"><p>${escapeHtml(title)}</p>${svg}</div>`;
  });
  return `${legend}<div class="panels">${drawn.join("")}</div>`;
}

function twice(draw: (width: number) => string): string {
  return `<div class="wide">${draw(WIDE)}</div><div class="narrow">${draw(NARROW)}</div>`;
}

function heatNote(figure: Heat): string {
  const { labels, format, rows, columns } = figure;
  const hasGaps = squaresOf(figure).length < rows.length * columns.length;
  const unit = format === "percent" ? ", %" : "";
  return `Colour and number: ${labels.values}${unit}.${hasGaps ? " Unknown where a cell is missing." : ""}`;
}

function isEmpty(figure: Figure): boolean {
  if (figure.kind === "curves")
    return figure.series.every((one) => spotsOf(one, figure.x.scale).length === 0);
  if (figure.kind === "reliability") return binsOf(figure).length === 0;
  if (figure.kind === "heat") return squaresOf(figure).length === 0;
  return rowsOf(figure).every(({ value }) => value === undefined);
}

/** What the figure shows, for those who do not see it. */
function describe(figure: Figure): string {
  if (figure.kind === "curves") return describeCurves(figure);
  if (figure.kind === "reliability") return describeReliability(figure);
  return figure.kind === "heat" ? describeHeat(figure) : describeBars(figure);
}

function describeCurves({ x, y, series }: Curves): string {
  const lines = series.map((one) => {
    const spots = spotsOf(one, x.scale);
    const [first, last] = [spots[0], spots.at(-1)];
    if (first === undefined || last === undefined) return `${one.label}: unknown`;
    const ends = [first, last].map((spot) => `${formatNumber(spot.y, y.format)} at ${formatNumber(spot.x)}`);
    return `${one.label}: ${first === last ? ends[0] : ends.join(", then ")}`;
  });
  return `${y.label} over ${x.label}. ${listed(lines)}`;
}

function describeReliability(figure: Reliability): string {
  const lines = binsOf(figure).map(
    ({ score, share, ...ends }) =>
      `mean score ${formatNumber(score)}: ${formatRange(share, ends, "percent")} right`,
  );
  return `Share that is right over mean score. ${listed(lines)}`;
}

function describeHeat(figure: Heat): string {
  const { labels, rows, columns, format } = figure;
  const lines = squaresOf(figure).map(
    ({ row, column, value }) => `${rows[row]}, ${columns[column]}: ${formatNumber(value, format)}`,
  );
  return `${labels.values}, ${labels.rows} by ${labels.columns}. ${listed(lines)}`;
}

function describeBars(figure: Bars): string {
  const lines = rowsOf(figure).map((row) => `${row.label}: ${formatRange(row.value, row, figure.x.format)}`);
  return `${figure.x.label}. ${listed(lines)}`;
}

function listed(lines: readonly string[]): string {
  const more = lines.length - MOST_TOLD;
  return `${lines.slice(0, MOST_TOLD).join("; ")}${more > 0 ? `; and ${more} more` : ""}.`;
}
