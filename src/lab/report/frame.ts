import type { Markish } from "@observablehq/plot";
import { type Axis, fit } from "./axes.ts";
import { type Canvas, FAINT, GRID, INK } from "./canvas.ts";

/** Gridlines, tick labels and the base line, which is dark where it is 0. */
export function gridAndTicks({ plot }: Canvas, x: Axis, y: Axis): readonly Markish[] {
  const ticks = { fill: FAINT, tickSize: 0, label: null };
  return [
    plot.gridY([...y.ticks], { stroke: GRID, strokeOpacity: 1 }),
    plot.gridX([...x.ticks], { stroke: GRID, strokeOpacity: 0.6 }),
    plot.axisY([...y.ticks], { ...ticks, text: y.format }),
    plot.axisX([...x.ticks], { ...ticks, text: x.format, tickPadding: 8 }),
    plot.ruleY([y.domain[0]], { stroke: y.domain[0] === 0 ? FAINT : GRID }),
  ];
}

/** What the y axis shows, above it; `left` is the margin, in px. */
export function topLabel({ plot }: Canvas, label: string, width: number, left: number): Markish {
  const place = { frameAnchor: "top-left", dx: -left, dy: -26 } as const;
  return plot.text([fit(label, width - 10)], { ...place, fill: INK, fontWeight: "bold" });
}

/** What the x axis shows, below it. */
export function bottomLabel({ plot }: Canvas, label: string, width: number): Markish {
  const place = { frameAnchor: "bottom", lineAnchor: "top", dy: 27 } as const;
  return plot.text([fit(label, width)], { ...place, fill: INK, fontWeight: "bold" });
}
