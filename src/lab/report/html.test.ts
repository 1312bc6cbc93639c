import fc from "fast-check";
import { parseHTML } from "linkedom";
import { afterEach, describe, expect, it, vi } from "vitest";
import { anyReport, NEVER } from "../../../test/arbitrary-report.ts";
import { sampleReport } from "../../../test/sample-report.ts";
import { curvesSection } from "./curves-section.ts";
import { renderReport } from "./html.ts";
import { parseReport } from "./parse.ts";
import type { Curves, Figure, Report } from "./types.ts";

const empty: Report = { title: "Nothing", summary: [], facts: [], commands: [], cost: [], sections: [] };
const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
afterEach(() => warn.mockClear());

function withFigures(...figures: readonly Figure[]): Report {
  return { ...empty, sections: [{ heading: "Section", text: [], figures, tables: [] }] };
}

function curves(points: Curves["series"][number]["points"], rest: Partial<Curves> = {}): Curves {
  return {
    kind: "curves",
    caption: "Caption",
    x: { label: "generations", scale: "log2" },
    y: { label: "accuracy", format: "percent" },
    series: [{ label: "majority", points }],
    ...rest,
  };
}

/** The page, after checks that hold for every page. */
async function pageOf(report: Report) {
  const html = await renderReport(report);
  const { document } = parseHTML(html);
  expect(html).not.toMatch(/<script/i);
  expect(html.slice(html.indexOf("</style>"))).not.toMatch(NEVER);
  for (const element of document.querySelectorAll("*") as Iterable<Element>) {
    const names = [...element.attributes].map(({ name }) => name);
    expect(names.filter((name) => /^on|^(?:src|srcset|action|style|xlink:href)$/.test(name))).toEqual([]);
    const href = element.getAttribute("href");
    if (href !== null) expect(href).toMatch(/^#[\w-]+$/);
  }
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(html).not.toMatch(/url\(|@import|https?:/);
  expect(warn).not.toHaveBeenCalled();
  return { html, document };
}

interface Element {
  readonly attributes: Iterable<{ readonly name: string }>;
  getAttribute(name: string): string | null;
}

describe("renderReport", () => {
  it("draws this page", async () => {
    const points = [
      { x: 1, y: 0.4, low: 0.3, high: 0.5 },
      { x: 4, y: 0.6, low: 0.5, high: 0.7 },
    ];
    const { html } = await pageOf({
      title: "A small report",
      summary: ["It rises."],
      facts: [["problems", 200]],
      commands: ["bedacht replay --bank samples.db"],
      cost: [["FLOPs", 5.6e13]],
      sections: [
        {
          heading: "Curves",
          text: ["One panel."],
          figures: [curves(points, { series: [{ label: "majority", panel: "bin 1", points }] })],
          tables: [
            {
              caption: "Means.",
              columns: [{ name: "strategy" }, { name: "accuracy", format: "percent" }],
              rows: [
                ["majority", { mean: 0.6, low: 0.5, high: 0.7 }],
                ["greedy", undefined],
              ],
            },
          ],
        },
      ],
    });
    const lines = html
      .replace(/<style>[^<]*<\/style>/, "<style></style>")
      .replaceAll(/(?=<(?:g|text|path|div|svg)\b)/g, "\n");
    await expect(lines).toMatchFileSnapshot("../../../test/golden/report.html");
  });

  it("gives the same bytes for the same data, also after a round through JSON", async () => {
    const { html } = await pageOf(sampleReport());
    expect(await renderReport(parseReport(JSON.stringify(sampleReport())))).toBe(html);
  });

  it("lets nothing load or run", async () => {
    const { document } = await pageOf(empty);
    const policy = document
      .querySelector("meta[http-equiv=Content-Security-Policy]")
      ?.getAttribute("content");
    expect(policy).toContain("default-src 'none'; style-src 'unsafe-inline'; img-src data:");
  });

  it("shows markup in data as text, in figures too", async () => {
    const evil = `<script>alert("1")</script>&amp;'`;
    const { document } = await pageOf({
      title: evil,
      summary: [evil],
      facts: [[evil, evil]],
      commands: [evil],
      cost: [[evil, evil]],
      sections: [
        {
          heading: evil,
          text: [evil],
          figures: [
            curves([{ x: 1, y: 0.5 }], {
              caption: evil,
              series: [{ label: evil, panel: evil, points: [{ x: 1, y: 1 }] }],
            }),
            {
              kind: "bars",
              caption: evil,
              x: { label: evil, scale: "linear", format: "plain" },
              bars: [{ label: evil, value: 1 }],
              reference: { value: 1, label: evil },
            },
            {
              kind: "heat",
              caption: evil,
              labels: { rows: evil, columns: evil, values: evil },
              format: "plain",
              rows: [evil],
              columns: [evil],
              values: [[1]],
            },
          ],
          tables: [{ caption: evil, columns: [{ name: evil }], rows: [[evil]] }],
        },
      ],
    });
    expect(document.querySelector("h1")?.textContent).toBe(evil);
    expect(document.querySelector(".legend li")?.textContent).toBe(evil);
    expect(document.querySelector("figure.curves svg[role=img] title")?.textContent).toContain(evil);
    const labels = [...document.querySelectorAll("figure.bars .wide text")].map((one) => one.textContent);
    expect(labels).toContain(evil);
  });

  it.each<[string, Report]>([
    ["an empty report", empty],
    ["a section without anything", withFigures()],
    ["a figure without points", withFigures(curves([]))],
    ["one point", withFigures(curves([{ x: 64, y: 0.5, low: 0.4, high: 0.6 }]))],
    [
      "all right",
      withFigures(
        curves([
          { x: 1, y: 1, low: 1, high: 1 },
          { x: 2, y: 1, low: 1, high: 1 },
        ]),
      ),
    ],
    [
      "all wrong",
      withFigures(
        curves([
          { x: 1, y: 0, low: 0, high: 0 },
          { x: 2, y: 0, low: 0, high: 0 },
        ]),
      ),
    ],
    ["nothing known", withFigures(curves([{ x: Number.NaN, y: 0.5 }, { x: 2, y: Number.NaN }, {}]))],
    [
      "a cost of 0 on a logarithmic axis",
      withFigures(
        curves([
          { x: 0, y: 0.5 },
          { x: -1, y: 0.5 },
        ]),
      ),
    ],
    [
      "one bin",
      withFigures({ kind: "reliability", caption: "", bins: [{ score: 0.5, share: 1, count: 1 }] }),
    ],
    ["no bins", withFigures({ kind: "reliability", caption: "", bins: [] })],
    [
      "bars without values",
      withFigures({
        kind: "bars",
        caption: "",
        x: { label: "", scale: "log2", format: "plain" },
        bars: [{ label: "a" }],
      }),
    ],
    [
      "a ratio as open as can be",
      withFigures({
        kind: "bars",
        caption: "",
        x: { label: "", scale: "log2", format: "plain" },
        bars: [{ label: "a", value: 2, low: 0, high: Number.POSITIVE_INFINITY }],
      }),
    ],
  ])("copes with %s", async (_, report) => {
    const { document } = await pageOf(report);
    for (const svg of document.querySelectorAll("figure svg"))
      expect(svg.outerHTML.length).toBeGreaterThan(100);
  });

  it("pretends no interval where one problem alone was measured, and no value where none was", async () => {
    const accuracy = { mean: 0.5, low: undefined, high: undefined };
    const point = { n: 1, generations: 1, tokens: undefined, flops: 0, accuracy };
    const section = curvesSection({ heading: "One", series: [{ label: "majority", points: [point] }] });
    const { document } = await pageOf({ ...empty, sections: [section] });
    const [drawn, tokens, flops] = [...document.querySelectorAll("figure")];
    expect(drawn!.querySelector("svg[role=img] title")?.textContent).toBe("majority: 50.0% at 1");
    expect(drawn!.querySelectorAll("[fill-opacity='0.13'] path")).toHaveLength(0);
    expect(tokens!.textContent).toContain("Nothing to draw: no value is known.");
    expect(flops!.textContent).toContain("Nothing to draw");
    const cells = [...document.querySelectorAll("section > .scroll td")].map((one) => one.textContent);
    expect(cells).toEqual(["1", "1", "unknown", "0", "50.0%"]);
  });

  it("draws an interval without neighbours as a line", async () => {
    const figure = curves([
      { x: 1, y: 0.5 },
      { x: 2, y: 0.5, low: 0.4, high: 0.6 },
      { x: 4, y: 0.5 },
    ]);
    const { document } = await pageOf(withFigures(figure));
    expect(
      document.querySelectorAll("figure .wide [stroke-opacity='0.6'][stroke='#0072b2'] line"),
    ).toHaveLength(1);
  });

  it("writes 1, 2, 4, ..., 512 along generations, and powers of ten along FLOPs", async () => {
    const { document } = await pageOf(sampleReport());
    const [generations, , flops] = [...document.querySelectorAll("figure")];
    const labels = (figure: typeof generations, width: string) =>
      [...figure!.querySelectorAll(`.${width} text`)].map((one) => one.textContent);
    const powers = Array.from({ length: 10 }, (_, index) => String(2 ** index));
    expect(labels(generations, "wide")).toEqual(expect.arrayContaining(powers));
    expect(labels(generations, "narrow")).toEqual(expect.arrayContaining(powers));
    expect(labels(flops, "narrow")).toEqual(expect.arrayContaining(["10⁹", "10¹⁰", "10¹¹"]));
  });

  it("makes a sound page of any data, and the same of its JSON", async () => {
    await fc.assert(
      fc.asyncProperty(anyReport, async (report) => {
        const { html } = await pageOf(report);
        expect(await renderReport(parseReport(JSON.stringify(report)))).toBe(html);
      }),
      { numRuns: 60 },
    );
  });
});
