import assert from "node:assert/strict";
import type { Model } from "../model.ts";
import {
  type ConformanceCase,
  cuts,
  generate,
  greedy,
  OTHER,
  one,
  PROMPT,
  request,
  sane,
} from "./support.ts";

const SILENT = "the model says too little to cut";

async function stopsAt(model: Model, text: string, stop: readonly string[]): Promise<void> {
  const places = stop.map((word) => text.indexOf(word)).filter((place) => place >= 0);
  const got = await one(model, { maxTokens: 24, stop });
  assert.equal(got.text, text.slice(0, Math.min(...places)));
  assert.equal(got.finish, "stop");
  assert.ok(got.stopText === undefined || stop.includes(got.stopText), `stopText ${got.stopText}`);
}

export const answers: ConformanceCase[] = [
  {
    name: "one completion per request, in the order of the requests",
    async run(model) {
      const limits = [1, 9, 5, 2];
      const requests = limits.map((maxTokens, i) => request(`order/${i}`, { maxTokens }));
      for (const [i, { finish, usage }] of (await generate(model, requests)).entries()) {
        if (finish === "length") assert.equal(usage.outputTokens, limits[i], "length at the limit");
      }
      const texts = (await generate(model, [request("a"), request("b", { prompt: OTHER })])).map(
        (c) => c.text,
      );
      const turned = (await generate(model, [request("b", { prompt: OTHER }), request("a")])).map(
        (c) => c.text,
      );
      assert.deepEqual(turned, texts.reverse());
      return undefined;
    },
  },
  {
    name: "never more tokens than maxTokens, and length means exactly that many",
    async run(model) {
      for (const maxTokens of [1, 2, 7, 33]) {
        const { finish, usage } = await one(model, { maxTokens, temperature: 1 });
        if (finish === "length") assert.equal(usage.outputTokens, maxTokens);
      }
      return undefined;
    },
  },
  {
    name: "no requests, no completions",
    async run(model) {
      assert.deepEqual(await model.generate([]), []);
      assert.deepEqual(await model.countTokens([]), []);
      return undefined;
    },
  },
  {
    name: "sixteen samples at once",
    async run(model) {
      const requests = Array.from({ length: 16 }, (_, i) => request(`s/${i}`, { temperature: 1, seed: i }));
      await generate(model, requests);
      return undefined;
    },
  },
  {
    name: "a whole chat as the prompt",
    async run(model) {
      const prompt = [
        { role: "system", content: "Answer briefly." },
        { role: "user", content: PROMPT },
      ] as const;
      await one(model, { prompt });
      return undefined;
    },
  },
  {
    name: "an empty prompt gives a completion, maybe an error, never an exception",
    async run(model) {
      const asked = request("empty", { prompt: "" });
      sane((await model.generate([asked]))[0]!, asked);
      return undefined;
    },
  },
  {
    name: "any character in the prompt, whole characters in the text and in its pieces",
    async run(model) {
      const prompt = "Größe: 数学, ∑ 🙂👩‍👩‍👧 e\u0301 \u{10ffff} \t\r\n?";
      const pieces: string[] = [];
      const onText = (_: number, delta: string) => pieces.push(delta);
      const { text } = await one(model, { prompt, temperature: 1, maxTokens: 48 }, { onText });
      assert.ok(
        pieces.every((piece) => piece.isWellFormed()),
        "half a character in a piece",
      );
      assert.equal(pieces.join(""), text);
      return undefined;
    },
  },
];

