import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeTinyGguf } from "../../test/tiny-gguf.ts";
import { gguf, type LocalModel } from "../models/gguf/index.ts";
import type { Problem } from "../types.ts";
import { prm } from "./prm.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-prm-"));
const problem: Problem = { id: "p", prompt: "Tom has 16 apples. How many apples does Tom have?" };
const solution = "Mia: 9 more than Tom, 16+9=25\nEva: 2 times Mia, 25*2=50\n#### 50\n";
const request = (text: string) => ({ problem, text, position: text });
let reader: LocalModel;

beforeAll(async () => {
  const path = writeTinyGguf(join(folder, "random.gguf"), { words: [" apples", " Tom", " has"] });
  reader = await gguf({ path, workers: 1 });
});
afterAll(async () => {
  await reader.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("prm over a GGUF file of random weights", () => {
  it("scores every step between 0 and 1, and counts what it spends", async () => {
    const verifier = prm(reader);
    const [counted] = await verifier.countTokens([request(solution)]);
    const [score] = await verifier.score([request(solution)]);
    expect(score!.steps).toHaveLength(3);
    for (const step of score!.steps!) expect(step).toBeGreaterThan(0);
    for (const step of score!.steps!) expect(step).toBeLessThan(1);
    expect(score!.value).toBe(score!.steps!.at(-1));
    expect(score!.usage!.inputTokens).toBe(counted!.input);
    expect(score!.usage!.outputTokens).toBe(0);
  });

  it("scores a step by what stands before it: a partial solution gives the first scores of the full one", async () => {
    const verifier = prm(reader);
    const lines = solution.trimEnd().split("\n");
    const partial = lines.map((_, index) => request(lines.slice(0, index + 1).join("\n")));
    const scores = await verifier.score(partial);
    const full = scores.at(-1)!.steps!;
    for (const [index, score] of scores.entries()) {
      expect(score.steps).toHaveLength(index + 1);
      for (const [at, step] of score.steps!.entries()) expect(step).toBeCloseTo(full[at]!, 4);
    }
  });

  it("has scores of good and bad that add up to one", async () => {
    const [straight] = await prm(reader).score([request(solution)]);
    const [swapped] = await prm(reader, { good: "<bad>", bad: "<good>" }).score([request(solution)]);
    for (const [at, step] of straight!.steps!.entries())
      expect(step + swapped!.steps![at]!).toBeCloseTo(1, 6);
  });

  it("says what is wrong with a token that the file does not have", async () => {
    const [score] = await prm(reader, { good: "<splendid>" })
      .score([request(solution)])
      .catch((error) => [{ value: undefined, error: error as Error }]);
    expect(score!.value).toBeUndefined();
    expect(score!.error!.message).toMatch(/<splendid>/);
  });
});
