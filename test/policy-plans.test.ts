import { describe, expect, it } from "vitest";
import { type Drawing, rowsOf } from "../experiments/policy/plans.ts";
import type { Drawn } from "../src/lab/reading.ts";
import { rng } from "../src/random.ts";

const problem = { id: "p", prompt: "3+4?", answer: "7" };
/** One operation for each evaluated token. */
const token = { layers: 0, attentionWidth: 0, activeParameters: 0.5 };
const shapes = { generator: token, verifier: token };
const drawing: Drawing = { probes: 2, orders: 4, sizes: [1, 2, 4, 8, 16], random: rng(1) };

const sample = (seed: number, answer: string, text: number, score: number): Drawn => ({
  setting: 1,
  seed,
  text,
  complete: true,
  answer,
  outputTokens: 5,
  score,
  steps: [score],
  correct: undefined,
  whole: { text: "", finish: "end", inputTokens: 10, logprobs: undefined },
});
/** Every third is right; each right one scores 0.8, each wrong one 0.2; there are two texts. */
const samples = Array.from({ length: 24 }, (_, seed) =>
  seed % 3 === 0 ? sample(seed, "7", 1, 0.8) : sample(seed, "8", 2, 0.2),
);
const greedy = sample(0, "7", 1, 0.8);
const rows = rowsOf(problem, samples, greedy, shapes, drawing, 24)!;

describe("rowsOf", () => {
  it("knows the difficulty from all samples", () => {
    expect(rows).toHaveLength(2);
    for (const { oracle, predicted } of rows) {
      expect(oracle).toBeCloseTo(1 / 3, 12);
      expect(predicted).toBeCloseTo(0.4, 12);
    }
  });

  it("pays the prompt once, the last token of it again, and each text's scores once", () => {
    const at = (plan: string, size: number) =>
      rows[0]!.measured.find((one) => one.plan === plan && one.size === size)!;
    expect(at("majority", 4)).toMatchObject({ generations: 4, flops: 15 + 3 * 6 });
    // Of 24 samples 16 hold both texts in all orders, or nearly so: 15 for the first, 5 for the second.
    expect(at("best-of-n:last", 16).flops).toBeCloseTo(15 + 15 * 6 + 15 + 5, 12);
    expect(at("best-of-n:last", 1).flops).toBe(15 + 15);
    expect(at("greedy", 1)).toMatchObject({ generations: 1, flops: 15, accuracy: 1 });
  });

  it("uses the probe's samples again, and its scores where the plan needs them", () => {
    for (const { measured, probes } of rows) {
      for (const { plan, size, reused } of measured) {
        const own = plan === "greedy" ? [0, 0, 0] : [2, 4, 8].map((probe) => Math.min(size, probe));
        expect(reused.map(({ generations }) => generations)).toEqual(own);
        if (size < 8) continue;
        if (plan === "majority") expect(reused[2]!.flops).toBe(15 + 7 * 6);
        else expect(reused.map(({ flops }) => flops)).toEqual(probes.map(({ flops }) => flops));
      }
    }
  });

  it("begins every order with the probe, so plans of its size decide by it alone", () => {
    for (const { measured, probes } of rows) {
      for (const [place, size] of [2, 4, 8].entries()) {
        const { bestScore } = probes[place]!.signs;
        const best = measured.find((one) => one.plan === "best-of-n:last" && one.size === size)!;
        expect(best.accuracy).toBe(bestScore === 0.8 ? 1 : 0);
      }
    }
  });

  it("is the same for the same seed", () => {
    expect(rowsOf(problem, samples, greedy, shapes, { ...drawing, random: rng(1) }, 24)).toEqual(rows);
  });

  it("leaves out what lacks samples, scores or an answer, and keeps an oracle from few samples", () => {
    const of = (own: readonly Drawn[], asked = problem as { id: string; prompt: string; answer?: string }) =>
      rowsOf(asked, own, greedy, shapes, drawing, 24);
    expect(of(samples.slice(0, 15))).toBeUndefined();
    expect(of(samples.map((one) => ({ ...one, score: undefined })))).toBeUndefined();
    expect(of(samples, { id: "p", prompt: "3+4?" })).toBeUndefined();
    expect(() => of(samples.slice(0, 20))).toThrow("An oracle needs 24 samples of a problem");
  });
});
