import assert from "node:assert/strict";
import { type ConformanceCase, generate, greedy, OTHER, PROMPT, request, sane } from "./support.ts";

export const accounts: ConformanceCase[] = [
  {
    name: "countTokens is never below what a call takes",
    async run(model) {
      const requests = [
        request("count/0"),
        request("count/1", { prompt: OTHER }),
        request("count/2", { prompt: "🙂数学\n" }),
        request("count/3", { prompt: [{ role: "user", content: PROMPT }] }),
        ...(model.can.prefix ? [request("count/4", { prefix: "3 + 4 = 7\n" })] : []),
      ];
      const counts = await model.countTokens(requests);
      assert.equal(counts.length, requests.length);
      for (const [i, { usage }] of (await generate(model, requests)).entries()) {
        assert.ok(usage.inputTokens <= counts[i]!, `${usage.inputTokens} tokens, counted ${counts[i]}`);
      }
      return undefined;
    },
  },
  {
    name: "countTokens grows with the prompt",
    async run(model) {
      const [short, long] = await model.countTokens([
        request("s"),
        request("l", { prompt: PROMPT + PROMPT }),
      ]);
      assert.ok(short! > 0 && long! > short!, `${short} and ${long} tokens`);
      return undefined;
    },
  },
  {
    name: "streamed pieces concatenate to the text, request by request",
    async run(model) {
      const requests = [1, 2, 3].map((seed) => request(`stream/${seed}`, { temperature: 1, seed }));
      const streamed = ["", "", ""];
      const onText = (index: number, delta: string) => {
        streamed[index] += delta;
      };
      const texts = (await generate(model, requests, { onText })).map(({ text }) => text);
      if (streamed.every((text) => text === "") && texts.some((text) => text !== "")) {
        return "the model does not stream";
      }
      assert.deepEqual(streamed, texts);
      return undefined;
    },
  },
];

/** Prompts that no context holds: at least one token per word in any tokenizer. */
function tooLong(contextLength: number): string {
  return "a b ".repeat(contextLength);
}

export const failures: ConformanceCase[] = [
  {
    name: "cancelled before it starts: nothing is generated",
    async run(model) {
      const signal = AbortSignal.abort();
      for (const { finish, usage, text } of await generate(model, [request("a"), request("b")], { signal })) {
        assert.equal(finish, "cancelled");
        assert.equal(usage.outputTokens, 0);
        assert.equal(text, "");
      }
      return undefined;
    },
  },
  {
    name: "cancelled during a generation: what was written is kept and counted",
    async run(model) {
      const controller = new AbortController();
      const streamed = ["", ""];
      const requests = [1, 2].map((seed) =>
        request(`cancel/${seed}`, { temperature: 1, seed, maxTokens: 400 }),
      );
      const onText = (index: number, delta: string) => {
        streamed[index] += delta;
        controller.abort();
      };
      const completions = await generate(model, requests, { signal: controller.signal, onText });
      if (streamed.every((text) => text === "")) return "the model does not stream";
      for (const [i, { text, usage }] of completions.entries()) {
        assert.ok(text.startsWith(streamed[i]!), "streamed text is lost");
        if (text !== "") assert.ok(usage.outputTokens > 0 && usage.inputTokens > 0, "cancelled for free");
      }
      const cancelled = completions.some(({ finish }) => finish === "cancelled");
      return cancelled ? undefined : "every generation ended before it could be cancelled";
    },
  },
  {
    name: "after a cancelled call the next one works",
    async run(model) {
      const controller = new AbortController();
      const onText = () => controller.abort();
      const { text } = await greedy(model, 16);
      await model.generate([request("cancelled", { maxTokens: 400 })], { signal: controller.signal, onText });
      assert.equal((await greedy(model, 16)).text, text);
      return undefined;
    },
  },
  {
    name: "cancelling leaves no unhandled rejection",
    async run(model) {
      const rejections: unknown[] = [];
      const listen = (reason: unknown) => rejections.push(reason);
      process.on("unhandledRejection", listen);
      const controller = new AbortController();
      const requests = [1, 2, 3, 4].map((i) => request(`reject/${i}`, { maxTokens: 64, seed: i }));
      const call = model.generate(requests, { signal: controller.signal });
      await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      await call;
      await new Promise((resolve) => setImmediate(resolve));
      process.off("unhandledRejection", listen);
      assert.deepEqual(rejections, []);
      return undefined;
    },
  },
  {
    name: "a prompt longer than the context is an error of its completion",
    async run(model) {
      if (model.contextLength === undefined) return "the model does not tell its context length";
      const asked = request("long", { prompt: tooLong(model.contextLength) });
      const [completion] = await model.generate([asked]);
      sane(completion!, asked);
      assert.equal(completion!.finish, "error");
      assert.ok(completion!.error!.message.length > 10, "the message says what to do");
      return undefined;
    },
  },
  {
    name: "one bad request does not fail the others",
    async run(model) {
      if (model.contextLength === undefined) return "the model does not tell its context length";
      const { text } = await greedy(model, 16);
      const bad = request("bad", { prompt: tooLong(model.contextLength) });
      const completions = await model.generate([request("a"), bad, request("b")]);
      assert.deepEqual(
        completions.map(({ finish }) => finish === "error"),
        [false, true, false],
      );
      assert.equal(completions[0]!.text, text);
      assert.equal(completions[2]!.text, text);
      return undefined;
    },
  },
  {
    name: "closing twice is fine",
    async run(model) {
      await model.close();
      await model.close();
      return undefined;
    },
  },
];
