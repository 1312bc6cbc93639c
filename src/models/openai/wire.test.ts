import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { events, json, type Received, startServer, type TestServer } from "../../../test/http-server.ts";
import type { GenerateRequest } from "../model.ts";
import { type OpenAiOptions, openai } from "../openai.ts";

const open: TestServer[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

type Answer = (request: Received, response: ServerResponse) => void | Promise<void>;

const LISTED: Readonly<Record<string, unknown>> = {
  vllm: { id: "m", owned_by: "vllm", max_model_len: 4096, root: "org/m" },
  sglang: { id: "m", owned_by: "sglang", max_model_len: 2048 },
  ollama: { id: "m", owned_by: "library" },
  hosted: { id: "m", owned_by: "system" },
};

/** A server of a kind; `answer` serves generations, `own` the kind's own endpoints. */
async function serve(kind: keyof typeof LISTED, answer: Answer, own?: Answer) {
  const server = await startServer((request, response) => {
    if (request.method === "GET") return json(response, { object: "list", data: [LISTED[kind]] });
    if (request.path.startsWith("/v1/")) return answer(request, response);
    return own ? own(request, response) : json(response, { error: "no such page" }, 404);
  });
  open.push(server);
  const generations = () => server.received.filter(({ path }) => /completions$/.test(path));
  const model = (options: Partial<OpenAiOptions> = {}) =>
    openai({ model: "m", baseUrl: server.url, env: {}, ...options });
  return { server, generations, model };
}

const asked: GenerateRequest = { prompt: "2 + 2?", maxTokens: 9, temperature: 1, seed: 1, position: "p" };
const usage = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 };

/** A whole answer of the chat endpoint. */
const chat = (choice: object, more: object = {}) => ({
  choices: [{ index: 0, message: { role: "assistant", content: "4" }, finish_reason: "stop", ...choice }],
  usage,
  ...more,
});

describe("the request", () => {
  test("a hosted service gets both names of the limit, and nothing that it does not know", async () => {
    const { model, generations } = await serve("hosted", (_, response) => json(response, chat({})));
    await (await model()).generate([{ ...asked, stop: ["\n"] }]);
    expect(generations()[0]).toMatchObject({
      path: "/v1/chat/completions",
      body: {
        model: "m",
        messages: [{ role: "user", content: "2 + 2?" }],
        temperature: 1,
        top_p: 1,
        seed: 1,
        max_tokens: 9,
        max_completion_tokens: 9,
        stop: ["\n"],
        stream: true,
        stream_options: { include_usage: true },
      },
    });
    const extra = ["top_k", "min_p", "verbose", "n", "logprobs", "continue_final_message"];
    for (const field of extra) expect(generations()[0]!.body).not.toHaveProperty(field);
  });

  test("vLLM's own samplers are switched off, the caller's fields win", async () => {
    const { model, generations } = await serve("vllm", (_, response) => json(response, chat({})));
    const one = await model({ extra: { min_p: 0.1, chat_template_kwargs: { enable_thinking: false } } });
    await one.generate([asked]);
    expect(generations()[0]!.body).toMatchObject({
      top_k: -1,
      min_p: 0.1,
      repetition_penalty: 1,
      max_tokens: 9,
      chat_template_kwargs: { enable_thinking: false },
    });
  });

  test("a plain raw prompt is the text and a newline; a server that cannot render refuses a whole chat", async () => {
    const { model, generations } = await serve("hosted", (_, response) =>
      json(response, { choices: [{ index: 0, text: "4", finish_reason: "stop" }], usage }),
    );
    const one = await model({ mode: "raw" });
    const [completion] = await one.generate([{ ...asked, prefix: "2 + " }]);
    expect(completion).toMatchObject({ text: "4", finish: "end" });
    expect(generations()[0]).toMatchObject({ path: "/v1/completions", body: { prompt: "2 + 2?\n2 + " } });
    const messages = [{ role: "user", content: "hi" }] as const;
    await expect(one.generate([{ ...asked, prompt: messages }])).rejects.toThrow(/use mode chat/);
  });

  test("Ollama renders every prompt itself, so raw is refused", async () => {
    const { model } = await serve("ollama", (_, response) => json(response, chat({})));
    await expect(model({ mode: "raw" })).rejects.toThrow(/use mode chat/);
    expect((await model()).can).toMatchObject({ prefix: false, logprobs: true, seed: true });
  });
});

