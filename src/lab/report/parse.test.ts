import { describe, expect, it } from "vitest";
import { sampleReport } from "../../../test/sample-report.ts";
import { UsageError } from "../../types.ts";
import { parseReport } from "./parse.ts";

const empty = { title: "", summary: [], facts: [], commands: [], cost: [], sections: [] };
const section = { heading: "", text: [], figures: [], tables: [] };
const withFigure = (figure: object) => ({ ...empty, sections: [{ ...section, figures: [figure] }] });
const withTable = (table: object) => ({ ...empty, sections: [section, { ...section, tables: [table] }] });
const bars = { kind: "bars", caption: "", x: { label: "", scale: "log2", format: "plain" }, bars: [] };

describe("parseReport", () => {
  it("reads what was written, unknown values included", () => {
    expect(parseReport(JSON.stringify(sampleReport()))).toEqual(sampleReport());
  });

  it.each<[string, unknown, string]>([
    ["a list", [], "at the top: it must be an object with title, summary, facts, commands, cost, sections"],
    ["a missing title", { ...empty, title: undefined }, "at title: it must be a text"],
    [
      "an odd field",
      { ...empty, author: "" },
      'at the top: it knows no "author", only title, summary, facts',
    ],
    ["a fact of one part", { ...empty, facts: [["a"]] }, "at facts[0]: it must be [name, value]"],
    ["a fact without value", { ...empty, cost: [["a", null]] }, "at cost[0][1]: it must be a text"],
    [
      "an unknown figure",
      withFigure({ kind: "pie" }),
      "at sections[0].figures[0].kind: it must be curves or reliability or heat or bars",
    ],
    [
      "a misspelt end",
      withFigure({ ...bars, bars: [{ label: "", hihg: 1 }] }),
      'at sections[0].figures[0].bars[0]: it knows no "hihg", only label, value, low, high',
    ],
    [
      "a text for a number",
      withFigure({ ...bars, bars: [{ label: "", value: "1" }] }),
      "at sections[0].figures[0].bars[0].value: it must be a number",
    ],
    [
      "a percentage for a share",
      withFigure({ kind: "reliability", caption: "", bins: [{ score: 50, count: 1 }] }),
      "at sections[0].figures[0].bins[0].score: it must be from 0 to 1",
    ],
    [
      "a heat map with a gap",
      withFigure({
        kind: "heat",
        caption: "",
        labels: { rows: "", columns: "", values: "" },
        format: "plain",
        rows: ["a"],
        columns: ["b", "c"],
        values: [[1]],
      }),
      "at sections[0].figures[0]: its values must have one list per row, with one value per column",
    ],
    [
      "a table with a short row",
      withTable({ caption: "", columns: [{ name: "a" }], rows: [[]] }),
      "at sections[1].tables[0]: its rows must have one cell per column",
    ],
    [
      "a cell that is a list",
      withTable({ caption: "", columns: [{ name: "a" }], rows: [[[]]] }),
      "at sections[1].tables[0].rows[0][0]: it must be an object with mean, low, high",
    ],
  ])("refuses %s", (_, value, message) => {
    const parse = () => parseReport(JSON.stringify(value));
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(`The report is wrong ${message}`);
  });

  it("refuses what is no JSON", () => {
    expect(() => parseReport("{")).toThrow("The report is not JSON.");
  });
});
