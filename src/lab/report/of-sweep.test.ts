import { describe, expect, it } from "vitest";
import type { Cell } from "../cells.ts";
import { renderReport } from "./html.ts";
import { reportOfSweep } from "./of-sweep.ts";

const about = { title: "A sweep", date: "2026-01-01", commands: ["bedacht report --bank a.db"] };

function cell(problem: string, n: number, right: boolean, more: Partial<Cell> = {}): Cell {
  const totals = { calls: n, inputTokens: 10, cachedTokens: 0, outputTokens: 5 * n, flops: 100 * n, usd: 0 };
  return {
    key: `${problem} ${n} ${more.seed ?? 1}`,
    problem,
    prompt: problem,
    family: "chain",
    level: problem === "hard" ? 5 : 1,
    label: "majority",
    plan: { strategy: "majority", params: { n, temperature: 1 } },
    generator: "m",
    generatorFingerprint: "f",
    seed: 1,
    right,
    stop: "done",
    roles: { generator: totals },
    ms: 60_000,
    candidates: [],
    ...more,
  };
}

async function* stream(cells: readonly Cell[]) {
  yield* cells;
}

describe("the report of a sweep", () => {
  it("has every plan at every size, in all problems and by level, with several seeds as their mean", async () => {
    const cells = [
      cell("easy", 1, true),
      cell("easy", 4, true),
      cell("hard", 1, false),
      cell("hard", 4, true),
      cell("hard", 4, false, { seed: 2 }),
    ];
    const report = await reportOfSweep(stream(cells), about);
    const [{ tables, figures }] = report.sections as [(typeof report.sections)[number]];
    const rows = tables[0]!.rows.map(([label, bin, n, generations, tokens, flops, accuracy]) => [
      label,
      bin,
      n,
      generations,
      tokens,
      flops,
      (accuracy as { readonly mean: number }).mean,
    ]);
    expect(rows).toEqual([
      ["majority", "all problems", 1, 1, 15, 100, 0.5],
      ["majority", "all problems", 4, 4, 30, 400, 0.75],
      ["majority", "chain level 1", 1, 1, 15, 100, 1],
      ["majority", "chain level 1", 4, 4, 30, 400, 1],
      ["majority", "chain level 5", 1, 1, 15, 100, 0],
      ["majority", "chain level 5", 4, 4, 30, 400, 0.5],
    ]);
    expect(figures).toHaveLength(3);
    expect(report.cost).toEqual([
      ["cells", 5],
      ["calls", 14],
      ["tokens", 120],
      ["FLOPs", 1400],
      ["minutes, summed over cells", 5],
    ]);
    expect(await renderReport(report)).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("names plans of one label by what differs, and counts a stepwise search by its N", async () => {
    const beam = (width: number) =>
      cell("easy", 8, true, {
        label: "beam",
        plan: { strategy: "beam", params: { n: 8, width, maxTokens: 9 } },
      });
    const calls = { ...beam(2), roles: { generator: { ...beam(2).roles.generator!, calls: 99 } } };
    const { sections } = await reportOfSweep(stream([calls, beam(4)]), about);
    const rows = sections[0]!.tables[0]!.rows.filter(([, bin]) => bin === "all problems");
    expect(rows.map(([label, , , generations]) => [label, generations])).toEqual([
      ["beam width=2", 8],
      ["beam width=4", 8],
    ]);
  });

  it("shows how often candidates of a score are right", async () => {
    const candidates = [
      { score: 0.05, right: false, tokens: 1 },
      { score: 1, right: true, tokens: 1 },
      { score: 0.95, right: false, tokens: 1 },
      { right: true, tokens: 1 },
    ];
    const { sections } = await reportOfSweep(
      stream([cell("easy", 1, true, { verifier: "v", candidates })]),
      about,
    );
    expect(sections[1]!.figures[0]).toMatchObject({
      kind: "reliability",
      bins: [
        { score: 0.05, share: 0, count: 1 },
        { score: 0.975, share: 0.5, count: 2 },
      ],
    });
  });

  it("refuses a bank without cells", async () => {
    await expect(reportOfSweep(stream([]), about)).rejects.toThrow(/run bedacht sweep first/);
  });
});
