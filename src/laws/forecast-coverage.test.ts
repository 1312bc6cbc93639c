/** How often 95% intervals of forecasts hold what came true, in simulated worlds of the beta-binomial law. */
import { describe, expect, it } from "vitest";
import { drawProblems } from "../../test/difficulty-worlds.ts";
import { rng } from "../random.ts";
import { forecastCoverage } from "./forecast.ts";

describe("95% intervals hold what comes true 93 to 97 times out of 100", () => {
  it("for the beta-binomial law, at 8 times the samples, with 200 problems", () => {
    const [worlds, samples, k] = [200, 16, 128];
    let held = 0;
    for (let world = 0; world < worlds; world += 1) {
      const random = rng("forecast").split(world);
      const problems = drawProblems({ alpha: 0.4, beta: 2, never: 0 }, 200, samples, random);
      const truth = problems.filter(({ solvedAt }) => solvedAt <= k).length / problems.length;
      const { laws } = forecastCoverage(problems, {
        ks: [k],
        random: random.split("told"),
        laws: ["beta"],
        resamples: 150,
      });
      const { low, high } = laws.beta!.forecasts[0]!;
      if (low! - 1e-12 <= truth && truth <= high! + 1e-12) held += 1;
    }
    expect(held / worlds).toBeGreaterThanOrEqual(0.93);
    expect(held / worlds).toBeLessThanOrEqual(0.97);
  });
});
