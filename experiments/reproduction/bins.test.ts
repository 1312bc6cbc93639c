import { describe, expect, it } from "vitest";
import { rng } from "../../src/random.ts";
import { aboveZero, allOf, contrast, fifths, points } from "./bins.ts";

describe("fifths", () => {
  it("bins each family by itself, the easiest first", () => {
    const of = (family: string, passAt1: number) => ({ problem: { id: "", prompt: "", family }, passAt1 });
    const chain = [0.1, 0.2, 0.3, 0.4, 0.5].map((passAt1) => of("chain", passAt1));
    const countdown = [0.9, 0.8, 0.7, 0.6, 0.55].map((passAt1) => of("countdown", passAt1));
    expect([...fifths([...chain, ...countdown])]).toEqual([5, 4, 3, 2, 1, 1, 2, 3, 4, 5]);
  });
});

describe("contrast", () => {
  it("is the difference of means, and its interval is about that of two independent groups", () => {
    const half = (count: number, right: number) =>
      Float64Array.from({ length: count }, (_, at) => Number(at < right));
    const found = contrast(half(200, 150), half(100, 50), rng(1))!;
    expect(found.mean).toBeCloseTo(0.25, 12);
    const error = Math.sqrt((0.75 * 0.25) / 200 + 0.25 / 100);
    expect((found.high - found.low) / (2 * 1.96 * error)).toBeCloseTo(1, 1);
    expect(aboveZero(found)).toBe("shown");
  });
});

describe("verdicts", () => {
  it("need all parts, and one contradicted part is enough", () => {
    expect(allOf(["shown", "shown"])).toBe("shown");
    expect(allOf(["shown", "not shown"])).toBe("not shown");
    expect(allOf(["shown", "contradicted"])).toBe("contradicted");
    expect(points({ mean: 0.031, low: 0.01, high: 0.052 })).toBe("+3.1 points (1.0 to 5.2)");
  });
});
