import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawProblems } from "../../test/difficulty-worlds.ts";
import { rng } from "../random.ts";
import type { Count } from "./counts.ts";
import { type ForecastOptions, forecastCoverage } from "./forecast.ts";

const LAWS = ["power", "beta", "mixture", "inflated"] as const;
const forecast = (counts: readonly Count[], options: Partial<ForecastOptions> = {}) =>
  forecastCoverage(counts, { ks: [16, 32, 64], random: rng(1), resamples: 30, laws: LAWS, ...options });
const alike = (problems: number, right: number, total: number) =>
  Array.from({ length: problems }, () => ({ right, total }));

describe("a forecast of coverage", () => {
  it("begins at what is solved, rises with k, and lies within its interval, for any counts", () => {
    const count = fc
      .record({ total: fc.integer({ min: 8, max: 12 }), share: fc.integer({ min: 0, max: 8 }) })
      .map(({ total, share }) => ({ total, right: share }));
    fc.assert(
      fc.property(fc.array(count, { minLength: 20, maxLength: 40 }), fc.nat(), (counts, seed) => {
        const told = forecast(counts, { random: rng(seed), resamples: 10 });
        for (const law of LAWS) {
          let before = { coverage: told.solved, low: told.solved, high: told.solved };
          for (const { coverage, low, high, reason } of told.laws[law]!.forecasts) {
            if (coverage === undefined) {
              expect(reason).toBeTypeOf("string");
              continue;
            }
            for (const [now, then] of [
              [coverage, before.coverage],
              [low!, before.low],
              [high!, before.high],
            ] as const) {
              expect(now).toBeGreaterThanOrEqual(then - 1e-12);
              expect(now).toBeLessThanOrEqual(1 + 1e-12);
            }
            expect(high).toBeGreaterThanOrEqual(low!);
            before = { coverage, low: low!, high: high! };
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  it("is near the truth of worlds that it drew", () => {
    const world = drawProblems({ alpha: 0.5, beta: 3, never: 0 }, 2000, 16, rng("world"));
    const { solved, problems, samples, laws } = forecast(world, { ks: [256], resamples: 20 });
    const [beta, power, mixture] = [laws.beta!, laws.power!, laws.mixture!];
    const truth = world.filter(({ solvedAt }) => solvedAt <= 256).length / 2000;
    expect([problems, samples]).toEqual([2000, 16]);
    expect(truth).toBeGreaterThan(solved + 0.1);
    expect(Math.abs(beta.forecasts[0]!.coverage! - truth)).toBeLessThan(0.02);
    expect(Math.abs(mixture.forecasts[0]!.coverage! - truth)).toBeLessThan(0.02);
    expect(beta.law!.alpha).toBeCloseTo(0.5, 1);
    expect(power.forecasts[0]!.coverage).toBeCloseTo(truth, 1);
  });

  it("leaves nothing to chance where every problem is solved", () => {
    const beta = forecast([...alike(20, 3, 8), ...alike(20, 7, 8)]).laws.beta!;
    expect(beta.forecasts.map(({ low, coverage, high }) => [low, coverage, high])).toEqual(
      [16, 32, 64].map(() => [1, 1, 1]),
    );
  });

  it("is pass@k itself where the samples suffice", () => {
    const counts = [...alike(20, 0, 8), ...alike(20, 1, 8)];
    const [known] = forecast(counts, { ks: [4] }).laws.beta!.forecasts;
    expect([known!.low, known!.coverage, known!.high]).toEqual([0.25, 0.25, 0.25]);
  });

  it("leaves out the laws that it is not asked for", () => {
    const { laws } = forecast(alike(30, 1, 8), { laws: ["power"] });
    expect([laws.power?.law?.b, laws.beta, laws.mixture, laws.inflated]).toEqual([
      expect.any(Number),
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("is the same for the same seed", () => {
    const world = drawProblems({ alpha: 0.5, beta: 3, never: 0 }, 50, 16, rng("same"));
    expect(forecast(world)).toEqual(forecast(world));
  });

  it.each([
    ["no problems", [], "0 problems are too few: count at least 20"],
    ["two problems", alike(2, 1, 8), "2 problems are too few: count at least 20"],
    ["no samples", alike(30, 0, 0), "a problem has 0 samples: draw at least 4 for every problem"],
    ["one sample each", alike(30, 1, 1), "a problem has 1 samples: draw at least 4 for every problem"],
    ["all right", alike(30, 8, 8), "every sample is right: nothing is left to forecast"],
    ["all wrong", alike(30, 0, 8), "no sample is right: draw more samples, or easier problems"],
    [
      "few solved",
      [...alike(30, 0, 8), ...alike(2, 1, 8)],
      "2 problems are solved, too few: draw samples until at least 5 are",
    ],
  ])("abstains with %s", (_, counts, reason) => {
    const told = forecast(counts);
    for (const law of LAWS) {
      expect(told.laws[law]!.law).toBeUndefined();
      for (const one of told.laws[law]!.forecasts)
        expect(one).toMatchObject({ coverage: undefined, low: undefined, high: undefined, reason });
    }
    expect(JSON.stringify(told)).not.toMatch(/null/);
  });

  it("abstains beyond 16 times the samples, or the reach it is given", () => {
    const counts = [...alike(20, 0, 8), ...alike(20, 2, 8)];
    const told = forecast(counts, { ks: [128, 129] }).laws.beta!.forecasts;
    expect(told.map(({ reason }) => reason)).toEqual([
      undefined,
      "129 samples are beyond 16 times the 8 drawn",
    ]);
    expect(forecast(counts, { ks: [129], reach: 17 }).laws.beta!.forecasts[0]!.reason).toBeUndefined();
  });

  it("refuses counts and numbers of samples that are none", () => {
    for (const count of [
      { right: 3, total: 2 },
      { right: -1, total: 2 },
      { right: 0.5, total: 2 },
      { right: 0, total: Number.NaN },
    ])
      expect(() => forecast([count])).toThrow(RangeError);
    for (const k of [0, -1, 1.5, Number.NaN])
      expect(() => forecast(alike(30, 1, 8), { ks: [k] })).toThrow(RangeError);
  });
});
