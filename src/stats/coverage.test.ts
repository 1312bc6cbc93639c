/** How often 95% intervals hold the truth, in simulated worlds where it is known: 93 to 97 times out of 100. */
import { describe, expect, it } from "vitest";
import { type Rng, rng } from "../random.ts";
import { budgetRatio, type Curve } from "./budget-ratio.ts";
import { fitCurve, reach } from "./curves.ts";
import { pairedBootstrap } from "./difference.ts";
import type { Interval } from "./means.ts";

/** The share of trials whose interval holds `truth`; an open end holds everything. */
function coverage(
  trials: number,
  truth: number,
  interval: (random: Rng) => Partial<Record<"low" | "high", number | undefined>>,
): number {
  let held = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    const { low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY } = interval(
      rng("coverage").split(trial),
    );
    if (low - 1e-12 <= truth && truth <= high + 1e-12) held += 1;
  }
  return held / trials;
}

/** A difference that is 1 with probability `better`, -1 with `worse`, else 0. */
function discordant(random: Rng, better: number, worse: number): number {
  const value = random.next();
  return value < better ? 1 : value < better + worse ? -1 : 0;
}

const resamples = 300;

/** Two strategies that differ on one problem in five: 13 points against 7. */
function independent(problems: number) {
  return (random: Rng): Interval => {
    const differences = Array.from({ length: problems }, () => discordant(random, 0.13, 0.07));
    return pairedBootstrap(differences, new Float64Array(problems), random.split("resamples"), { resamples });
  };
}

/** Templates of 10 to 30 problems, each with its own difference, 0 or 12 points, 6 on average. */
function templated(templates: number, aware: boolean) {
  return (random: Rng): Interval => {
    const clusters: number[] = [];
    const differences: number[] = [];
    for (let template = 0; template < templates; template += 1) {
      const half = random.pick([0, 0.06]);
      for (let left = random.int(10, 30); left > 0; left -= 1) {
        clusters.push(template);
        differences.push(discordant(random, 0.1 + half, 0.1 - half));
      }
    }
    const zeros = new Float64Array(differences.length);
    const options = aware ? { resamples, clusters } : { resamples };
    return pairedBootstrap(differences, zeros, random.split("resamples"), options);
  };
}

const BUDGETS = [1, 2, 4, 8, 16];
/** Chances of one sample, as many of each problem's. */
const CHANCES = Array.from({ length: 20 }, (_, rank) => 0.6 * ((rank + 0.5) / 20) ** 2);
const solved = (chance: number, samples: number) => 1 - (1 - chance) ** samples;

/** Two strategies with a perfect verifier; the second draws twice the samples for each unit of budget. */
function curves(random: Rng, problems: number): readonly [Curve, Curve] {
  const chances = Array.from({ length: problems }, () => random.pick(CHANCES));
  const drawn = (speed: number): Curve => ({
    accuracy: BUDGETS.map((budget) =>
      chances.map((chance) => {
        const draws = [0, 1, 2, 3].filter(() => random.next() < solved(chance, speed * budget));
        return draws.length / 4;
      }),
    ),
    cost: BUDGETS.map((budget) => new Float64Array(problems).fill(budget)),
  });
  return [drawn(1), drawn(2)];
}

/** log2 of the least cost in the whole population. */
function populationCost(speed: number, accuracy: number): number {
  const accuracies = BUDGETS.map(
    (budget) => CHANCES.reduce((sum, chance) => sum + solved(chance, speed * budget), 0) / CHANCES.length,
  );
  return reach(fitCurve(accuracies, BUDGETS), accuracy).low;
}

describe("95% intervals hold the truth 93 to 97 times out of 100", () => {
  it.each([
    ["40 problems", 1000, independent(40)],
    ["12 templates", 2000, templated(12, true)],
    ["24 templates", 2000, templated(24, true)],
  ])("of a difference over %s", (_, trials, interval) => {
    const held = coverage(trials, 0.06, interval);
    expect(held).toBeGreaterThanOrEqual(0.93);
    expect(held).toBeLessThanOrEqual(0.97);
  });

  it("but not when problems of a template are taken to be independent", () => {
    expect(coverage(150, 0.06, templated(12, false))).toBeLessThan(0.93);
  });

  it("of a ratio of budgets at equal accuracy over 300 problems", () => {
    const accuracy = 0.5;
    const truth = 2 ** (populationCost(1, accuracy) - populationCost(2, accuracy));
    expect(truth).toBeCloseTo(2, 1);
    const held = coverage(300, truth, (random) =>
      budgetRatio(...curves(random, 300), accuracy, random.split("resamples"), { resamples }),
    );
    expect(held).toBeGreaterThanOrEqual(0.93);
    expect(held).toBeLessThanOrEqual(0.97);
  });
});
