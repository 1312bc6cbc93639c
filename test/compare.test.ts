import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { appendCells, type Cell, readCells } from "../bench/compare/cells.ts";
import { type Contender, contenders, SAMPLES, SIZES } from "../bench/compare/contenders.ts";
import {
  accuracyAt,
  completeProblems,
  gapClosed,
  passes,
  ruleMisses,
  tableOf,
} from "../bench/compare/figures.ts";
import { plotTables } from "../bench/compare/plot.ts";
import { formatTable, toCsv } from "../bench/compare/report.ts";
import { makeStrategy } from "../src/strategies/index.ts";

const folder = mkdtempSync(join(tmpdir(), "compare-"));
afterAll(() => rmSync(folder, { recursive: true }));

const all = contenders(64).filter(({ label }) =>
  ["greedy", "majority", "best-of-n", "weighted-best-of-n", "beam, M=4", "best-of-n, exact rule"].includes(
    label,
  ),
);

/** A cell of a made-up run: greedy is wrong, and the sample at the problem's number is the only right one. */
function cellOf(place: number, { label, verifier }: Contender, n: number): Cell {
  const samples = Array.from({ length: SAMPLES }, (_, index) => (index === place ? "1" : "0")).join("");
  const right = label !== "greedy" && label !== "majority" && place < n;
  return {
    models: "m",
    problem: `p${place}`,
    family: "chain",
    level: 1,
    label,
    n,
    right: verifier === "exact" || label === "best-of-n" ? right : right && place > 0,
    generated: 10 * n,
    tokens: 20 * n,
    flops: (label === "majority" ? 1e6 : 2e6) * n,
    ...(label === "majority" && n === SAMPLES && { samples }),
  };
}

const problems = [0, 7, 30, 100];
const made = problems.flatMap((place) =>
  all.flatMap((contender) => contender.sizes.map((n) => cellOf(place, contender, n))),
);
const file = join(folder, "cells.jsonl");
appendCells(file, made.slice(0, 5));
appendFileSync(file, '{"models":"m","problem":"to');
appendCells(file, made.slice(5));
const cells = readCells(file, ["m"]);
const ids = problems.map((place) => `p${place}`);
const table = tableOf(cells, { family: "chain", level: 1, problems: ids }, all);
const rowOf = (label: string) => table.rows.find((row) => row.label === label)!;

describe("cells", () => {
  it("outlive a torn line, and belong to their models", () => {
    expect(cells.size).toBe(made.length);
    expect(readCells(file, ["others"]).size).toBe(0);
    expect(readCells(join(folder, "none"), ["m"]).size).toBe(0);
  });
});

describe("contenders", () => {
  it("are plans that the table accepts, of at most N generations", () => {
    for (const { label, sizes, plan } of contenders(128)) {
      for (const n of sizes) {
        const { params } = makeStrategy(plan(n)).plan;
        if (label !== "greedy")
          expect(Number(params.n) * (Number(params.steps ?? 0) + 1)).toBeLessThanOrEqual(Math.max(n, 4));
      }
    }
  });
});

describe("figures", () => {
  it("interpolate on the logarithm of FLOPs and never extrapolate", () => {
    const points = [
      { flops: 100, value: 0.2 },
      { flops: 10_000, value: 0.6 },
    ];
    expect(accuracyAt(points, 1000)).toBeCloseTo(0.4);
    expect(accuracyAt(points, 100)).toBe(0.2);
    expect(accuracyAt(points, 99)).toBeUndefined();
    expect(accuracyAt(points, 10_001)).toBeUndefined();
  });

  it("compare complete problems only", () => {
    expect(completeProblems(cells, [...ids, "p5"], all)).toEqual(ids);
  });

  it("know the right samples and hold best-of-N by the exact rule against them", () => {
    expect(SIZES.map((n) => ids.map((id) => passes(cells, id, n)))).toEqual([
      [true, false, false, false],
      [true, true, false, false],
      [true, true, true, false],
    ]);
    const exact = all.find(({ verifier }) => verifier === "exact")!;
    expect(ruleMisses(cells, ids, exact)).toEqual([]);
    const spoiled = new Map(cells).set("p7 best-of-n, exact rule 16", { ...cells.get("p7 greedy 1")! });
    expect(ruleMisses(spoiled, ids, exact)).toEqual(["p7 at N=16"]);
  });

  it("give accuracy at equal generations and at equal FLOPs", () => {
    expect(table.flops).toEqual([8e6, 32e6, 128e6]);
    expect(rowOf("best-of-n").points.map(({ value }) => value)).toEqual([0.25, 0.5, 0.75, 1]);
    expect(rowOf("best-of-n").atFlops.map((one) => one?.value)).toEqual([0.25, 0.5, 0.75]);
    expect(rowOf("greedy").atFlops).toEqual([undefined, undefined, undefined]);
    expect(rowOf("majority").atFlops.map((one) => one?.value)).toEqual([0, 0, 0]);
    const { value, low, high } = rowOf("best-of-n").points[1]!;
    expect([value, low < 0.2, high > 0.8]).toEqual([0.5, true, true]);
  });

  it("give the share of the gap that the best strategy closes", () => {
    expect(gapClosed(cells, ids, all)).toMatchObject({
      label: "best-of-n",
      n: 64,
      value: 1,
      low: 1,
      high: 1,
    });
    expect(gapClosed(cells, [], all)).toBeUndefined();
  });
});

describe("the report", () => {
  it("prints a row for every contender", () => {
    const lines = formatTable(table).split("\n");
    expect(lines[0]).toBe("chain, level 1, 4 problems: % right (95% interval)");
    expect(lines[3]).toMatch(/^greedy +0\.0 \( 0– 49\).*\|( +not reached){3}$/);
    expect(lines.find((line) => line.startsWith("pass@N"))).toMatch(/25\.0 .* 50\.0 .* 75\.0/);
  });

  it("writes CSV with a column for each heading", () => {
    const [head, ...lines] = toCsv([table], all).trimEnd().split("\n");
    const columns = (line: string) => line.replace(/"[^"]*"/g, "label").split(",").length;
    expect(lines.length).toBeGreaterThan(all.length * 4);
    expect(new Set(lines.map(columns))).toEqual(new Set([columns(head!)]));
  });

  it("draws an SVG", () => {
    const svg = plotTables([table]);
    expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    for (const text of ["weighted-best-of-n", "level 1", "FLOPs"]) expect(svg).toContain(text);
  });
});
