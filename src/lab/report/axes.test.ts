import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { axisOf, fit, widthOf } from "./axes.ts";

const scale = fc.constantFrom("log2" as const, "log10" as const, "linear" as const);
const labels = (values: readonly number[], ...rest: readonly ["log2" | "log10" | "linear", number]) => {
  const axis = axisOf(values, ...rest, "plain");
  return axis.ticks.map(axis.format);
};

describe("axisOf", () => {
  it("has powers of two for generations, fewer where there is less room", () => {
    expect(labels([1, 512], "log2", 600)).toEqual("1 2 4 8 16 32 64 128 256 512".split(" "));
    expect(labels([1, 512], "log2", 150)).toEqual(["1", "4", "16", "64", "256"]);
  });

  it("has round numbers for tokens and powers of ten for FLOPs", () => {
    expect(labels([150, 270_000], "log10", 300)).toEqual(["1,000", "10k", "100k"]);
    expect(labels([150, 9000], "log10", 600)).toEqual(["200", "500", "1,000", "2,000", "5,000"]);
    expect(labels([2e8, 7e11], "log10", 300)).toEqual(["10⁹", "10¹⁰", "10¹¹"]);
    expect(labels([2e8, 7e9], "log10", 700)).toEqual(["2×10⁸", "5×10⁸", "10⁹", "2×10⁹", "5×10⁹"]);
  });

  it("leaves room around one value, and keeps shares from 0 to 1", () => {
    expect(axisOf([64], "log2", 300, "plain").domain[0]).toBeLessThan(64);
    expect(axisOf([1], "linear", 300, "percent").domain).toEqual([0.9, 1]);
    expect(axisOf([0], "linear", 300, "percent").domain).toEqual([0, 0.1]);
    expect(axisOf([7], "linear", 300, "plain").domain[0]).toBeLessThan(7);
  });

  it("holds all values and writes few ticks, in order, in its domain, without touching", () => {
    const value = fc.oneof(
      fc.double({ min: -1e300, max: 1e300, noNaN: true }),
      fc.double({ min: 1e-6, max: 1e12, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 9 }), scale, (values, name) => {
        const { domain, ticks, format, type } = axisOf(values, name, 300, "plain");
        const drawn = values.filter((one) => type === "linear" || one > 0);
        const [low, high] = domain;
        expect(low).toBeLessThan(high);
        const slack = 1e-9 * Math.max(Math.abs(low), Math.abs(high));
        for (const one of [...drawn, ...ticks]) {
          expect(one).toBeGreaterThanOrEqual(low - slack);
          expect(one).toBeLessThanOrEqual(high + slack);
        }
        expect(ticks.length).toBeGreaterThan(0);
        expect(ticks.map(format).reduce((sum, one) => sum + widthOf(one), 0)).toBeLessThan(300 + 100);
        expect(ticks).toEqual([...new Set(ticks)].sort((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });
});

describe("fit", () => {
  it("cuts what is too wide, by characters", () => {
    expect(fit("short", 100)).toBe("short");
    expect(fit("a label that is too long", 72)).toBe("a label t…");
    expect(fit("🙂🙂🙂🙂", 22)).toBe("🙂🙂…");
  });
});
