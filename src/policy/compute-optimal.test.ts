import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quantileBins } from "./bins.ts";
import { learnTable, type PlanCell, planFor } from "./compute-optimal.ts";

/** Two easy and two hard problems. */
const ESTIMATES = [0.9, 0.8, 0.2, 0.1];
const VOTE: PlanCell = { plan: "vote N=1", accuracy: [1, 1, 0, 0], cost: [1, 1, 1, 1] };
const BEAM: PlanCell = { plan: "beam N=4", accuracy: [0.5, 1, 0.5, 0.25], cost: [4, 4, 4, 4] };
const binning = quantileBins(2);

describe("learnTable", () => {
  it("takes the best plan of each bin that fits the budget", () => {
    const table = learnTable({ cells: [VOTE, BEAM], budgets: [1, 4], binning }, ESTIMATES);
    expect(table).toEqual({
      bins: { edges: [0.5] },
      budgets: [1, 4],
      entries: [
        [
          { choice: { cell: 0, plan: "vote N=1" }, problems: 2, accuracy: 1, cost: 1 },
          { choice: { cell: 0, plan: "vote N=1" }, problems: 2, accuracy: 0, cost: 1 },
        ],
        [
          { choice: { cell: 0, plan: "vote N=1" }, problems: 2, accuracy: 1, cost: 1 },
          { choice: { cell: 1, plan: "beam N=4" }, problems: 2, accuracy: 0.375, cost: 4 },
        ],
      ],
    });
  });

  it("compares the mean cost of the bin with the budget, not that of each problem", () => {
    const uneven = { ...BEAM, cost: [1, 7, 7, 9] };
    const { entries } = learnTable({ cells: [uneven], budgets: [4], binning }, ESTIMATES);
    expect(entries[0]!.map(({ choice }) => choice?.plan)).toEqual(["beam N=4", undefined]);
  });

  it("takes the cheaper of equally accurate plans, and the first of equally cheap ones", () => {
    const dear = { ...VOTE, plan: "dear", cost: [2, 2, 2, 2] };
    const twin = { ...VOTE, plan: "twin" };
    const { entries } = learnTable({ cells: [dear, VOTE, twin], budgets: [2], binning }, ESTIMATES);
    expect(entries[0]!.map(({ choice }) => choice?.plan)).toEqual(["vote N=1", "vote N=1"]);
  });

  it("takes no plan that leaves too much of the budget, when that is asked for", () => {
    const { entries } = learnTable(
      { cells: [VOTE, BEAM], budgets: [1, 4, 9], binning, least: 0.5 },
      ESTIMATES,
    );
    expect(entries.map((bins) => bins.map(({ choice }) => choice?.plan))).toEqual([
      ["vote N=1", "vote N=1"],
      ["beam N=4", "beam N=4"],
      [undefined, undefined],
    ]);
    expect(() => learnTable({ cells: [VOTE], budgets: [1], least: 2 }, ESTIMATES)).toThrow(
      "2 is no share of a budget: use a number from 0 to 1.",
    );
  });

  it("knows no plan for a budget below all", () => {
    const { entries } = learnTable({ cells: [BEAM], budgets: [1, 4], binning }, ESTIMATES);
    expect(entries[0]).toEqual([
      { choice: undefined, problems: 2, accuracy: undefined, cost: undefined },
      { choice: undefined, problems: 2, accuracy: undefined, cost: undefined },
    ]);
  });

  it("gives a bin without problems the plan that is best for all", () => {
    const measured = { cells: [VOTE, BEAM], budgets: [4], binning: () => ({ edges: [0, 0.5] }) };
    expect(learnTable(measured, ESTIMATES).entries[0]![2]).toEqual({
      choice: { cell: 1, plan: "beam N=4" },
      problems: 0,
      accuracy: undefined,
      cost: undefined,
    });
  });

  it("learns from the given problems alone", () => {
    const changed = { ...BEAM, accuracy: [0.5, 1, 1, 1] };
    const [before, after] = [BEAM, changed].map((beam) =>
      learnTable({ cells: [VOTE, beam], budgets: [4], binning }, ESTIMATES, [0, 1]),
    );
    expect(after).toEqual(before);
  });

  it("never has a worse plan for a larger budget, nor a dearer one than it allows", () => {
    const share = fc.integer({ min: 0, max: 4 }).map((quarters) => quarters / 4);
    const cells = fc.array(
      fc.record({
        plan: fc.constantFrom("a", "b"),
        accuracy: fc.array(share, { minLength: 6, maxLength: 6 }),
        cost: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 6, maxLength: 6 }),
      }),
      { minLength: 1, maxLength: 5 },
    );
    const estimates = fc.array(share, { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(cells, estimates, (all, easy) => {
        const { entries } = learnTable({ cells: all, budgets: [1, 2, 4, 8] }, easy);
        for (const [place, bins] of entries.entries())
          for (const [bin, { cost, accuracy }] of bins.entries()) {
            expect(cost ?? 0).toBeLessThanOrEqual(2 ** place);
            expect(accuracy ?? 0).toBeGreaterThanOrEqual((entries[place - 1]?.[bin]?.accuracy ?? 0) - 1e-12);
          }
        expect(entries[3]!.every(({ choice }) => choice !== undefined)).toBe(true);
      }),
    );
  });

  it.each([
    [[], [1], ESTIMATES, "A table needs a plan at least."],
    [[VOTE], [], ESTIMATES, "Budgets must be above 0 and rise."],
    [[VOTE], [4, 1], ESTIMATES, "Budgets must be above 0 and rise."],
    [[VOTE], [0, 1], ESTIMATES, "Budgets must be above 0 and rise."],
    [[VOTE], [1], [1, 2], "vote N=1 has 4 accuracies and 4 costs of 2 problems."],
    [[VOTE], [1], [1, 2, Number.NaN, 4], "Problem 2 has no estimate of difficulty: leave it out."],
    [
      [{ ...VOTE, accuracy: [1, Number.NaN, 0, 0] }],
      [1],
      ESTIMATES,
      "vote N=1 has no accuracy from 0 to 1 on problem 1: leave out the plan or the problem.",
    ],
    [
      [{ ...VOTE, cost: [1, 1, 0, 1] }],
      [1],
      ESTIMATES,
      "vote N=1 has no cost above 0 on problem 2: leave out the plan or the problem.",
    ],
  ])("refuses bad input, case %#", (cells, budgets, estimates, message) => {
    expect(() => learnTable({ cells, budgets }, estimates)).toThrow(message);
  });
});

describe("planFor", () => {
  const table = learnTable({ cells: [VOTE, BEAM], budgets: [1, 4], binning }, ESTIMATES);

  it("reads the table at the largest budget that is not above the given one", () => {
    expect(planFor(table, 0.05, 4)?.plan).toBe("beam N=4");
    expect(planFor(table, 0.05, 3.9)?.plan).toBe("vote N=1");
    expect(planFor(table, 0.95, 100)?.plan).toBe("vote N=1");
  });

  it("has none below the table", () => {
    expect(planFor(table, 0.5, 0.5)).toBeUndefined();
  });
});