describe("continuing a given answer", () => {
  test("a server without it refuses before anything is sent", async () => {
    const { model, generations } = await serve("hosted", (_, response) => json(response, chat({})));
    const one = await model();
    expect(one.can.prefix).toBe(false);
    await expect(one.generate([{ ...asked, prefix: "2 + " }])).rejects.toThrow(/does not continue/);
    expect(generations()).toEqual([]);
  });

  test("SGLang goes on with the last message", async () => {
    const { model, generations } = await serve("sglang", (_, response) => json(response, chat({})));
    const one = await model();
    expect(one.can).toMatchObject({ prefix: true, logprobs: true, seed: true, thinking: false });
    expect(one.contextLength).toBe(2048);
    await one.generate([{ ...asked, prefix: "2 + " }]);
    expect(generations()[0]!.body).toMatchObject({
      messages: [
        { role: "user", content: "2 + 2?" },
        { role: "assistant", content: "2 + " },
      ],
      continue_final_message: true,
      add_generation_prompt: false,
    });
  });

  /** vLLM's tokenizer endpoints over a template; one character is one token. */
  const tokenizer =
    (trim: boolean): Answer =>
    ({ path, body }, response) => {
      if (path === "/detokenize") {
        return json(response, { prompt: String.fromCodePoint(...(body!.tokens as number[])) });
      }
      const messages = body!.messages as { role: string; content: string }[] | undefined;
      const turns = messages?.map(({ role, content }) => `<${role}>${trim ? content.trim() : content}`);
      const end = body?.continue_final_message === true ? "" : "<assistant>";
      const text = turns === undefined ? String(body!.prompt) : turns.join("") + end;
      return json(response, { tokens: [...text].map((c) => c.codePointAt(0)), count: [...text].length });
    };

  test("vLLM renders, so raw completions of the rendered prompt are used", async () => {
    const { model, generations, server } = await serve(
      "vllm",
      (_, response) => json(response, { choices: [{ index: 0, text: "2", finish_reason: "stop" }], usage }),
      tokenizer(false),
    );
    const extra = { chat_template_kwargs: { enable_thinking: false } };
    const one = await model({ extra });
    expect(one).toMatchObject({ contextLength: 4096, can: { prefix: true } });
    expect(one.can.revise).toBeUndefined();
    expect((await model({ revises: true })).can.revise).toBe(true);
    const rendered = server.received.filter(({ path }) => path === "/tokenize");
    expect(rendered[0]!.body).toMatchObject(extra);
    const request = { ...asked, prefix: "2 + " };
    await one.generate([request]);
    const prompt = "<user>2 + 2?<assistant>2 + ";
    expect(generations()[0]!.body).toMatchObject({ prompt, add_special_tokens: false });
    expect(await one.countTokens([request])).toEqual([prompt.length]);
  });

  test("a question that two calls share does not end with the first of them", async () => {
    const arrived = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const { model } = await serve(
      "vllm",
      (_, response) => json(response, { choices: [{ index: 0, text: "4", finish_reason: "stop" }], usage }),
      async (request, response) => {
        if (JSON.stringify(request.body).includes("slow")) {
          arrived.resolve();
          await gate.promise;
        }
        tokenizer(false)(request, response);
      },
    );
    const one = await model();
    const controller = new AbortController();
    const slow = { ...asked, prompt: "slow" };
    const first = one.generate([slow], { signal: controller.signal });
    const second = one.generate([slow]);
    await arrived.promise;
    controller.abort();
    expect((await first)[0]).toMatchObject({
      finish: "cancelled",
      usage: { inputTokens: 0, outputTokens: 0 },
    });
    gate.resolve();
    expect((await second)[0]).toMatchObject({ finish: "end", text: "4" });
  });

  test("a template that trims the last message is found out", async () => {
    const trims = await serve("vllm", (_, response) => json(response, chat({})), tokenizer(true));
    expect((await trims.model({ mode: "chat" })).can.prefix).toBe(false);
    const keeps = await serve("vllm", (_, response) => json(response, chat({})), tokenizer(false));
    expect((await keeps.model({ mode: "chat" })).can.prefix).toBe(true);
  });
});

