import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeTinyGguf } from "../../../test/tiny-gguf.ts";
import { orm } from "../../verifiers/orm.ts";
import { conformance } from "../conformance.ts";
import { TransientError } from "../errors.ts";
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

describe("what a file says that it was trained for", () => {
  it("is what the model can do, and what its verifier sees", async () => {
    const plain = await open();
    expect([plain.can.revise, plain.seesHistory]).toEqual([undefined, undefined]);
    const path = writeTinyGguf(file("reviser.gguf"), { flags: ["bedacht.revises", "bedacht.sees_history"] });
    const reviser = await open({ path });
    expect([reviser.can.revise, reviser.seesHistory]).toEqual([true, true]);
    expect(orm(reviser).seesHistory).toBe(true);
    expect(orm(plain).seesHistory).toBeUndefined();
  });
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
      expect(error).toBeInstanceOf(TransientError);
      expect(error?.message).toContain("SIGKILL");
    }
    expect((await model.generate([ask("a")]))[0]!.text).toBe(before[0]!.text);
  });
});

describe("a closed model", () => {
  it("refuses calls with a sentence that no retry mends", async () => {
    const model = await open();
    await model.close();
    const [completion] = await model.generate([ask("late")]);
    expect(completion!.finish).toBe("error");
    expect(completion!.error).not.toBeInstanceOf(TransientError);
    expect(completion!.error?.message).toMatch(/was closed; open it again/);
    await expect(model.countTokens([ask("late")])).rejects.toThrow(/was closed/);
  });
});

describe("a model that recites", () => {
  const path = writeTinyGguf(file("recites.gguf"), {
    words: [" apples", "é"],
    follow: { "\n": "a", a: "b", b: "é", é: " apples", " apples": "\n", "#": "<eos>" },
    certainty: 60,
  });
  const line = "abé apples\n";
  let model: Local;
  beforeAll(async () => {
    model = await open({ path });
  });
  const greedy = (change: Partial<GenerateRequest> = {}) => ask("greedy", { temperature: 0, ...change });

  it("stops before a stop text that lies across tokens, and counts its tokens", async () => {
    const [completion] = await model.generate([greedy({ stop: ["no", "é app"] })]);
    expect(completion).toMatchObject({ text: "ab", finish: "stop", stopText: "é app" });
    expect(completion!.usage.outputTokens).toBe(4);
  });

  it("continues a prefix and ends with the end token", async () => {
    const [more, over] = await model.generate([
      greedy({ prefix: "ab", maxTokens: 5 }),
      greedy({ prefix: `${line}#`, logprobs: true }),
    ]);
    expect(more).toMatchObject({ text: "é apples\nab", finish: "length" });
    expect(over).toMatchObject({ text: "", finish: "end", usage: { outputTokens: 1 } });
    expect(over!.logprobs?.map(({ token }) => token)).toEqual(["<eos>"]);
  });

  it("fills its context and says so by a length", async () => {
    const [completion] = await model.generate([greedy({ maxTokens: 1000 })]);
    const { inputTokens, outputTokens } = completion!.usage;
    expect(completion!.finish).toBe("length");
    expect(inputTokens + outputTokens).toBe(256 + 1);
    expect(completion!.text.startsWith(line + line)).toBe(true);
  });

  it("gives log-probabilities and the most probable tokens beside them", async () => {
    const [completion] = await model.generate([greedy({ maxTokens: 3, logprobs: true, topLogprobs: 2 })]);
    for (const { token, logprob, top } of completion!.logprobs!) {
      expect(top!.map((one) => one.token)).toContain(token);
      expect(top![0]).toEqual({ token, logprob });
      expect(logprob).toBeGreaterThan(-0.01);
    }
  });

  it("refuses options that make no sense", async () => {
    await expect(gguf({ path, sequences: 1 })).rejects.toThrow(
      /sequences is 1; give a whole number of at least 2/,
    );
    await expect(gguf({ path, workers: 0 })).rejects.toThrow(/workers is 0/);
    await expect(gguf({ path, template: "chat" })).rejects.toThrow(/no chat template; use template "raw"/);
  });
});

describe("reading", () => {
  const tokens = ["<good>", "<bad>", " Tom", "a"];
  const texts = ["3 + 4 = 7\n", "3 + 4 = 7\nso 7 apples\n", "3 + 4 = 8\n"];
  const requests = texts.map((text) => ({
    prompt: "Tom has 3 apples.",
    text,
    offsets: [...text.matchAll(/\n/g)].map(({ index }) => index + 1),
    tokens,
  }));

  it("gives the probabilities that generation has, and sums to one over the vocabulary", async () => {
    const model = await open();
    const [reading] = await model.read(requests);
    const [completion] = await model.generate([
      ask("p", { prefix: texts[0]!, maxTokens: 1, temperature: 0, logprobs: true, topLogprobs: 264 }),
    ]);
    const top = new Map(
      completion!.logprobs![0]!.top!.map(({ token, logprob }) => [token, Math.exp(logprob)]),
    );
    expect(reading!.probabilities![0]![3]).toBeCloseTo(top.get("a")!, 9);
    const all = completion!.logprobs![0]!.top!.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0);
    expect(all).toBeCloseTo(1, 6);
  });

  it("evaluates a prompt once for several texts, and only what is new of a longer one", async () => {
    const [model, alone] = await Promise.all([open(), open({ shareKv: false })]);
    const counts = await model.countReadTokens(requests);
    const first = await model.read(requests.slice(0, 1));
    const rest = await model.read(requests.slice(1));
    const again = await model.read(requests);
    const fresh = await alone.read(requests);
    const values = (results: typeof fresh) => results.map(({ probabilities }) => probabilities);
    expect(values([...first, ...rest])).toEqual(values(fresh));
    expect(values(again)).toEqual(values(fresh));
    expect(fresh.map(({ usage }) => usage.inputTokens)).toEqual(counts);
    expect(fresh.every(({ usage }) => usage.cachedTokens === 0)).toBe(true);
    expect(rest[0]!.usage.cachedTokens).toBe(counts[0]);
    expect(rest[1]!.usage.cachedTokens).toBeGreaterThan(17);
  });

  it("says what is wrong with one request and reads the others", async () => {
    const model = await open();
    const results = await model.read([
      { ...requests[0]!, tokens: ["no token"] },
      { ...requests[0]!, prompt: "a b ".repeat(300) },
      { ...requests[0]!, offsets: [] },
      requests[0]!,
    ]);
    expect(results[0]!.error?.message).toMatch(/"no token" is 8 tokens/);
    expect(results[1]!.error?.message).toMatch(/the context holds/);
    expect(results[2]!.probabilities).toEqual([]);
    expect(results[3]!.probabilities?.[0]).toHaveLength(4);
  });

  it("stops when it is told to", async () => {
    const model = await open();
    const [result] = await model.read(requests.slice(0, 1), { signal: AbortSignal.abort() });
    expect(result!.probabilities).toBeUndefined();
    expect(result!.error?.message).toMatch(/cancelled/);
  });
});
