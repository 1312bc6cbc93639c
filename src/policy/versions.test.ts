import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rng } from "../random.ts";
import { quantileBins } from "./bins.ts";
import type { PlanCell } from "./compute-optimal.ts";
import { charged, compareVersions } from "./versions.ts";

const EASY = Array.from({ length: 40 }, (_, problem) => problem % 2);
const cell = (plan: string, n: number, easy: number, hard: number, reused = 0): PlanCell => ({
  plan,
  accuracy: EASY.map((one) => (one === 1 ? easy : hard)),
  cost: EASY.map(() => n),
  reused: EASY.map(() => reused),
});
const probe = EASY.map(() => 2);

describe("charged", () => {
  it("adds what the plan does not use again", () => {
    const costs = charged([cell("vote 4", 4, 1, 0, 2), cell("beam 4", 4, 1, 0)], probe).map(
      ({ cost }) => cost[0],
    );
    expect(costs).toEqual([4, 6]);
    const { reused: _, ...plain } = cell("beam 4", 4, 1, 0);
    expect(charged([plain], probe)[0]!.cost[0]).toBe(6);
  });

  it("is never cheaper than the plan or the probe, nor dearer than both", () => {
    const amounts = fc.record({ cost: fc.integer({ min: 1, max: 9 }), paid: fc.integer({ min: 1, max: 9 }) });
    fc.assert(
      fc.property(
        fc.array(amounts, { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, part) => {
          const [cost, paid] = [all.map((one) => one.cost), all.map((one) => one.paid)];
          const reused = all.map((one) => part * Math.min(one.cost, one.paid));
          const [after] = charged([{ plan: "a", accuracy: cost, cost, reused }], paid);
          for (const [problem, sum] of Array.from(after!.cost).entries()) {
            expect(sum).toBeGreaterThanOrEqual(Math.max(cost[problem]!, paid[problem]!) - 1e-9);
            expect(sum).toBeLessThanOrEqual(cost[problem]! + paid[problem]!);
          }
        },
      ),
    );
  });

  it("refuses a plan that uses more of the probe than there is", () => {
    expect(() => charged([cell("vote 4", 4, 1, 0, 3)], probe)).toThrow(
      "vote 4 cannot use 3 of the probe of problem 0 again: it costs 4, and the probe 2.",
    );
    expect(() => charged([cell("vote 1", 1, 1, 0, 2)], probe)).toThrow("vote 1 cannot use 2 of the probe");
    expect(() => charged([cell("vote 4", 4, 1, 0)], [2])).toThrow(
      "vote 4 has costs of 40 problems, and 1 were probed.",
    );
  });
});

describe("compareVersions", () => {
  const cells = [cell("vote 1", 1, 0.75, 0, 1), cell("vote 4", 4, 1, 0, 2), cell("beam 4", 4, 0.5, 0.5)];
  const versions = compareVersions({
    cells,
    budgets: [1, 4, 6],
    binning: quantileBins(2),
    strata: EASY,
    oracle: EASY,
    predicted: EASY.map((one) => 0.2 + 0.6 * one),
    probe: { estimates: EASY.map((one) => 0.4 + 0.2 * one), cost: probe, cells },
    random: rng(1),
  });

  it("lets only the charged one pay, and plans use the probe again", () => {
    const rows = [versions.oracleCeiling, versions.predictedFree, versions.predictedCharged].map(
      ({ heldOut }) => heldOut.map(({ meanAccuracy }) => meanAccuracy),
    );
    expect(rows[0]).toEqual([0.375, 0.75, 0.75]);
    expect(rows[1]).toEqual(rows[0]);
    // A probe of 2 fits no budget of 1. Of 4, voting has the room of the probe within, a beam has not.
    expect(rows[2]).toEqual([undefined, 0.5, 0.75]);
    expect(versions.predictedCharged.heldOut[2]!.meanCost).toBe(5);
  });

  it("splits all versions alike", () => {
    expect(versions.predictedCharged.fold).toEqual(versions.oracleCeiling.fold);
    expect(versions.predictedFree.fold).toEqual(versions.oracleCeiling.fold);
  });

  it("gives the charged version nothing that an equal free one does not have", () => {
    const worlds = fc.array(
      fc.integer({ min: 0, max: 4 }).map((q) => q / 4),
      { minLength: 40, maxLength: 40 },
    );
    fc.assert(
      fc.property(worlds, worlds, (one, other) => {
        const plans = [
          { plan: "a", accuracy: one, cost: probe, reused: probe },
          { plan: "b", accuracy: other, cost: EASY.map(() => 4), reused: probe },
        ];
        const { predictedFree, predictedCharged } = compareVersions({
          cells: plans,
          budgets: [2, 4],
          oracle: one,
          predicted: other,
          probe: { estimates: other, cost: probe, cells: plans },
          random: rng(2),
        });
        expect(predictedCharged.heldOut).toEqual(predictedFree.heldOut);
      }),
    );
  });
});
