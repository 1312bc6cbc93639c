import type { Markish } from "@observablehq/plot";
import { axisOf, LINE, widthOf } from "./axes.ts";
import { type Canvas, COLOURS } from "./canvas.ts";
import { bottomLabel, gridAndTicks, topLabel } from "./frame.ts";
import { formatNumber, formatRange, known } from "./numbers.ts";
import type { Curves, Point, Series } from "./types.ts";

const SYMBOLS = ["circle", "square", "triangle", "diamond", "star", "wye"] as const;
const DASHES = ["none", "6,3", "2,3"] as const;

/** How a series looks: colour, shape of its points, and dashes once the colours repeat. */
interface Look {
  readonly stroke: string;
  readonly symbol: (typeof SYMBOLS)[number];
  readonly dashes: string;
}

/** A point that can be drawn. */
interface Spot {
  readonly x: number;
  readonly y: number;
  readonly low: number | undefined;
  readonly high: number | undefined;
}

/** The labels in the order of their colours. */
export function labelsOf({ series }: Curves): readonly string[] {
  return [...new Set(series.map(({ label }) => label))];
}

/** The titles of the panels; `undefined` is the one without title. */
export function panelsOf({ series }: Curves): readonly (string | undefined)[] {
  return [...new Set(series.map(({ panel }) => panel))];
}

/** The points of a series that can be drawn, from left to right. */
export function spotsOf({ points }: Series, scale: Curves["x"]["scale"]): readonly Spot[] {
  return points
    .flatMap((point: Point) => {
      const [x, y, low, high] = [point.x, point.y, point.low, point.high].map(known);
      if (x === undefined || y === undefined || (scale !== "linear" && x <= 0)) return [];
      return [
        low === undefined || high === undefined
          ? { x, y, low: undefined, high: undefined }
          : { x, y, low, high },
      ];
    })
    .sort((one, other) => one.x - other.x);
}

/** Line and point of a label, for the legend. */
export function drawKey(canvas: Canvas, index: number): string {
  const look = lookOf(index);
  const { plot } = canvas;
  return canvas.svg({
    width: 30,
    height: 12,
    margin: 0,
    x: { domain: [0, 2], axis: null },
    y: { domain: [0, 2], axis: null },
    marks: [
      plot.line(
        [
          [0, 1],
          [2, 1],
        ],
        { stroke: look.stroke, strokeWidth: 2, strokeDasharray: look.dashes },
      ),
      plot.dot([[1, 1]], { fill: look.stroke, symbol: look.symbol, r: 3.5 }),
    ],
  });
}

/** One panel, with the axes that all panels of the figure share. */
export function drawPanel(
  canvas: Canvas,
  figure: Curves,
  panel: string | undefined,
  width: number,
  description: string,
): string {
  const height = width > 500 ? 340 : 250;
  const { x, y, left } = axesOf(figure, width, height);
  const labels = labelsOf(figure);
  const marks = figure.series
    .filter((series) => series.panel === panel)
    .flatMap((series) => seriesMarks(canvas, figure, series, lookOf(labels.indexOf(series.label))));
  return canvas.svg(
    {
      width,
      height,
      marginLeft: left,
      marginRight: 18,
      marginTop: 30,
      marginBottom: 46,
      x: { type: x.type, domain: [...x.domain], inset: 8 },
      y: { domain: [...y.domain] },
      marks: [
        ...gridAndTicks(canvas, x, y),
        topLabel(canvas, figure.y.label, width, left),
        bottomLabel(canvas, figure.x.label, width - left),
        ...marks,
      ],
    },
    description,
  );
}

/** Axes that hold the points of all panels, and the width of what stands left of them, in px. */
function axesOf({ series, x, y }: Curves, width: number, height: number) {
  const spots = series.flatMap((one) => spotsOf(one, x.scale));
  const values = spots.flatMap(({ y, low = y, high = y }) => [y, low, high]);
  const up = axisOf(values, "linear", height - 76, y.format, () => LINE);
  const left = Math.max(30, 17 + Math.max(...up.ticks.map((tick) => widthOf(up.format(tick)))));
  const across = spots.map((spot) => spot.x);
  return { x: axisOf(across, x.scale, width - left - 34, "plain"), y: up, left };
}

function lookOf(index: number): Look {
  return {
    stroke: COLOURS[index % COLOURS.length]!,
    symbol: SYMBOLS[index % SYMBOLS.length]!,
    dashes: DASHES[Math.floor(index / COLOURS.length) % DASHES.length]!,
  };
}

function seriesMarks({ plot }: Canvas, { x, y }: Curves, series: Series, look: Look): readonly Markish[] {
  const spots = spotsOf(series, x.scale);
  const place = { x: "x", y: "y" } as const;
  const alone = spots.filter(
    ({ low }, index) =>
      low !== undefined && spots[index - 1]?.low === undefined && spots[index + 1]?.low === undefined,
  );
  return [
    plot.areaY([...spots], { x: "x", y1: "low", y2: "high", fill: look.stroke, fillOpacity: 0.13 }),
    plot.ruleX(alone, { x: "x", y1: "low", y2: "high", stroke: look.stroke, strokeOpacity: 0.6 }),
    plot.line([...spots], {
      ...place,
      stroke: look.stroke,
      strokeWidth: 2,
      strokeDasharray: look.dashes,
    }),
    plot.dot([...spots], {
      ...place,
      fill: look.stroke,
      symbol: look.symbol,
      r: 3.2,
      title: (spot: Spot) =>
        `${series.label}: ${formatRange(spot.y, spot, y.format)} at ${formatNumber(spot.x)}`,
    }),
  ];
}
