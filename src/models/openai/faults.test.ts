import { afterEach, describe, expect, test } from "vitest";
import { events, type Handler, json, startServer, type TestServer } from "../../../test/http-server.ts";
import { UsageError } from "../../types.ts";
import { TransientError } from "../errors.ts";
import type { Completion, GenerateRequest, Model } from "../model.ts";
import { type OpenAiOptions, openai } from "../openai.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function start(handler: Handler): Promise<TestServer> {
  const server = await startServer(handler);
  open.push(server);
  return server;
}

/** A model on a server that lists nothing and answers every generation with `handler`. */
async function broken(handler: Handler, options: Partial<OpenAiOptions> = {}): Promise<Model> {
  const server = await start(async (request, response) => {
    if (request.method === "GET") json(response, { error: { message: "no such page" } }, 404);
    else await handler(request, response);
  });
  return await openai({ model: "m", baseUrl: server.url, env: {}, ...options });
}

const asked: GenerateRequest = { prompt: "2 + 2?", maxTokens: 9, temperature: 1, seed: 1, position: "p" };

async function one(model: Model): Promise<Completion> {
  return (await model.generate([asked]))[0]!;
}

/** The message without the port, which changes from run to run. */
function said(completion: Completion): string {
  return (completion.error?.message ?? "").replace(/:\d{4,5}\b/g, ":PORT");
}

const chunk = (text: string) => ({ choices: [{ index: 0, delta: { content: text }, finish_reason: null }] });

describe("a server that refuses", () => {
  test.each([
    [401, "Incorrect API key provided."],
    [403, "Not for you."],
  ])("%i says which variable holds the key", async (status, message) => {
    const answer: Handler = (_, response) => json(response, { error: { message } }, status);
    const without = await broken(answer);
    await expect(one(without)).rejects.toThrow(UsageError);
    await expect(one(without)).rejects.toThrow(/put its key into the environment variable OPENAI_API_KEY/);
    const wrong = await broken(answer, { apiKeyEnv: "MY_KEY", env: { MY_KEY: "secret" } });
    await expect(one(wrong)).rejects.toThrow(/check the key in the environment variable MY_KEY/);
    await expect(one(wrong)).rejects.not.toThrow(/secret/);
  });

  test("404 says which models there are", async () => {
    const server = await start((request, response) => {
      if (request.method === "GET") json(response, { data: [{ id: "qwen3-8b" }, { id: "qwen3-4b" }] });
      else json(response, { error: { message: "The model `m` does not exist." } }, 404);
    });
    const model = await openai({ model: "m", baseUrl: server.url, env: {} });
    await expect(one(model)).rejects.toThrow(
      /The model `m` does not exist.*The server has: qwen3-8b, qwen3-4b/,
    );
    await expect(one(model)).rejects.toThrow(UsageError);
  });

  test("400 is an error of the completion with the server's message, and free", async () => {
    const model = await broken((_, response) =>
      json(response, { error: { message: "prompt too long: 9000 > 4096" } }, 400),
    );
    const completion = await one(model);
    expect(completion).toMatchObject({
      finish: "error",
      text: "",
      usage: { inputTokens: 0, outputTokens: 0 },
    });
    expect(said(completion)).toMatchInlineSnapshot(
      `"http://127.0.0.1:PORT/v1/chat/completions refused the request (400): prompt too long: 9000 > 4096"`,
    );
    expect(completion.error).not.toBeInstanceOf(TransientError);
  });

  test("what others of the batch paid for is not lost when one is refused for good", async () => {
    const model = await broken(({ body }, response) =>
      body?.seed === 2 ? json(response, {}, 401) : events(response, [{ ...chunk("4"), ...done() }]),
    );
    const completions = await model.generate([asked, { ...asked, seed: 2 }]);
    expect(completions.map(({ finish }) => finish)).toEqual(["end", "error"]);
    expect(completions[1]!.error).toBeInstanceOf(UsageError);
  });
});

function done() {
  return {
    choices: [{ index: 0, delta: { content: "4" }, finish_reason: "stop" }],
    usage: { prompt_tokens: 7, completion_tokens: 2 },
  };
}

