import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sampleReport } from "../../../test/sample-report.ts";
import { reportFiles, writeReport } from "./files.ts";
import { parseReport } from "./parse.ts";
import type { Report } from "./types.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bedacht-report-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const small: Report = {
  title: "Small",
  summary: [],
  facts: [],
  commands: [],
  cost: [],
  sections: [
    {
      heading: "One",
      text: [],
      figures: [
        {
          kind: "curves",
          caption: "Curves",
          x: { label: "generations", scale: "log2" },
          y: { label: "accuracy", format: "percent" },
          series: [
            { label: "beam, width 4", points: [{ x: 1, y: 0.5, low: 0.4, high: 0.6 }, { x: 2 }] },
            { label: "majority", panel: "bin 1", points: [{ x: 4, y: 1 / 3 }] },
          ],
        },
        { kind: "reliability", caption: "", bins: [{ score: 0.5, share: undefined, count: 0 }] },
        {
          kind: "heat",
          caption: "",
          labels: { rows: "bin", columns: "n", values: "share" },
          format: "percent",
          rows: ["1"],
          columns: ["1", "2"],
          values: [[0.25, undefined]],
        },
      ],
      tables: [
        {
          caption: "Quoted",
          columns: [{ name: 'a "b"' }, { name: "c" }],
          rows: [
            ["x\ny", Number.NaN],
            ["z", { mean: 1, low: undefined, high: 2 }],
          ],
        },
      ],
    },
    {
      heading: "Two",
      text: [],
      figures: [
        {
          kind: "bars",
          caption: "",
          x: { label: "ratio", scale: "log2", format: "plain" },
          bars: [{ label: "a", value: 4, low: 2 }],
        },
      ],
      tables: [],
    },
  ],
};

describe("reportFiles", () => {
  it("has one CSV per figure and table, quoted where needed, unknown left empty", async () => {
    const files = await reportFiles(small);
    const csv = [...files].filter(([name]) => name.endsWith(".csv"));
    expect(Object.fromEntries(csv)).toEqual({
      "figure-1.csv":
        "series,panel,generations,accuracy,accuracy low,accuracy high\r\n" +
        '"beam, width 4",all,1,0.5,0.4,0.6\r\n"beam, width 4",all,2,,,\r\nmajority,bin 1,4,0.3333333333333333,,\r\n',
      "figure-2.csv": "mean score,share right,candidates\r\n0.5,,0\r\n",
      "figure-3.csv": "bin \\ n,1,2\r\n1,0.25,\r\n",
      "figure-4.csv": ",ratio,ratio low,ratio high\r\na,4,2,\r\n",
      "table-1.csv": '"a ""b""",c,c low,c high\r\n"x\ny",,,\r\nz,1,,2\r\n',
    });
  });

  it("has the data, from which the same files come", async () => {
    const files = await reportFiles(sampleReport());
    expect([...files.keys()].slice(0, 3)).toEqual(["report.html", "report.json", "figure-1.csv"]);
    expect(await reportFiles(parseReport(files.get("report.json")!))).toEqual(files);
  });
});

describe("writeReport", () => {
  it("writes the files into a new folder, over older ones, and leaves nothing else", async () => {
    const place = join(folder, "new/folder");
    await writeReport(place, { ...small, title: "Older" });
    const names = await writeReport(place, small);
    expect(readdirSync(place).sort()).toEqual([...names].sort());
    for (const [name, content] of await reportFiles(small))
      expect(readFileSync(join(place, name), "utf8")).toBe(content);
  });

  it("leaves no half-written files where a place is taken", async () => {
    mkdirSync(join(folder, "report.html"));
    await expect(writeReport(folder, small)).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(["report.html"]);
  });
});
