import { type Axis, axisOf, LINE } from "./axes.ts";
import { type Canvas, COLOURS, FAINT } from "./canvas.ts";
import { bottomLabel, gridAndTicks, topLabel } from "./frame.ts";
import { formatNumber, formatRange, formatTick, known } from "./numbers.ts";
import type { Reliability } from "./types.ts";

/** A bin whose mean score is known. */
interface Spot {
  readonly score: number;
  readonly share: number | undefined;
  readonly low: number | undefined;
  readonly high: number | undefined;
  readonly count: number;
}

const MARGINS = { marginLeft: 50, marginRight: 18 };
const ONES: Axis = {
  type: "linear",
  domain: [0, 1],
  ticks: [0, 0.2, 0.4, 0.6, 0.8, 1],
  format: (tick) => formatTick(tick, "plain"),
};
const SHARES: Axis = { ...ONES, format: (tick) => formatTick(tick, "percent") };

/** The bins that can be drawn: those with scores and shares from 0 to 1. */
export function binsOf({ bins }: Reliability): readonly Spot[] {
  const within = (value: number | undefined) => {
    const finite = known(value);
    return finite === undefined || finite < 0 || finite > 1 ? undefined : finite;
  };
  return bins.flatMap(({ score, share, low, high, count }) => {
    const place = within(score);
    if (place === undefined) return [];
    const [from, to] = [within(low), within(high)];
    const ends = from === undefined || to === undefined ? [] : [from, to];
    return [{ score: place, share: within(share), low: ends[0], high: ends[1], count: known(count) ?? 0 }];
  });
}

/** The diagram above its histogram. */
export function drawReliability(
  canvas: Canvas,
  figure: Reliability,
  width: number,
  description: string,
): string {
  const bins = binsOf(figure);
  return diagram(canvas, bins, width, description) + histogram(canvas, bins, width);
}

function diagram(canvas: Canvas, bins: readonly Spot[], width: number, description: string): string {
  const { plot } = canvas;
  const shown = bins.filter(({ share }) => share !== undefined);
  const ranged = shown.filter(({ low }) => low !== undefined);
  return canvas.svg(
    {
      ...MARGINS,
      width,
      height: width - 30,
      marginTop: 30,
      marginBottom: 14,
      x: { domain: [0, 1] },
      y: { domain: [0, 1] },
      marks: [
        ...gridAndTicks(canvas, { ...ONES, format: () => "" }, SHARES),
        topLabel(canvas, "share that is right", width, MARGINS.marginLeft),
        plot.line(
          [
            [0, 0],
            [1, 1],
          ],
          { stroke: FAINT, strokeDasharray: "4,4" },
        ),
        plot.ruleX(ranged, { x: "score", y1: "low", y2: "high", stroke: COLOURS[0], strokeWidth: 1.6 }),
        plot.dot(shown, { x: "score", y: "share", fill: COLOURS[0], r: 4.2, title: titleOf }),
      ],
    },
    description,
  );
}

function histogram(canvas: Canvas, bins: readonly Spot[], width: number): string {
  const { plot } = canvas;
  const height = 128;
  const counts = axisOf(
    [0, 1, ...bins.map(({ count }) => count)],
    "linear",
    height - 76,
    "plain",
    () => LINE,
  );
  const ends = { ...counts, ticks: [counts.domain[0], counts.domain[1]] };
  return canvas.svg({
    ...MARGINS,
    width,
    height,
    marginTop: 30,
    marginBottom: 46,
    x: { domain: [0, 1] },
    y: { domain: [...counts.domain] },
    marks: [
      ...gridAndTicks(canvas, ONES, ends),
      topLabel(canvas, "candidates", width, MARGINS.marginLeft),
      bottomLabel(canvas, "mean score", width - MARGINS.marginLeft),
      plot.ruleX(
        bins.filter(({ count }) => count > 0),
        { x: "score", y1: 0, y2: "count", stroke: COLOURS[0], strokeOpacity: 0.55, strokeWidth: 12 },
      ),
    ],
  });
}

function titleOf({ score, share, low, high, count }: Spot): string {
  return `score ${formatNumber(score)}: ${formatRange(share, { low, high }, "percent")} of ${formatNumber(count)} right`;
}
