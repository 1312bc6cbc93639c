import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rng } from "../random.ts";
import { budgetRatio } from "../stats/budget-ratio.ts";
import { absoluteBins, quantileBins } from "./bins.ts";
import { learnTable, type PlanCell } from "./compute-optimal.ts";
import { crossValidate, curveOf } from "./cross-validation.ts";

const share = fc.integer({ min: 0, max: 4 }).map((quarters) => quarters / 4);
/** Plans of cost 1, 2 and 4 on some problems, with their difficulty and a seed. */
const worlds = fc.integer({ min: 2, max: 14 }).chain((problems) => {
  const shares = fc.array(share, { minLength: problems, maxLength: problems });
  return fc.record({
    cells: fc.tuple(shares, shares, shares, shares).map((all) =>
      all.map((accuracy, plan): PlanCell => {
        const cost = 2 ** (plan % 3);
        return { plan: `plan ${plan}`, accuracy, cost: accuracy.map(() => cost) };
      }),
    ),
    estimates: shares,
    seed: fc.nat(),
  });
});
const budgets = [1, 2, 4];

/** 40 easy problems that voting answers, and 40 hard ones that a search answers half the time, voting never. */
const EASY = Array.from({ length: 80 }, (_, problem) => Number(problem < 40));
const known = (plan: string, n: number, easy: number, hard: number): PlanCell => ({
  plan,
  accuracy: EASY.map((one) => (one === 1 ? easy : hard)),
  cost: EASY.map(() => n),
});
const CELLS = [known("vote 1", 1, 0.75, 0), known("vote 4", 4, 1, 0), known("search 4", 4, 0.5, 0.5)];