export const stops: ConformanceCase[] = [
  {
    name: "a stop text ends the text before it",
    async run(model) {
      const { text } = await greedy(model, 24);
      const at = cuts(text).at(-3);
      if (at === undefined) return SILENT;
      await stopsAt(model, text, [[...text.slice(at)][0]!]);
      return undefined;
    },
  },
  {
    name: "a stop text may lie across the borders of tokens",
    async run(model) {
      const { text, pieces } = await greedy(model, 24);
      const border = (pieces[0]?.length ?? 0) + (pieces[1]?.length ?? 0);
      const [from, to] = [cuts(text).findLast((cut) => cut < border), cuts(text).find((cut) => cut > border)];
      if (from === undefined || to === undefined || text.slice(from, to).includes("\ufffd")) return SILENT;
      await stopsAt(model, text, [text.slice(from, to)]);
      return undefined;
    },
  },
  {
    name: "of several stop texts the first in the text ends it",
    async run(model) {
      const { text } = await greedy(model, 24);
      const [early, late] = [cuts(text).at(1), cuts(text).at(-2)];
      if (early === undefined || late === undefined || early >= late) return SILENT;
      await stopsAt(model, text, [[...text.slice(late)][0]!, [...text.slice(early)][0]!, "\u0001\u0002"]);
      return undefined;
    },
  },
  {
    name: "a stop text that never comes changes nothing",
    async run(model) {
      const { text } = await greedy(model, 24);
      assert.equal((await one(model, { maxTokens: 24, stop: ["\u0001\u0002", `${text}\u0001`] })).text, text);
      return undefined;
    },
  },
];

export const sampling: ConformanceCase[] = [
  {
    name: "greedy gives the same text, alone and in a batch, whatever the seed",
    async run(model) {
      const { text } = await greedy(model, 16);
      const requests = [1, 2, 3, 4].map((seed) => request(`greedy/${seed}`, { seed }));
      for (const completion of await generate(model, requests)) assert.equal(completion.text, text);
      return undefined;
    },
  },
  {
    name: "the same seed gives the same text",
    async run(model) {
      if (!model.can.seed) return "the model does not honour seeds";
      for (const seed of [0, 7, 2 ** 31 - 1]) {
        const [a, b] = [
          await one(model, { temperature: 1, seed }),
          await one(model, { temperature: 1, seed }),
        ];
        assert.equal(a.text, b.text, `seed ${seed}`);
      }
      return undefined;
    },
  },
  {
    name: "different seeds give different texts",
    async run(model) {
      const requests = Array.from({ length: 8 }, (_, i) =>
        request(`seed/${i}`, { prompt: OTHER, temperature: 1, seed: i * 7919, maxTokens: 32 }),
      );
      const texts = new Set((await generate(model, requests)).map((completion) => completion.text));
      assert.ok(texts.size > 1, "eight seeds, one text");
      return undefined;
    },
  },
  {
    name: "a prefix is continued as if the model had written it",
    async run(model) {
      if (!model.can.prefix) return "the model cannot continue a given prefix";
      const { text, pieces } = await greedy(model, 24);
      let [at, held, tried] = [0, 0, 0];
      for (const piece of pieces.slice(0, 8)) {
        at += piece.length;
        if (piece.includes("\ufffd") || at >= text.length) break;
        const rest = text.slice(at);
        const got = (await one(model, { prefix: text.slice(0, at), maxTokens: 24 })).text;
        tried += 1;
        if (got.startsWith(rest) || (got !== "" && rest.startsWith(got))) held += 1;
      }
      if (tried === 0) return SILENT;
      // A cut may tokenise in another way than it was generated, so not every one need hold.
      assert.ok(held * 2 >= tried, `${held} of ${tried} prefixes were continued as before`);
      return undefined;
    },
  },
  {
    name: "one log-probability per token, none above 0",
    async run(model) {
      if (!model.can.logprobs) return "the model gives no log-probabilities";
      const { finish, logprobs, text, usage } = await one(model, { logprobs: true, maxTokens: 8 });
      if (logprobs === undefined && /[^\x20-\x7e\n]/.test(text)) {
        return "no log-probabilities for a text with characters of several tokens";
      }
      assert.ok(logprobs, "log-probabilities were asked for");
      for (const { logprob } of logprobs) assert.ok(logprob <= 1e-6 && logprob > -Infinity, `${logprob}`);
      assert.ok(logprobs.length <= usage.outputTokens, "more log-probabilities than tokens");
      if (finish !== "length") return undefined;
      assert.equal(logprobs.length, usage.outputTokens);
      if (!text.includes("\ufffd")) assert.equal(logprobs.map(({ token }) => token).join(""), text);
      return undefined;
    },
  },
];
