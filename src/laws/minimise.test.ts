import { describe, expect, it } from "vitest";
import { minimise } from "./minimise.ts";

describe("minimise", () => {
  it("finds the minimum of Rosenbrock's valley", () => {
    const valley = ([x, y]: readonly number[]) => (1 - x!) ** 2 + 100 * (y! - x! ** 2) ** 2;
    const { at, value, converged } = minimise(valley, [-1.2, 1], 0.5);
    expect(at[0]).toBeCloseTo(1, 3);
    expect(at[1]).toBeCloseTo(1, 3);
    expect(value).toBeLessThan(1e-8);
    expect(converged).toBe(true);
  });

  it("keeps away from where the function is not a number", () => {
    const { at, converged } = minimise(([x]) => x! - Math.log(x!), [5], -1);
    expect(at[0]).toBeCloseTo(1, 3);
    expect(converged).toBe(true);
  });

  it("says when it does not converge", () => {
    expect(minimise(([x]) => -x!, [0], 1).converged).toBe(false);
    expect(minimise(() => Number.NaN, [0, 0], 1).converged).toBe(false);
  });
});
