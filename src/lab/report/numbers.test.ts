import { describe, expect, it } from "vitest";
import { formatCell, formatNumber, formatRange, formatTick } from "./numbers.ts";

describe("formatNumber", () => {
  it.each([
    [0, "0"],
    [-0, "0"],
    [512, "512"],
    [1590, "1,590"],
    [-1590, "−1,590"],
    [1234.5, "1,235"],
    [4.3125, "4.31"],
    [0.0421, "0.0421"],
    [4.2e9, "4.20×10⁹"],
    [-1e-7, "−1.00×10⁻⁷"],
    [1e20, "1.00×10²⁰"],
  ])("writes %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it("writes shares as percentages of one digit", () => {
    expect([0, 0.421, 1, -0.00001].map((one) => formatNumber(one, "percent"))).toEqual([
      "0.0%",
      "42.1%",
      "100.0%",
      "0.0%",
    ]);
  });
});

describe("formatRange", () => {
  it("adds the interval, and says which end is unknown", () => {
    expect(formatRange(0.5, { low: 0.4, high: 0.62 }, "percent")).toBe("50.0% (40.0 to 62.0)");
    expect(formatRange(2, { low: 1.5 })).toBe("2 (1.5 to unknown)");
    expect(formatRange(2, { low: undefined, high: Number.NaN })).toBe("2");
    expect(formatRange(Number.NaN, { low: 1, high: 2 })).toBe("unknown");
  });
});

describe("formatCell", () => {
  it("writes texts as they are, and what is unknown as unknown", () => {
    expect(formatCell("beam, width 4")).toBe("beam, width 4");
    expect(formatCell(undefined)).toBe("unknown");
    expect(formatCell({ mean: Number.NaN, low: undefined, high: undefined })).toBe("unknown");
  });
});

describe("formatTick", () => {
  it("is short", () => {
    expect([5, 10_000, 2_500_000, 1e9, 2e10].map((one) => formatTick(one, "plain"))).toEqual([
      "5",
      "10k",
      "2.5M",
      "10⁹",
      "2×10¹⁰",
    ]);
    expect(formatTick(0.05, "percent")).toBe("5%");
  });
});