describe("a server in trouble", () => {
  test.each([
    [{ "retry-after": "7" }, 7000],
    [{ "retry-after-ms": "250", "retry-after": "1" }, 250],
    [{ date: "Fri, 01 Nov 2030 10:00:00 GMT", "retry-after": "Fri, 01 Nov 2030 10:00:09 GMT" }, 9000],
    [{ "retry-after": "soon" }, undefined],
    [{}, undefined],
  ])("429 with %j may be retried after %s ms", async (headers, wait) => {
    const model = await broken((_, response) =>
      json(response, { error: { message: "slow down" } }, 429, headers),
    );
    const { error, finish, usage } = await one(model);
    expect(finish).toBe("error");
    expect(error).toBeInstanceOf(TransientError);
    expect((error as TransientError).retryAfterMs).toBe(wait);
    expect(usage).toEqual({ inputTokens: 0, outputTokens: 0 });
  });

  test.each([408, 409, 425, 500, 502, 503])("%i may be retried", async (status) => {
    const model = await broken((_, response) => json(response, { error: "oh no" }, status));
    const completion = await one(model);
    expect(completion.error).toBeInstanceOf(TransientError);
    expect(said(completion)).toBe(`http://127.0.0.1:PORT/v1/chat/completions answered ${status}: oh no`);
  });

  test("a proxy's HTML page for 502 is not quoted", async () => {
    const model = await broken((_, response) => {
      response.writeHead(502, { "content-type": "text/html" }).end("<html><h1>Bad Gateway</h1></html>");
    });
    expect(said(await one(model))).toMatchInlineSnapshot(
      `"http://127.0.0.1:PORT/v1/chat/completions answered 502: an HTML page"`,
    );
  });

  test("nobody answers at the address", async () => {
    const server = await startServer(() => {});
    await server.close();
    await expect(openai({ model: "m", baseUrl: server.url, env: {} })).rejects.toThrow(
      /Nothing answers at 127\.0\.0\.1:\d+: start the server or mend the address/,
    );
  });

  test("the server went away after the start", async () => {
    const server = await startServer((_, response) => json(response, { data: [] }));
    const model = await openai({ model: "m", baseUrl: server.url, env: {} });
    await server.close();
    const { error, usage } = await one(model);
    expect(error).toBeInstanceOf(TransientError);
    expect(usage).toEqual({ inputTokens: 0, outputTokens: 0 });
  });

  test("the connection breaks before an answer: the prompt counts as spent", async () => {
    const model = await broken((_, response) => void response.destroy());
    const completion = await one(model);
    expect(completion.error).toBeInstanceOf(TransientError);
    expect(completion.usage.inputTokens).toBeGreaterThan(0);
    expect(said(completion)).toMatch(/^The connection to 127\.0\.0\.1:PORT failed: /);
  });
});

describe("a server that hangs", () => {
  test("a call ends when its signal does, with the prompt counted", async () => {
    const arrived = Promise.withResolvers<void>();
    const model = await broken(() => arrived.resolve());
    const controller = new AbortController();
    const call = model.generate([asked], { signal: controller.signal });
    await arrived.promise;
    controller.abort();
    const [completion] = await call;
    expect(completion).toMatchObject({ finish: "cancelled", text: "" });
    expect(completion!.usage.inputTokens).toBeGreaterThan(0);
  });

  test("the first questions have a time limit of their own", async () => {
    const server = await start(() => {});
    const opening = openai({ model: "m", baseUrl: server.url, env: {}, probeTimeoutMs: 20 });
    await expect(opening).rejects.toThrow(/\/v1\/models did not answer in time/);
    await expect(opening).rejects.toThrow(UsageError);
  });

  test("closing the model ends what is in flight", async () => {
    const arrived = Promise.withResolvers<void>();
    const model = await broken(() => arrived.resolve());
    const call = one(model);
    await arrived.promise;
    await model.close();
    expect((await call).finish).toBe("cancelled");
    await expect(one(model)).rejects.toThrow(UsageError);
  });
});