describe("counting", () => {
  test("without a tokenizer the bytes and a margin are the bound, and it is said", async () => {
    const { model } = await serve("hosted", (_, response) => json(response, chat({})));
    const one = await model();
    const [count] = await one.countTokens([{ ...asked, prompt: "数".repeat(100) }]);
    expect(count).toBeGreaterThanOrEqual(300);
    expect(one.notes?.()).toEqual([
      "the server did not count some prompts: they are reserved by their bytes",
    ]);
  });

  test("usage: cached and reasoning tokens where the server says", async () => {
    const details = {
      prompt_tokens: 100,
      completion_tokens: 50,
      prompt_tokens_details: { cached_tokens: 64 },
      completion_tokens_details: { reasoning_tokens: 40 },
    };
    const { model } = await serve("hosted", (_, response) => json(response, chat({}, { usage: details })));
    const [completion] = await (await model()).generate([asked]);
    expect(completion!.usage).toEqual({
      inputTokens: 100,
      cachedTokens: 64,
      outputTokens: 50,
      reasoningTokens: 40,
    });
  });

  test("no usage at all is an estimate, and it is said", async () => {
    const text = "four and four are eight";
    const { model } = await serve("hosted", (_, response) =>
      json(response, chat({ message: { content: text } }, { usage: null })),
    );
    const one = await model();
    const [completion] = await one.generate([asked]);
    expect(completion!.usage.outputTokens).toBe(Math.ceil(text.length / 4));
    expect(one.notes?.()[0]).toMatch(/estimate/);
  });

  test("hidden reasoning is counted, not shown", async () => {
    const delta = (part: object) => ({ choices: [{ index: 0, delta: part, finish_reason: null }] });
    const { model } = await serve("hosted", (_, response) =>
      events(response, [
        delta({ role: "assistant", content: null }),
        delta({ reasoning_content: "2 and 2" }),
        delta({ reasoning: "is 4" }),
        delta({ content: "4" }),
        { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
      ]),
    );
    const [completion] = await (await model()).generate([asked]);
    expect(completion).toMatchObject({ text: "4", finish: "end", usage: { outputTokens: 3 } });
  });
});

describe("how it ended", () => {
  const stop = ["\n", "END"];

  test.each([
    ["vllm", { stop_reason: "END" }, { finish: "stop", stopText: "END" }],
    ["vllm", { stop_reason: 151645 }, { finish: "end" }],
    ["vllm", { stop_reason: null }, { finish: "end" }],
    ["sglang", { matched_stop: "\n" }, { finish: "stop", stopText: "\n" }],
    ["sglang", { matched_stop: 2 }, { finish: "end" }],
    ["hosted", {}, { finish: "stop" }],
    ["hosted", { finish_reason: "length" }, { finish: "length" }],
  ])("%s %j", async (kind, choice, expected) => {
    const { model } = await serve(kind, (_, response) => json(response, chat(choice)));
    const [completion] = await (await model()).generate([{ ...asked, stop }]);
    expect(completion).toMatchObject(expected);
    expect(completion!.stopText).toBe("stopText" in expected ? expected.stopText : undefined);
  });

  test("without stop texts a stop is the end", async () => {
    const { model } = await serve("hosted", (_, response) => json(response, chat({})));
    expect((await (await model()).generate([asked]))[0]!.finish).toBe("end");
  });

  test("a filtered completion is an error, its cost is kept", async () => {
    const { model } = await serve("hosted", (_, response) =>
      json(response, chat({ finish_reason: "content_filter" })),
    );
    const [completion] = await (await model()).generate([asked]);
    expect(completion).toMatchObject({ finish: "error", usage: { outputTokens: 2 } });
    expect(completion!.error!.message).toMatch(/filter/);
  });
});

describe("log-probabilities", () => {
  const request = { ...asked, logprobs: true, topLogprobs: 2 };
  const expected = [
    {
      token: "4",
      logprob: -0.5,
      top: [
        { token: "4", logprob: -0.5 },
        { token: "5", logprob: -1 },
      ],
    },
    { token: "!", logprob: 0 },
  ];

  test("in the shape of chat", async () => {
    const content = [
      {
        token: "4",
        logprob: -0.5,
        top_logprobs: [
          { token: "5", logprob: -1 },
          { token: "4", logprob: -0.5 },
        ],
      },
      { token: "!", logprob: 0 },
    ];
    const { model, generations } = await serve("hosted", (_, response) =>
      json(response, chat({ logprobs: { content } })),
    );
    expect((await (await model()).generate([request]))[0]!.logprobs).toEqual(expected);
    expect(generations()[0]!.body).toMatchObject({ logprobs: true, top_logprobs: 2 });
  });

  test("in the older shape of raw completions", async () => {
    const logprobs = {
      tokens: ["4", "!"],
      token_logprobs: [-0.5, 0],
      top_logprobs: [{ "5": -1, "4": -0.5 }, null],
    };
    const { model, generations } = await serve("hosted", (_, response) =>
      json(response, { choices: [{ index: 0, text: "4!", finish_reason: "stop", logprobs }], usage }),
    );
    expect((await (await model({ mode: "raw" })).generate([request]))[0]!.logprobs).toEqual(expected);
    expect(generations()[0]!.body).toMatchObject({ logprobs: 2 });
  });

  test("that lack tokens are dropped, and it is said", async () => {
    const content = [{ token: "4", logprob: -0.5 }];
    const { model } = await serve("hosted", (_, response) =>
      json(response, chat({ finish_reason: "length", logprobs: { content } })),
    );
    const one = await model();
    expect((await one.generate([request]))[0]!.logprobs).toBeUndefined();
    expect(one.notes?.()[0]).toMatch(/leaves log-probabilities out/);
  });
});

describe("a limit of the thinking", () => {
  const thinking = { open: "<think>", close: "</think>", tokens: 20, before: 5 };

  test("is vLLM's own, which counts what the prompt holds; nobody else is asked", async () => {
    const served = await serve("vllm", (_, response) => json(response, chat({})));
    const vllm = await served.model();
    expect(vllm.can.thinking).toBe(true);
    await vllm.generate([{ ...asked, thinking }]);
    expect(served.generations()[0]!.body).toMatchObject({ thinking_token_budget: 25 });
    expect((await served.model({ limitsThinking: false })).can.thinking).toBe(false);
    const other = await serve("hosted", (_, response) => json(response, chat({})));
    const hosted = await other.model();
    expect(hosted.can.thinking).toBe(false);
    await hosted.generate([{ ...asked, thinking }]);
    expect(JSON.stringify(other.generations()[0]!.body)).not.toMatch(/budget|thinking/);
  });

  test("that vLLM was not set up for is left out from then on, and it is said", async () => {
    const message =
      "thinking_token_budget is set but reasoning_config is not configured. Please set --reasoning-config to use thinking_token_budget.";
    const { model, generations } = await serve("vllm", ({ body }, response) =>
      "thinking_token_budget" in body!
        ? json(response, { error: { message, code: 400 } }, 400)
        : json(response, chat({})),
    );
    const one = await model();
    expect((await one.generate([{ ...asked, thinking }]))[0]).toMatchObject({ text: "4", finish: "end" });
    expect(one.can.thinking).toBe(false);
    expect(one.notes?.()).toContain(
      "the server refuses thinking_token_budget: thinking is ended by one more call",
    );
    expect(generations()).toHaveLength(2);
  });
});

describe("fields that a server refuses", () => {
  const refuse = (response: ServerResponse, message: string) => json(response, { error: { message } }, 400);

  test("are left out from then on, and it is said", async () => {
    const { model, generations } = await serve("hosted", ({ body }, response) => {
      if ("max_tokens" in body!) {
        return refuse(response, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.");
      }
      if ("logprobs" in body!) return refuse(response, "logprobs are not supported with this model");
      if ("temperature" in body!)
        return refuse(response, "'temperature' does not support 1, only the default");
      return json(response, chat({}));
    });
    const one = await model();
    const [completion] = await one.generate([{ ...asked, logprobs: true }]);
    expect(completion).toMatchObject({ text: "4", finish: "end" });
    expect(generations().at(-1)!.body).toMatchObject({ max_completion_tokens: 9 });
    expect(one.can.logprobs).toBe(false);
    expect(one.notes?.()).toHaveLength(3);
    const before = generations().length;
    await one.generate([{ ...asked, logprobs: true }]);
    expect(generations()).toHaveLength(before + 1);
  });

  test("the limit never goes, a temperature that was chosen neither", async () => {
    for (const name of ["max_tokens", "max_completion_tokens", "temperature"]) {
      const { model, generations } = await serve("hosted", ({ body }, response) =>
        name in body! ? refuse(response, `'${name}' is not supported`) : json(response, chat({})),
      );
      const [completion] = await (await model()).generate([{ ...asked, temperature: 0.5 }]);
      expect(completion!.finish).toBe(name === "temperature" ? "error" : "end");
      const limits = Object.keys(generations().at(-1)!.body!).filter((field) => field.startsWith("max_"));
      expect(limits.length).toBeGreaterThan(0);
    }
  });

  test("a limit that is too high is an error, not a field to leave out", async () => {
    const { model, generations } = await serve("hosted", (_, response) =>
      refuse(response, "max_tokens is too large: 9. This model supports at most 8 completion tokens."),
    );
    const [completion] = await (await model()).generate([asked]);
    expect(completion!.error!.message).toMatch(/too large/);
    expect(generations()).toHaveLength(1);
  });
});

describe("n", () => {
  const batch = [1, 2, 3].map((seed) => ({ ...asked, seed, position: `sample/${seed}` }));

  test("is not used by default: each sample has its own seed", async () => {
    const { model, generations } = await serve("hosted", (_, response) => json(response, chat({})));
    await (await model()).generate(batch);
    expect(generations().map(({ body }) => body!.seed)).toEqual([1, 2, 3]);
  });

  test("serves equal requests in one call whose usage is shared out", async () => {
    const { model, generations } = await serve("hosted", ({ body }, response) => {
      const choices = Array.from({ length: Number(body!.n ?? 1) }, (_, index) => ({
        index,
        message: { content: "word ".repeat(index + 1) },
        finish_reason: "stop",
      }));
      json(response, { choices, usage: { prompt_tokens: 7, completion_tokens: 12 } });
    });
    const one = await model({ useN: true });
    const completions = await one.generate([...batch, { ...asked, prompt: "other" }]);
    expect(generations().map(({ body }) => body!.n)).toEqual([3, undefined]);
    const shared = completions.slice(0, 3);
    expect(shared.map(({ text }) => text.trim().split(" ").length)).toEqual([1, 2, 3]);
    expect(shared.map(({ usage }) => usage.inputTokens)).toEqual([7, 0, 0]);
    expect(shared.reduce((sum, { usage }) => sum + usage.outputTokens, 0)).toBe(12);
    expect(one.notes?.()[0]).toMatch(/share is an estimate/);
  });

  test.each([
    ["ignores", (_: Received, response: ServerResponse) => json(response, chat({}))],
    [
      "refuses",
      ({ body }: Received, response: ServerResponse) =>
        "n" in body! ? json(response, { error: { message: "n must be 1" } }, 400) : json(response, chat({})),
    ],
  ])("a server that %s it gets single calls, and it is said", async (_, answer) => {
    const { model, generations } = await serve("hosted", answer);
    const one = await model({ useN: true });
    const completed: number[] = [];
    const completions = await one.generate(batch, { onCompletion: (index) => completed.push(index) });
    expect(completions.map(({ text }) => text)).toEqual(["4", "4", "4"]);
    expect(completed.sort()).toEqual([0, 1, 2]);
    expect(one.notes?.()).toContain("the server ignores n: single calls");
    const before = generations().length;
    await one.generate(batch);
    expect(
      generations()
        .slice(before)
        .every(({ body }) => !("n" in body!)),
    ).toBe(true);
  });
});
