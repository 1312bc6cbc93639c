import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeTinyGguf } from "../../../test/tiny-gguf.ts";
import { conformance } from "../conformance.ts";
import type { GenerateRequest } from "../model.ts";
import { type GgufOptions, gguf, type LocalModel as Local } from "./gguf.ts";

const folder = mkdtempSync(path.join(tmpdir(), "gguf-"));
const file = (name: string) => path.join(folder, name);
const random = writeTinyGguf(file("random.gguf"), { words: [" apples", " Tom", " has"] });
const opened: Local[] = [];

async function open(options: Partial<GgufOptions> = {}): Promise<Local> {
  const model = await gguf({ path: random, workers: 1, sequences: 8, ...options });
  opened.push(model);
  return model;
}

function ask(position: string, change: Partial<GenerateRequest> = {}): GenerateRequest {
  return { prompt: "Tom has 3 apples.", maxTokens: 24, temperature: 1, seed: 7, position, ...change };
}

const samples = (count: number, change: Partial<GenerateRequest> = {}) =>
  Array.from({ length: count }, (_, seed) => ask(`sample/${seed}`, { seed, ...change }));

afterAll(async () => {
  await Promise.all(opened.map((model) => model.close()));
  rmSync(folder, { recursive: true });
});

describe("the conformance suite", () => {
  let model: Local;
  beforeAll(async () => {
    model = await open({ workers: 2 });
  });
  for (const { name, run } of conformance) {
    it(name, async ({ skip }) => {
      const skipped = await run(model);
      if (skipped !== undefined) skip(skipped);
    });
  }
});

describe("shared KV state", () => {
  it("gives the same texts as evaluating again, and counts what was reused", async () => {
    const [sharing, alone] = await Promise.all([open(), open({ shareKv: false })]);
    const requests = samples(12);
    const [input] = await sharing.countTokens(requests);
    const shared = await sharing.generate(requests);
    const again = await alone.generate(requests);
    expect(shared.map(({ text }) => text)).toEqual(again.map(({ text }) => text));
    expect(new Set(shared.map(({ text }) => text)).size).toBeGreaterThan(6);
    expect(shared.every(({ usage }) => usage.inputTokens === input)).toBe(true);
    expect(again.every(({ usage }) => usage.cachedTokens === 0)).toBe(true);
    expect(shared.map(({ usage }) => usage.cachedTokens)).toEqual([0, ...Array(11).fill(input! - 1)]);
  });

  it("reuses the branches of a search: only new tokens are evaluated", async () => {
    const model = await open();
    const [first] = await model.generate([ask("beam/0", { maxTokens: 20, logprobs: true })]);
    const prefix = first!.text;
    const children = samples(4, { prefix });
    const [input] = await model.countTokens(children);
    const [, , , last] = await model.generate(children);
    expect(last!.usage.inputTokens).toBe(input);
    expect(input! - last!.usage.cachedTokens!).toBeLessThanOrEqual(3);
  });

  it("gives the same texts for one worker, two workers, any batch and any order", async () => {
    const [one, two] = await Promise.all([open({ sequences: 2 }), open({ workers: 2, sequences: 16 })]);
    const requests = [...samples(9), ...samples(9, { prompt: "Use 2, 3 and 7.", maxTokens: 70 })];
    const texts = (await one.generate(requests)).map(({ text }) => text);
    expect((await two.generate(requests)).map(({ text }) => text)).toEqual(texts);
    const turned = await two.generate([...requests].reverse());
    expect(turned.map(({ text }) => text)).toEqual([...texts].reverse());
  });
});

describe("a worker that dies", () => {
  it("loses its calls, says so, and is started again", async () => {
    const model = await open();
    const before = await model.generate([ask("a")]);
    const controller = new AbortController();
    let killed = false;
    const lost = await model.generate(samples(3, { maxTokens: 200 }), {
      signal: controller.signal,
      onText() {
        if (killed) return;
        killed = true;
        for (const pid of model.pids()) process.kill(pid, "SIGKILL");
      },
    });
    for (const { finish, error } of lost) {
      expect(finish).toBe("error");
      expect(error?.message).toContain("SIGKILL");
    }
    expect((await model.generate([ask("a")]))[0]!.text).toBe(before[0]!.text);
  });
});