describe("a stream that breaks", () => {
  test.each([
    ["half an event", 'data: {"choices":[{"ind', /broke off in the middle of an event/],
    ["no end", `data: ${JSON.stringify(chunk(" more"))}\n\n`, /ended before the completion did/],
    ["only [DONE]", "data: [DONE]\n\n", /ended before the completion did/],
    [
      "an error event",
      'data: {"error":{"message":"CUDA out of memory","code":500}}\n\n',
      /CUDA out of memory/,
    ],
  ])("%s: what came is kept and may be asked again", async (_, rest, message) => {
    const model = await broken((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`data: ${JSON.stringify(chunk("2 + 2"))}\n\n${rest}`);
    });
    const completion = await one(model);
    expect(completion.finish).toBe("error");
    expect(completion.text).toMatch(/^2 \+ 2/);
    expect(completion.usage.outputTokens).toBeGreaterThan(0);
    expect(completion.error).toBeInstanceOf(TransientError);
    expect(completion.error!.message).toMatch(message);
    expect(model.notes?.()).toEqual([
      "the server did not say what some calls took: their tokens are an estimate",
    ]);
  });

  test("the connection breaks in the middle", async () => {
    const model = await broken((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(chunk("2 +"))}\n\n`, () => response.destroy());
    });
    const completion = await one(model);
    expect(completion).toMatchObject({ finish: "error", text: "2 +" });
    expect(completion.error).toBeInstanceOf(TransientError);
  });

  test("usage that the stream told before it broke is taken, not estimated", async () => {
    const usage = { prompt_tokens: 31, completion_tokens: 5 };
    const model = await broken((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`data: ${JSON.stringify({ ...chunk("2 + 2"), usage })}\n\n`);
    });
    expect((await one(model)).usage).toEqual({ inputTokens: 31, outputTokens: 5 });
    expect(model.notes?.()).toEqual([]);
  });

  test("a whole stream without [DONE] is whole", async () => {
    const model = await broken((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(`: ping\r\n\r\ndata: ${JSON.stringify(done())}`);
    });
    expect(await one(model)).toMatchObject({ finish: "end", text: "4" });
  });
});

describe("no OpenAI-compatible server", () => {
  test("HTML instead of models", async () => {
    const server = await start((_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Hi</title>");
    });
    await expect(openai({ model: "m", baseUrl: server.url, env: {} })).rejects.toThrow(
      /That is not an OpenAI-compatible server: got HTML at http.*\/v1\/models/,
    );
  });

  test("other JSON instead of models", async () => {
    const server = await start((_, response) => json(response, { hello: "world" }));
    await expect(openai({ model: "m", baseUrl: server.url, env: {} })).rejects.toThrow(/lists no models/);
  });

  test.each([
    ["HTML", "text/html", "<html></html>", /not an OpenAI-compatible server: got HTML at/],
    ["plain text", "text/plain", "It works!", /not an OpenAI-compatible server: got "It works!" at/],
    ["other JSON", "application/json", '{"answer":4}', /its JSON has no choices/],
    ["a JSON array", "application/json", "[]", /its JSON has no choices/],
  ])("%s instead of a completion", async (_, type, body, message) => {
    const model = await broken((_, response) => {
      response.writeHead(200, { "content-type": type }).end(body);
    });
    const completion = await one(model);
    expect(completion.finish).toBe("error");
    expect(completion.error!.message).toMatch(message);
  });

  test.each([
    ["127.0.0.1:8080", /"127\.0\.0\.1:8080" is not a server address/],
    ["ftp://host/v1", /not a server address/],
    ["http://me:key@host/v1", /keys come from the environment/],
  ])("the address %s", async (baseUrl, message) => {
    await expect(openai({ model: "m", baseUrl })).rejects.toThrow(message);
  });
});

describe("keys and other servers", () => {
  test("the key is sent to the given server and never follows a redirect elsewhere", async () => {
    const thief = await start((_, response) => json(response, done()));
    const model = await broken(
      (_, response) => {
        response.writeHead(307, { location: `${thief.url}/v1/chat/completions` }).end();
      },
      { env: { OPENAI_API_KEY: "secret" } },
    );
    await expect(one(model)).rejects.toThrow(/redirects to .*: point the address at the server itself/);
    expect(thief.received).toEqual([]);
  });

  test("a redirect on the same server is followed, with the key", async () => {
    const server = await start(({ path, method }, response) => {
      if (method === "GET") json(response, { data: [] });
      else if (path === "/v1/chat/completions") response.writeHead(308, { location: "/real" }).end();
      else
        json(response, {
          choices: [{ message: { content: "4" }, finish_reason: "stop" }],
          usage: done().usage,
        });
    });
    const env = { OPENAI_API_KEY: "secret" };
    const model = await openai({ model: "m", baseUrl: server.url, env });
    expect(await one(model)).toMatchObject({ text: "4", usage: { inputTokens: 7, outputTokens: 2 } });
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual(
      Array(3).fill("Bearer secret"),
    );
  });

  test("redirects in a circle end", async () => {
    const model = await broken(({ path }, response) => {
      response.writeHead(307, { location: path }).end();
    });
    await expect(one(model)).rejects.toThrow(UsageError);
  });

  test("without the variable no key is sent", async () => {
    const server = await start((_, response) => json(response, { data: [] }));
    await openai({ model: "m", baseUrl: server.url, env: { OPENAI_API_KEY: "" } });
    expect(server.received[0]!.headers.authorization).toBeUndefined();
  });
});