describe("crossValidate", () => {
  it("finds the best policy of a known world", () => {
    const { heldOut, tables } = crossValidate({
      cells: CELLS,
      budgets: [1, 4],
      estimates: EASY,
      random: rng(1),
      binning: quantileBins(2),
      strata: EASY,
    });
    expect(heldOut.map(({ meanAccuracy }) => meanAccuracy)).toEqual([0.375, 0.75]);
    expect(heldOut.map(({ whereChosen }) => whereChosen)).toEqual([0.375, 0.75]);
    expect(heldOut.map(({ meanCost }) => meanCost)).toEqual([1, 4]);
    for (const table of tables)
      expect(table.entries[1]!.map(({ choice }) => choice?.plan)).toEqual(["vote 4", "search 4"]);
  });

  it("with one bin, is the best single plan of the other fold", () => {
    fc.assert(
      fc.property(worlds, ({ cells, estimates, seed }) => {
        const { heldOut, fold } = crossValidate({
          cells,
          budgets,
          estimates,
          random: rng(seed),
          binning: quantileBins(1),
        });
        for (const [place, { accuracy }] of heldOut.entries())
          for (const one of [0, 1]) {
            const [own, other] = [one, 1 - one].map((side) =>
              [...fold.keys()].filter((problem) => fold[problem] === side),
            ) as [number[], number[]];
            const sum = ({ accuracy: all }: PlanCell) => other.reduce((s, problem) => s + all[problem]!, 0);
            const fitting = cells.filter(({ cost }) => cost[0]! <= budgets[place]!);
            const best = Math.max(...fitting.map(sum));
            const winners = fitting.filter((cell) => sum(cell) === best);
            const cheapest = Math.min(...winners.map(({ cost }) => cost[0]!));
            const winner = winners.find(({ cost }) => cost[0] === cheapest)!;
            for (const problem of own) expect(accuracy[problem]).toBe(winner.accuracy[problem]);
          }
      }),
    );
  });

  it("chooses without the labels of the fold that it reports", () => {
    fc.assert(
      fc.property(worlds, fc.nat(), ({ cells, estimates, seed }, turn) => {
        const options = { cells, budgets, estimates, random: rng(seed) };
        const { tables, fold } = crossValidate(options);
        const reported = [...fold.keys()].filter((problem) => fold[problem] === 0);
        const turned = (values: ArrayLike<number>) => {
          const changed = Array.from(values);
          for (const [place, problem] of reported.entries())
            changed[problem] = 1 - values[reported[(place + turn) % reported.length]!]!;
          return changed;
        };
        const permuted = crossValidate({
          ...options,
          cells: cells.map((cell) => ({ ...cell, accuracy: turned(cell.accuracy) })),
          estimates: turned(estimates),
        });
        expect(permuted.tables[0]).toEqual(tables[0]);
      }),
    );
  });

  it("tells an estimator which labels it may know", () => {
    const told: (readonly number[])[] = [];
    const estimates = (learnOn: readonly number[]) => {
      told.push(learnOn);
      return EASY;
    };
    const { fold } = crossValidate({ cells: CELLS, budgets: [4], estimates, random: rng(1) });
    expect(told.map((learnOn) => new Set(learnOn.map((problem) => fold[problem])))).toEqual([
      new Set([1]),
      new Set([0]),
    ]);
  });

  it("shows the winner's curse: plans that differ by luck look better where they were chosen", () => {
    const random = rng("curse");
    const cells = Array.from({ length: 20 }, (_, plan) => ({
      plan: String(plan),
      accuracy: EASY.map(() => Number(random.next() < 0.5)),
      cost: EASY.map(() => 1),
    }));
    const gaps = Array.from({ length: 20 }, (_, seed) => {
      const options = { cells, budgets: [1], estimates: EASY, random: rng(seed) };
      const { whereChosen, meanAccuracy } = crossValidate(options).heldOut[0]!;
      return whereChosen! - meanAccuracy!;
    });
    expect(Math.min(...gaps)).toBeGreaterThan(0.05);
  });

  it("never chooses better than it looks, in the whole table", () => {
    fc.assert(
      fc.property(worlds, ({ cells, estimates, seed }) => {
        const { heldOut } = crossValidate({ cells, budgets, estimates, random: rng(seed) });
        for (const { meanAccuracy, whereChosen, accuracy, unplanned } of heldOut) {
          expect(unplanned).toBe(0);
          expect(accuracy.every((value) => value !== undefined && value >= 0 && value <= 1)).toBe(true);
          expect(meanAccuracy).toBeCloseTo(
            accuracy.reduce<number>((sum, value) => sum + value!, 0) / accuracy.length,
          );
          expect(whereChosen).toBeGreaterThanOrEqual(0);
          expect(whereChosen).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it("is undefined where no plan fits the budget, and says for how many problems", () => {
    const [below, above] = crossValidate({
      cells: [CELLS[2]!],
      budgets: [1, 4],
      estimates: EASY,
      random: rng(1),
    }).heldOut;
    expect(below).toMatchObject({
      unplanned: 80,
      meanAccuracy: undefined,
      meanCost: undefined,
      whereChosen: undefined,
    });
    expect(below!.accuracy.every((value) => value === undefined)).toBe(true);
    expect(above).toMatchObject({ unplanned: 0, meanAccuracy: 0.5, whereChosen: 0.5 });
  });

  it("splits two problems, and refuses one", () => {
    const cells = [{ plan: "vote", accuracy: [1, 0], cost: [1, 1] }];
    const options = { budgets: [1], random: rng(1) };
    const { heldOut, tables } = crossValidate({ ...options, cells, estimates: [0.9, 0.1] });
    expect(heldOut[0]).toMatchObject({ meanAccuracy: 0.5, whereChosen: 0.5 });
    expect(tables[0].bins.note).toBe("All 1 problems have the same estimate: there is one bin.");
    const one = [{ plan: "vote", accuracy: [1], cost: [1] }];
    expect(() => crossValidate({ ...options, cells: one, estimates: [1] })).toThrow(
      "2 folds need as many problems, or clusters of them: there are 1.",
    );
    expect(() => crossValidate({ ...options, cells: [], estimates: [] })).toThrow("2 folds need");
  });

  it.each([0, 1])("has no doubt where all problems are %d", (all) => {
    const cells = CELLS.map((cell) => ({ ...cell, accuracy: EASY.map(() => all) }));
    const { heldOut } = crossValidate({
      cells,
      budgets: [4],
      estimates: EASY.map(() => all),
      random: rng(1),
      binning: absoluteBins(),
    });
    expect(heldOut[0]).toMatchObject({ meanAccuracy: all, whereChosen: all, meanCost: 1 });
  });
});

describe("curveOf", () => {
  it("leaves out budgets at which a problem has no plan, and fits budgetRatio", () => {
    const own = crossValidate({
      cells: CELLS.slice(1),
      budgets: [1, 4, 8],
      estimates: EASY,
      random: rng(1),
      binning: quantileBins(2),
    });
    const { budgets: kept, curve } = curveOf(own);
    expect(kept).toEqual([4, 8]);
    const plain = {
      accuracy: [0.25, 0.75].map((a) => EASY.map(() => a)),
      cost: [4, 16].map((c) => EASY.map(() => c)),
    };
    expect(budgetRatio(plain, curve, 0.75, rng(1), { resamples: 100 }).ratio).toBe(4);
  });
});

it("the table of all problems is that of a fold when both folds are alike", () => {
  const options = { cells: CELLS, budgets: [1, 4], binning: quantileBins(2) };
  const { tables } = crossValidate({ ...options, estimates: EASY, random: rng(3), strata: EASY });
  const plans = ({ entries }: (typeof tables)[0]) => entries.map((bins) => bins.map(({ choice }) => choice));
  expect(plans(learnTable(options, EASY))).toEqual(plans(tables[0]));
});
