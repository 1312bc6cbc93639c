import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Table } from "./figures.ts";

/** Lines with a colour of their own; the others are grey. */
const COLOURED = 7;
/** Okabe and Ito's colours, which colour-blind people can tell apart, and two greys for the yardsticks. */
const COLOURS = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#b8a900",
  "#666666",
  "#000000",
];

interface Mark {
  readonly level: string;
  readonly label: string;
  readonly flops: number;
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
}

/** Accuracy over total FLOPs as an SVG: one panel per level, one line per strategy, the best ones coloured, with 95% intervals. */
export function plotTables(tables: readonly Table[]): string {
  const marks = tables.flatMap(({ level, rows }) =>
    rows
      .filter(({ label }) => !label.includes("rule"))
      .flatMap(({ label, points }) =>
        points.map(({ flops, value, low, high }): Mark => {
          return {
            level: panelOf(level),
            label,
            flops,
            accuracy: 100 * value,
            low: 100 * low,
            high: 100 * high,
          };
        }),
      ),
  );
  const { document } = parseHTML("<html><body></body></html>");
  const named = leaders(tables);
  const panels = tables.map(({ level }) => panelOf(level));
  const grey = marks.filter(({ label }) => !named.includes(label));
  const shown = marks.filter(({ label }) => named.includes(label));
  const place = { x: "flops", y: "accuracy", z: "label", fy: "level" } as const;
  const figure = Plot.plot({
    document,
    width: 760,
    height: 60 + 170 * panels.length,
    marginLeft: 50,
    marginRight: 170,
    style: { background: "white", color: "black", fontFamily: "sans-serif" },
    x: { type: "log", label: "FLOPs per problem, all roles", grid: true },
    y: { domain: [0, 100], label: "% right", grid: true },
    fy: { domain: panels, axis: null },
    color: { domain: named, range: COLOURS },
    marks: [
      Plot.frame({ stroke: "#ddd" }),
      Plot.lineY(grey, { ...place, stroke: "#ccc" }),
      Plot.dot(grey, { ...place, fill: "#ccc", r: 1.5 }),
      Plot.ruleX(shown, {
        x: "flops",
        y1: "low",
        y2: "high",
        fy: "level",
        stroke: "label",
        strokeOpacity: 0.35,
      }),
      Plot.lineY(shown, { ...place, stroke: "label", strokeWidth: 1.5 }),
      Plot.dot(shown, { ...place, fill: "label", r: 2.5 }),
      Plot.text(
        panels.map((level) => ({ level })),
        {
          fy: "level",
          text: "level",
          frameAnchor: "top-left",
          dx: 6,
          dy: 6,
          fontWeight: "bold",
        },
      ),
      ...named.map((label, index) =>
        Plot.text([{ level: panels[0], label }], {
          fy: "level",
          text: "label",
          fill: "label",
          frameAnchor: "top-right",
          textAnchor: "start",
          dx: 12,
          dy: 4 + 15 * index,
        }),
      ),
    ],
  });
  return `${figure.outerHTML}\n`;
}

function panelOf(level: number | undefined): string {
  return level === undefined ? "all levels" : `level ${level}`;
}

/** The labels that are right most often at the largest size of all levels, majority and greedy included. */
function leaders(tables: readonly Table[]): string[] {
  const all = tables.find(({ level }) => level === undefined) ?? tables[0];
  const last = (all?.rows ?? [])
    .filter(({ label }) => !label.includes("rule") && label !== "greedy" && label !== "majority")
    .map(({ label, points }) => ({ label, value: Math.max(...points.map((point) => point.value)) }))
    .sort((a, b) => b.value - a.value);
  return [...last.slice(0, COLOURED).map(({ label }) => label), "majority", "greedy"];
}
