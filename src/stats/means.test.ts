import { describe, expect, it } from "vitest";
import { rng } from "../random.ts";
import { bootstrap } from "./means.ts";

const random = () => rng("means");
const coins = (right: number, total: number) =>
  Float64Array.from({ length: total }, (_, index) => Number(index < right));

describe("means over problems", () => {
  it("have the interval of a proportion where each problem is right or wrong", () => {
    const [estimate] = bootstrap([coins(60, 200)], 200, random(), 10_000);
    // 0.3 plus and minus 1.97 standard errors of sqrt(0.3 * 0.7 / 200) = 0.0324: [0.236, 0.364].
    expect(estimate!.mean).toBe(0.3);
    expect(Math.abs(estimate!.low! - 0.236)).toBeLessThanOrEqual(0.01);
    expect(Math.abs(estimate!.high! - 0.364)).toBeLessThanOrEqual(0.01);
  });

  it("leave out the problems that a measurement lacks, and widen for those that are left", () => {
    const whole = coins(20, 40);
    const part = whole.map((value, index) => (index % 4 === 0 ? value : Number.NaN));
    const [all, few] = bootstrap([whole, part], 40, random());
    expect([all!.mean, few!.mean]).toEqual([0.5, 0.5]);
    expect(few!.high! - few!.low!).toBeGreaterThan(1.5 * (all!.high! - all!.low!));
  });

  it("of one problem have no interval, and of equal ones a point", () => {
    const alone = Float64Array.from([Number.NaN, 1, Number.NaN]);
    const estimates = bootstrap([alone, new Float64Array(3).fill(0.25)], 3, random());
    expect(estimates).toEqual([
      { mean: 1, low: undefined, high: undefined },
      { mean: 0.25, low: 0.25, high: 0.25 },
    ]);
  });
});
