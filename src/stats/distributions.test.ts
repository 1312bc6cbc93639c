import { describe, expect, it } from "vitest";
import { binomialAtMost, normalBelow, studentWithin } from "./distributions.ts";
import { tailShare } from "./resampling.ts";

// Expected values are SciPy's (1.17.1), by the calls named.

describe("binomialAtMost", () => {
  // binom.cdf(k, n, p); 100 of 4,000 at 5% is a far tail.
  it.each([
    [3, 15, 0.1, 0.944444369992464],
    [40, 100, 0.5, 0.028443966820490444],
    [2, 1000, 0.001, 0.919790657159799],
    [0, 5, 0.3, 0.16807],
    [100, 4000, 0.05, 9.981121916251777e-16],
  ])("of %d in %d at %d", (most, total, chance, expected) => {
    expect(binomialAtMost(most, total, chance) / expected).toBeCloseTo(1, 10);
  });

  it("is certain or impossible at the edges", () => {
    expect(binomialAtMost(-1, 5, 0.5)).toBe(0);
    expect(binomialAtMost(5, 5, 0.5)).toBe(1);
    expect(binomialAtMost(4, 5, 1)).toBe(0);
    expect(binomialAtMost(0, 5, 0)).toBe(1);
  });
});

it.each([
  // norm.cdf(x)
  [-4, 3.167124183311986e-5],
  [-2.2986, 0.0107638317792575],
  [-1.959963984540054, 0.025],
  [0, 0.5],
  [0.5, 0.6914624612740131],
  [3, 0.9986501019683699],
  [-40, 0],
])("normalBelow(%d)", (value, expected) => {
  expect(normalBelow(value)).toBeCloseTo(expected, 13);
});

it.each([
  // t.ppf(0.975, v), t.ppf(0.995, 7)
  [0.95, 1, 12.706204736174694],
  [0.95, 2, 4.302652729749462],
  [0.95, 3, 3.1824463052837078],
  [0.95, 10, 2.228138851986274],
  [0.95, 11, 2.200985160091639],
  [0.95, 100, 1.9839715185235518],
  [0.95, 3999, 1.9605573771860272],
  [0.99, 7, 3.4994832973504924],
])("studentWithin(%d, %d)", (level, freedom, expected) => {
  expect(studentWithin(level, freedom)).toBeCloseTo(expected, 9);
});

it.each([
  // norm.cdf(-sqrt(g / (g - 1)) * t.ppf(0.975, g - 1))
  [2, 0],
  [8, 0.0057375205170298775],
  [12, 0.010756614916552488],
  [400, 0.024511629762267586],
])("tailShare(%d)", (clusters, expected) => {
  expect(tailShare(clusters, 0.95)).toBeCloseTo(expected, 12);
});
