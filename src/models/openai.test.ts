import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeModel } from "../../test/describe-model.ts";
import { buildLlamaServer } from "../../test/llama-server/build.ts";
import { type LlamaServer, startLlamaServer } from "../../test/llama-server/server.ts";
import { writeTinyGguf } from "../../test/tiny-gguf.ts";
import { embeddedPath } from "./embedded.ts";
import type { GenerateRequest, Model } from "./model.ts";
import { openai } from "./openai.ts";

const build = await buildLlamaServer((line) => console.log(line));
if ("reason" in build) console.log(`skipped: the adapter on a real server: ${build.reason}`);

const LETTERS = [..."abcdefghijklmnopqrstuvwxyz"];
/** Pairs of letters behind a blank: what a random model writes is then nearly all plain text. */
const WORDS = LETTERS.flatMap((a) => LETTERS.map((b) => ` ${a}${b}`));
const TEMPLATE =
  "{% for m in messages %}{{ m.content }}{% if m.role != 'assistant' %}{{ '\\n' }}{% endif %}{% endfor %}";

const folder = mkdtempSync(join(tmpdir(), "bedacht-openai-"));
const random = writeTinyGguf(join(folder, "random.gguf"), {
  words: WORDS,
  contextLength: 1024,
  chatTemplate: TEMPLATE,
});

const asked: GenerateRequest = {
  prompt: "Use 2, 3 and 7 to reach 13.",
  maxTokens: 12,
  temperature: 1,
  seed: 5,
  position: "p",
};

function describeServer(name: string, file: string, contextLength: number): void {
  describe.skipIf("reason" in build)(`llama-server with ${name}`, () => {
    const servers: LlamaServer[] = [];
    beforeAll(async () => {
      if (!("path" in build)) return;
      servers.push(await startLlamaServer(build.path, file, ["--parallel", "4", "--ctx-size", "4096"]));
    });
    afterAll(async () => {
      for (const server of servers) await server.close();
    });
    const model = (mode: "auto" | "raw" | "chat") => openai({ model: name, baseUrl: servers[0]!.url, mode });

    for (const mode of ["auto", "raw", "chat"] as const) {
      describeModel(`openai, mode ${mode}, ${name}`, () => model(mode));
    }

    test("is recognised, with its context and what it can", async () => {
      const chat = await model("chat");
      expect(chat.contextLength).toBe(contextLength);
      expect(chat.concurrency).toBe(4);
      const can = { prefix: true, logprobs: true, seed: true, chat: true, thinking: true };
      expect(chat.can).toEqual(can);
      expect(chat.notes?.()).toEqual([]);
    });

    test("counts tokens exactly, in every mode, with and without a prefix", async () => {
      for (const mode of ["auto", "raw", "chat"] as const) {
        const one = await model(mode);
        for (const prefix of ["", "2 + 3 = 5"]) {
          const request = { ...asked, prefix };
          const [count] = await one.countTokens([request]);
          const [completion] = await one.generate([request]);
          expect(completion!.usage.inputTokens, `${mode} ${prefix}`).toBe(count);
        }
      }
    });

    test("what a cancelled call took is known to the token, not estimated", async () => {
      const one = await model("auto");
      const controller = new AbortController();
      const onText = () => controller.abort();
      const [count] = await one.countTokens([asked]);
      const call = one.generate([{ ...asked, maxTokens: 500 }], { signal: controller.signal, onText });
      const [completion] = await call;
      expect(completion!.finish).toBe("cancelled");
      expect(completion!.usage.inputTokens).toBe(count);
      expect(completion!.usage.outputTokens).toBeGreaterThan(0);
      expect(one.notes?.()).toEqual([]);
    });

    test("tells the end of an answer from a stop text", async () => {
      const one = await model("auto");
      const free = { ...asked, maxTokens: 200 };
      const [whole] = await one.generate([free]);
      const stop = whole!.text.slice(2, 4);
      const [cut] = await one.generate([{ ...free, stop: ["\u0001", stop] }]);
      expect(cut).toMatchObject({ finish: "stop", stopText: stop });
      expect(whole!.finish).toMatch(/^(end|length)$/);
    });

    test("the prompt is evaluated once and reused by the samples after it", async () => {
      const one = await model("auto");
      const prompt = `${asked.prompt} Show all of your work.`;
      await one.generate([{ ...asked, prompt }]);
      const [again] = await one.generate([{ ...asked, prompt, seed: 6 }]);
      expect(again!.usage.cachedTokens).toBeGreaterThan(0);
    });

    test("alternatives of a token are given, the most probable first", async () => {
      const one = await model("chat");
      const request = { ...asked, temperature: 0, maxTokens: 1, logprobs: true, topLogprobs: 5 };
      const [completion] = await one.generate([request]);
      const top = completion!.logprobs![0]!.top!.map(({ logprob }) => logprob);
      expect(top).toHaveLength(5);
      expect(top).toEqual(top.toSorted((a, b) => b - a));
      expect(top.reduce((sum, logprob) => sum + Math.exp(logprob), 0)).toBeLessThanOrEqual(1 + 1e-6);
    });

    test("thinking ends at its limit, counted from behind the prefix, and the answer follows", async () => {
      const one = await model("auto");
      const thinks = { ...asked, prefix: "<think>\n ab cd", maxTokens: 60 };
      const [free] = await one.generate([thinks]);
      const limits = [0, 1, 4, 9];
      const thoughts = await one.generate(
        limits.map((tokens, index) => ({
          ...thinks,
          position: `p/${index}`,
          thinking: { open: "<think>", close: "</think>", tokens },
        })),
      );
      for (const [index, { text }] of thoughts.entries()) {
        const [span = "", answer] = text.split("</think>");
        const [cut] = await one.generate([{ ...thinks, maxTokens: Math.max(1, limits[index]!) }]);
        // A limit inside of a character waits for its end.
        if (!cut!.text.includes("\ufffd")) expect(span).toBe(limits[index] === 0 ? "" : cut!.text);
        expect(free!.text.startsWith(span.split("\ufffd")[0]!)).toBe(true);
        expect(answer).not.toBe("");
      }
    });

    test("n is asked as single calls, and said", async () => {
      const one: Model = await openai({ model: name, baseUrl: servers[0]!.url, useN: true });
      const completions = await one.generate([asked, { ...asked, seed: 6, position: "q" }]);
      expect(completions).toHaveLength(2);
      expect(one.notes?.()).toEqual(["the server ignores n: single calls"]);
    });
  });
}

describeServer("a random model", random, 1024);
describeServer("pico-s", embeddedPath("pico-s"), 512);

afterAll(() => rmSync(folder, { recursive: true }));
