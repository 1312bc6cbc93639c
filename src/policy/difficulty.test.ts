import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rng } from "../random.ts";
import {
  learnedDifficulty,
  oracleDifficulty,
  orderingOf,
  predictedDifficulty,
  probeSigns,
  promptFeatures,
} from "./difficulty.ts";

const NONE = Number.NaN;

describe("oracleDifficulty", () => {
  it("is pass@1, and says from how many samples", () => {
    const right = Uint8Array.from({ length: 512 }, (_, sample) => Number(sample % 4 === 0));
    expect(oracleDifficulty(right)).toEqual({ value: 0.25, samples: 512 });
    expect(oracleDifficulty([1, 0, 1], 3)).toEqual({ value: 2 / 3, samples: 3 });
  });

  it("refuses fewer samples than 512, unless fewer are said to be enough", () => {
    expect(() => oracleDifficulty([1, 0])).toThrow(
      "An oracle needs 512 samples of a problem, and there are 2: draw more, or say that fewer are enough.",
    );
    expect(() => oracleDifficulty([], 0)).toThrow("An oracle needs 1 samples of a problem, and there are 0");
  });
});

describe("predictedDifficulty", () => {
  it("is the mean score of the first samples that have one", () => {
    const scores = [0.2, 0.6, NONE, 0.8];
    expect(predictedDifficulty(scores, 2)).toEqual({ value: 0.4, samples: 2 });
    expect(predictedDifficulty(scores, 3)).toEqual({ value: 0.4, samples: 3 });
    expect(predictedDifficulty(scores)!.value).toBeCloseTo(1.6 / 3, 14);
    expect(predictedDifficulty([NONE, 1], 1)).toBeUndefined();
  });

  it("refuses more samples than there are, and none", () => {
    expect(() => predictedDifficulty([0.1], 2)).toThrow("A probe of 2 samples cannot be had of 1.");
    expect(() => predictedDifficulty([])).toThrow("A probe of 0 samples cannot be had of 0.");
  });
});

describe("probeSigns", () => {
  it("counts the votes for the most frequent answer, a sample without one against it", () => {
    expect(probeSigns([3, 3, -1, 5, 5, 5], [0.25, NONE, 0.75, 0.5, 1, 0], 4)).toEqual({
      agreement: 0.5,
      meanScore: 0.5,
      bestScore: 0.75,
    });
    expect(probeSigns([-1, -1], [NONE, NONE], 2)).toEqual({
      agreement: 0,
      meanScore: undefined,
      bestScore: undefined,
    });
  });
});

it("promptFeatures counts characters and numbers", () => {
  expect(promptFeatures("Use 3, 17 and 2.5 to make 24.")).toEqual([29, 4]);
  expect(promptFeatures("")).toEqual([0, 0]);
});

describe("learnedDifficulty", () => {
  const problems = 60;
  const features = Array.from({ length: problems }, (_, problem) => [problem % 10, 7]);
  const passAt1 = features.map(([level]) => 1 / (1 + Math.exp((level! - 4.5) / 2)));
  const learnOn = Array.from({ length: 40 }, (_, problem) => problem);
  const learn = (targets: readonly number[], ridge = 1e-6) =>
    learnedDifficulty({ features, passAt1: targets, learnOn, random: rng(1), ridge });

  it("finds the law of a logistic world, on problems that it did not see", () => {
    for (const [problem, estimate] of learn(passAt1).entries())
      expect(estimate).toBeCloseTo(passAt1[problem]!, 4);
  });

  it("predicts no problem by a model that saw it, and looks at no pass@1 outside", () => {
    fc.assert(
      fc.property(fc.nat(problems - 1), fc.double({ min: 0, max: 1, noNaN: true }), (problem, other) => {
        const [before, after] = [passAt1, passAt1.with(problem, other)].map((all) => learn(all, 1)) as [
          Float64Array,
          Float64Array,
        ];
        expect(after[problem] === before[problem] || !learnOn.includes(problem)).toBe(true);
        if (!learnOn.includes(problem)) expect(after).toEqual(before);
      }),
      { numRuns: 30 },
    );
  });

  it("keeps clusters together", () => {
    const clusters = features.map((_, problem) => problem % 20);
    const lesson = { features, learnOn, random: rng(1), clusters };
    const [before, after] = [passAt1, passAt1.with(20, 0.9)].map((all) =>
      learnedDifficulty({ ...lesson, passAt1: all }),
    );
    expect(after![0]).toBe(before![0]);
  });

  it("gives the mean to features that are the same everywhere, as all right or all wrong", () => {
    const same = features.map(() => [3]);
    const lesson = { features: same, learnOn, random: rng(1) };
    const half = passAt1.map((_, problem) => problem % 2);
    for (const estimate of learnedDifficulty({ ...lesson, passAt1: half })) {
      expect(estimate).toBeGreaterThan(0.4);
      expect(estimate).toBeLessThan(0.6);
    }
    for (const target of [0, 1])
      for (const estimate of learnedDifficulty({ ...lesson, passAt1: half.map(() => target) }))
        expect(estimate).toBeCloseTo(target, 6);
  });

  it("refuses lists of unequal length and fewer problems than folds", () => {
    expect(() => learnedDifficulty({ features, passAt1: [1], learnOn, random: rng(1) })).toThrow(
      "Features of 60 problems cannot pair with pass@1 of 1.",
    );
    expect(() => learnedDifficulty({ features, passAt1, learnOn: [0, 1], random: rng(1) })).toThrow(
      "5 folds need as many problems, or clusters of them: there are 2.",
    );
  });
});

describe("orderingOf", () => {
  it("counts the problems in the oracle's bin, beside those by chance", () => {
    const oracle = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
    const twisted = [...oracle.slice(0, 8), 0.7, 0.8].with(6, 0.9).with(7, 1);
    expect(orderingOf(oracle, oracle)).toEqual({ correlation: 1, sameBin: 1, byChance: expect.closeTo(0.2) });
    // The two easiest bins are exchanged: Σd² = 4·2² = 16.
    expect(orderingOf(twisted, oracle)).toEqual({
      correlation: expect.closeTo(1 - (6 * 16) / 990),
      sameBin: 0.6,
      byChance: expect.closeTo(0.2),
    });
  });

  it("is honest about estimates that are the same for all", () => {
    const constant = orderingOf([0.5, 0.5, 0.5, 0.5], [0.1, 0.2, 0.3, 0.4]);
    expect(constant.correlation).toBeUndefined();
    expect(constant.sameBin).toBe(constant.byChance);
  });
});
