import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSampler, uniform } from "./sampling.ts";

const logits = Float32Array.of(99, 1, 3, 3, -2, 0);
const sampler = createSampler(5);
const softmax = (temperature: number) => {
  const weights = [...logits.slice(1)].map((logit) => Math.exp(logit / temperature));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
};

describe("uniform", () => {
  it("is a pure function of seed and index, in [0, 1), and even", () => {
    const draws = Array.from({ length: 4000 }, (_, index) => uniform(5, index));
    expect(draws).toEqual(Array.from({ length: 4000 }, (_, index) => uniform(5, index)));
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
    expect(draws.reduce((a, b) => a + b) / draws.length).toBeCloseTo(0.5, 1);
    expect(new Set([uniform(0, 1), uniform(1, 0), uniform(2 ** 32, 0), uniform(0, 0)]).size).toBe(4);
  });
});

describe("sample", () => {
  it("takes the highest logit at temperature 0, the lowest id of equals", () => {
    expect(sampler.sample(logits, 1, 0, 1, 0.99)).toBe(1);
  });

  it.each([0.5, 1, 2])("draws with the probabilities of softmax at temperature %f", (temperature) => {
    const counts = [0, 0, 0, 0, 0];
    const draws = 20_000;
    for (let i = 0; i < draws; i += 1) {
      const id = sampler.sample(logits, 1, temperature, 1, (i + 0.5) / draws);
      counts[id] = counts[id]! + 1;
    }
    for (const [id, p] of softmax(temperature).entries()) expect(counts[id]! / draws).toBeCloseTo(p, 3);
  });

  it("keeps to the smallest set of tokens that has the mass topP", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -32, max: 32 }), { minLength: 2, maxLength: 40 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        (values, topP, draw) => {
          const row = Float32Array.from(values, (value) => value / 4);
          const weights = [...row].map((value) => Math.exp(value));
          const sum = weights.reduce((a, b) => a + b);
          const ranked = weights.map((_, id) => id).sort((a, b) => weights[b]! - weights[a]! || a - b);
          const nucleus: number[] = [];
          for (let mass = 0; mass < topP * sum * (1 - 1e-9); mass += weights[nucleus.at(-1)!]!)
            nucleus.push(ranked[nucleus.length]!);
          const id = createSampler(row.length).sample(row, 0, 1, topP, draw);
          expect(ranked.slice(0, nucleus.length + 1)).toContain(id);
          if (draw === 0) expect(weights[id]!).toBeCloseTo(Math.max(...weights), 6);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("logprob and top", () => {
  it("are those of softmax at temperature 1", () => {
    for (const [id, p] of softmax(1).entries())
      expect(sampler.logprob(logits, 1, id)).toBeCloseTo(Math.log(p), 6);
    expect(sampler.top(logits, 1, 3)).toEqual([1, 2, 0]);
  });
});
