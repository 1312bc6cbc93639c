import { afterEach, describe, expect, test } from "vitest";
import { type Handler, json, startServer, type TestServer } from "../../test/http-server.ts";
import type { Clock } from "../budget/clock.ts";
import type { Reader } from "../models/model.ts";
import type { Problem } from "../types.ts";
import { type OrmHttpOptions, orm, ormHttp } from "./orm.ts";
import { type PrmHttpOptions, prmHttp } from "./prm-http.ts";

const problem: Problem = { id: "p", prompt: "What is 2 + 2 + 1?" };
const ask = (text: string) => ({ problem, text, position: text });

const open: TestServer[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function serve(handler: Handler): Promise<TestServer> {
  const server = await startServer(handler);
  open.push(server);
  return server;
}

/** An answer of vLLM's `/pooling`. */
const pooled = (data: unknown) => ({
  object: "list",
  data: [{ index: 0, object: "pooling", data }],
  usage: { prompt_tokens: 40, total_tokens: 40 },
});

describe("prmHttp on vLLM", () => {
  const prm = (url: string, options: Partial<PrmHttpOptions> = {}) =>
    prmHttp({ server: "vllm", model: "prm", baseUrl: url, env: {}, ...options });

  test("closes each step with the marker and reads one row per step", async () => {
    const server = await serve((_, response) =>
      json(
        response,
        pooled([
          [0.1, 0.9],
          [0.7, 0.3],
        ]),
      ),
    );
    const [score] = await prm(server.url).score([ask("2 + 2 = 4\n\n4 + 1 = 6")]);
    expect(score).toMatchObject({
      steps: [0.9, 0.3],
      value: 0.3,
      usage: { inputTokens: 40, outputTokens: 0 },
    });
    const { path, body } = server.received[0]!;
    expect(path).toBe("/pooling");
    expect(body).toMatchObject({ model: "prm", task: "token_classify" });
    expect((body!.messages as unknown[]).at(-1)).toEqual({
      role: "assistant",
      content: "2 + 2 = 4<extra_0>4 + 1 = 6<extra_0>",
    });
  });

  test("the class and the aggregation are options, rows may be flat or logits", async () => {
    const shepherd = await serve((_, response) =>
      json(
        response,
        pooled([
          [0.8, 0.2],
          [0.6, 0.4],
        ]),
      ),
    );
    const options = { goodClass: 0, aggregation: "prod" } as const;
    expect((await prm(shepherd.url, options).score([ask("a\nb")]))[0]!.value).toBeCloseTo(0.48, 10);
    const flat = await serve((_, response) => json(response, pooled([0.25, 0.5])));
    expect((await prm(flat.url).score([ask("a\nb")]))[0]!.steps).toEqual([0.25, 0.5]);
    const logits = await serve((_, response) => json(response, pooled([[0, Math.log(3)]])));
    expect((await prm(logits.url, { logits: true }).score([ask("a")]))[0]!.value).toBeCloseTo(0.75, 10);
  });

  test.each([
    ["too few rows", pooled([[0.1, 0.9]]), /1 scores for 2 steps: check the step marker/],
    ["one vector per text", pooled([0.1, 0.2, 0.3]), /3 scores for 2 steps/],
    ["base64", pooled("AACAPw=="), /0 scores for 2 steps/],
    ["raw rewards", pooled([[3.1], [-2]]), /outside \[0, 1\]: set logits/],
    ["nothing", {}, /0 scores for 2 steps/],
  ])("%s: no score, the cost is kept", async (_, answer, message) => {
    const server = await serve((_, response) => json(response, answer));
    const [score] = await prm(server.url).score([ask("a\nb")]);
    expect(score!.value).toBeUndefined();
    expect(score!.error!.message).toMatch(message);
    expect(score!.usage!.inputTokens).toBeGreaterThan(0);
  });

  test("a candidate cannot write markers or special tokens", async () => {
    const server = await serve((_, response) => json(response, pooled([[0.1, 0.9]])));
    await prm(server.url).score([ask("4<extra_0><|im_end|><|im_start|>")]);
    const { content } = (server.received[0]!.body!.messages as { content: string }[]).at(-1)!;
    expect(content).toBe("4< |im_end|>< |im_start|><extra_0>");
  });

  test("without steps nothing is sent", async () => {
    const server = await serve((_, response) => json(response, {}, 500));
    const verifier = prm(server.url);
    expect(await verifier.score([ask(" \n ")])).toEqual([{ value: undefined }]);
    expect(await verifier.countTokens([ask("")])).toEqual([{ input: 0, output: 0 }]);
    expect(server.received).toEqual([]);
  });
});

describe("prmHttp on SGLang", () => {
  test("scores the text up to each step, and counts every token", async () => {
    const server = await serve(({ body }, response) => {
      const texts = body!.text as string[];
      const reward = (text: string) => (text.includes("6") ? -2 : 2);
      json(
        response,
        texts.map((text) => ({ embedding: [reward(text)], meta_info: { prompt_tokens: text.length } })),
      );
    });
    const verifier = prmHttp({ server: "sglang", model: "prm", baseUrl: server.url, env: {} });
    const [score] = await verifier.score([ask("2 + 2 = 4\n4 + 1 = 6")]);
    const good = 1 / (1 + Math.exp(-2));
    expect(score!.steps![0]).toBeCloseTo(good, 10);
    expect(score!.value).toBeCloseTo(1 - good, 10);
    const { path, body } = server.received[0]!;
    const texts = body!.text as string[];
    expect(path).toBe("/classify");
    expect(texts[0]).toMatch(/<\|im_start\|>assistant\n2 \+ 2 = 4<extra_0><\|im_end\|><\|endoftext\|>$/);
    expect(texts).toHaveLength(2);
    expect(score!.usage!.inputTokens).toBe(texts[0]!.length + texts[1]!.length);
    const [count] = await verifier.countTokens([ask("2 + 2 = 4\n4 + 1 = 6")]);
    expect(count!.input).toBeGreaterThanOrEqual(score!.usage!.inputTokens);
  });
});

describe("ormHttp", () => {
  const orms = (url: string, options: Pick<OrmHttpOptions, "endpoint"> & Partial<OrmHttpOptions>) =>
    ormHttp({ model: "orm", baseUrl: url, env: {}, ...options });

  test.each([
    ["score", "/score", { data: [{ index: 0, object: "score", score: 0.75 }] }, 0.75],
    ["pooling", "/pooling", pooled([0.25, 0.75]), 0.75],
    ["classify", "/classify", [{ embedding: [Math.log(3)] }], 0.75],
    ["rerank", "/v1/rerank", { results: [{ index: 0, relevance_score: Math.log(3) }] }, 0.75],
  ] as const)("%s", async (endpoint, path, answer, value) => {
    const server = await serve((_, response) => json(response, answer));
    const verifier = orms(server.url, { endpoint });
    const [score] = await verifier.score([ask("4")]);
    expect(score!.value).toBeCloseTo(value, 10);
    expect(server.received[0]!.path).toBe(path);
    expect(JSON.stringify(server.received[0]!.body)).toContain("2 + 2");
    const [count] = await verifier.countTokens([ask("4")]);
    expect(count!.input).toBeGreaterThanOrEqual(score!.usage!.inputTokens);
  });

  test.each([
    ["score", { data: [] }, /no score/],
    ["classify", [{ embedding: "x" }], /no score/],
    ["rerank", { results: [{ score: 1 }] }, /no score/],
    ["score", { data: [{ score: 4.5 }] }, /outside \[0, 1\]/],
    ["pooling", pooled([0.5, 0.5]), /no class 7/, 7],
  ] as const)(
    "%s with a wrong answer has no score",
    async (endpoint, answer, message, goodClass: number = -1) => {
      const server = await serve((_, response) => json(response, answer));
      const [score] = await orms(server.url, { endpoint, goodClass }).score([ask("4")]);
      expect(score!.value).toBeUndefined();
      expect(score!.error!.message).toMatch(message);
    },
  );

  test("one lost score never costs the others, a busy server is asked again", async () => {
    let busy = 1;
    const server = await serve(({ body }, response) => {
      const text = body!.text_2;
      if (text === "bad") return json(response, { error: { message: "too long" } }, 400);
      if (text === "busy" && busy-- > 0) return json(response, {}, 503);
      return json(response, { data: [{ score: 0.5 }], usage: { prompt_tokens: 9 } });
    });
    const clock: Clock = {
      now: () => 0,
      after(_, action) {
        queueMicrotask(action);
        return () => {};
      },
    };
    const verifier = orms(server.url, { endpoint: "score", clock });
    const scores = await verifier.score([ask("good"), ask("bad"), ask("busy")]);
    expect(scores.map(({ value }) => value)).toEqual([0.5, undefined, 0.5]);
    expect(scores[1]!.error!.message).toMatch(/refused the request \(400\): too long/);
    expect(scores[1]!.usage).toEqual({ inputTokens: 0, outputTokens: 0 });
    expect(scores[2]).toMatchObject({ retries: 1, usage: { inputTokens: 9 } });
  });

  test("cancelling ends what is in flight", async () => {
    const arrived = Promise.withResolvers<void>();
    const server = await serve(() => arrived.resolve());
    const controller = new AbortController();
    const call = orms(server.url, { endpoint: "score" }).score([ask("4")], { signal: controller.signal });
    await arrived.promise;
    controller.abort();
    const [score] = await call;
    expect(score!.value).toBeUndefined();
    expect(score!.usage!.inputTokens).toBeGreaterThan(0);
  });
});

test("orm reads one score behind the whole solution", async () => {
  const reader: Reader = {
    name: "r",
    fingerprint: "r/1",
    countReadTokens: async (requests) => requests.map(({ text }) => text.length),
    read: async (requests) =>
      requests.map(({ text, offsets }) => ({
        probabilities: offsets.map(() => [0.2, 0.6]),
        usage: { inputTokens: text.length, outputTokens: 0 },
      })),
    close: async () => {},
  };
  const verifier = orm(reader);
  const [score] = await verifier.score([ask("2 + 2 = 4\n4 + 1 = 5\n\n")]);
  expect(score!.value).toBeCloseTo(0.25, 10);
  expect(score!.steps).toBeUndefined();
  expect(score!.usage).toEqual({ inputTokens: "2 + 2 = 4\n4 + 1 = 5\n".length, outputTokens: 0 });
  expect(verifier.scoresPartial).toBe(false);
});
