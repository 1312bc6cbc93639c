import { describe, expect, it } from "vitest";
import { createBench, mostly42, sentences, solveOn } from "../../test/cli-bench.ts";
import { spawnCli } from "../../test/spawn-cli.ts";
import type { Result } from "../types.ts";

const { serve } = createBench();

describe("bad input", () => {
  it.each([
    [
      "a prompt of no embedded family",
      ["What is 6 * 7?"],
      2,
      /know only the problems of .* --generator gguf:FILE, hf:USER\/REPO:QUANT or openai:MODEL@URL\.$/,
    ],
    ["no prompt", [], 2, /There is no problem to solve/],
    ["a prompt and a file", ["p", "--problems", "x"], 2, /not both/],
    ["an unknown generator", ["p", "--generator", "llama"], 2, /"llama" is unknown: use pico, gguf:FILE/],
    [
      "an unknown verifier",
      ["p", "--generator", "gguf:x.gguf", "--verifier", "oracle"],
      2,
      /"oracle" is unknown/,
    ],
    ["a budget of zero", ["p", "--budget", "tokens=0"], 2, /tokens=0 is zero/],
    ["a budget of NaN", ["p", "--budget", "ms=NaN"], 2, /ms=NaN is not a number/],
    ["a negative budget", ["p", "--budget", "usd=-1"], 2, /usd=-1 is negative/],
    ["an unknown unit", ["p", "--budget", "calls=3"], 2, /Unknown budget unit "calls"/],
    [
      "a missing price table",
      ["p", "--prices", "none.json"],
      2,
      /price table none\.json: there is no such file/,
    ],
    ["a trace that cannot be written", ["p", "--trace", "/nowhere/t.jsonl"], 2, /Cannot write the trace/],
    [
      "a file that is no journal",
      ["p", "--generator", "openai:m@http://127.0.0.1:9/v1", "--journal", "README.md"],
      2,
      /README\.md is not a journal/,
    ],
    ["a missing problem file", ["--problems", "none.jsonl"], 2, /none\.jsonl: there is no such file/],
    ["a missing GGUF file", ["p", "--generator", "gguf:none.gguf"], 2, /none\.gguf/],
  ])("%s: one sentence and the exit code", async (_, args, code, message) => {
    const ended = await spawnCli(["solve", ...args]);
    expect(sentences(ended)).toEqual([expect.stringMatching(message)]);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: "" });
    expect(ended.stderr).not.toMatch(/\n {4}at /);
  });

  it("gives a stack trace with --verbose only", async () => {
    const ended = await spawnCli(["solve", "p", "--verbose", "--generator", "llama"]);
    expect(ended.stderr).toMatch(/\n {4}at /);
  });

  it("a budget too small for one sample: exit code 3", async () => {
    const ended = await solveOn(await serve(mostly42), ["p", "--budget", "tokens=5"]);
    expect(ended.code).toBe(3);
    expect(sentences(ended)).toEqual([expect.stringMatching(/One sample takes up to tokens=\d+/)]);
  });

  it.each([
    ["401", { status: 401, body: '{"error":{"message":"bad key"}}' }, 2, /OPENAI_API_KEY/],
    ["404", { status: 404, body: '{"error":{"message":"no such model"}}' }, 2, /model/],
    [
      "429 and a long Retry-After",
      { status: 429, body: '{"error":{"message":"slow down"}}', headers: { "retry-after": "600" } },
      1,
      /answered 429: slow down; look at the server, then run this again\.$/,
    ],
    ["HTML", { status: 200, body: "<!doctype html><p>hello" }, undefined, /OpenAI-compatible/],
  ] as const)("a server that answers %s", async (_, reply, code, message) => {
    const ended = await solveOn(await serve(() => reply), ["p", "--n", "2"]);
    expect(sentences(ended)).toEqual([expect.stringMatching(message)]);
    expect(ended.code).toBe(code ?? ended.code);
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).not.toMatch(/\n {4}at /);
  });

  it("a server that always fails: tried again, then one sentence", async () => {
    const server = await serve(() => ({ status: 500, body: '{"error":{"message":"out of memory"}}' }));
    const ended = await solveOn(server, ["p", "--n", "1", "--json"]);
    expect(ended.code).toBe(1);
    expect(sentences(ended)).toEqual([
      expect.stringMatching(/answered 500: out of memory; look at the server, then run this again\.$/),
    ]);
    expect((JSON.parse(ended.stdout) as Result).receipt).toMatchObject({
      stop: "failed",
      lostCalls: 1,
      retries: 4,
    });
  });

  it("a server that hangs: the budget's time ends it", async () => {
    const ended = await solveOn(await serve(() => ({ hang: true })), ["p", "--n", "1", "--budget", "ms=700"]);
    expect(ended.code).toBe(1);
    expect(sentences(ended)).toEqual([
      "bedacht: no answer: the time was over before there was one; raise ms.",
    ]);
  });

  it("a server that breaks off in the middle of every stream", async () => {
    const ended = await solveOn(await serve(() => ({ half: "I think" })), ["p", "--n", "1"]);
    expect(ended.code).toBe(1);
    expect(sentences(ended)).toEqual([expect.stringMatching(/then run this again\.$/)]);
  });

  it("a server that is not there", async () => {
    const ended = await spawnCli(["solve", "p", "--generator", "openai:m@http://127.0.0.1:9/v1"]);
    expect({ code: ended.code, said: sentences(ended) }).toEqual({
      code: 2,
      said: [expect.stringMatching(/127\.0\.0\.1:9/)],
    });
  });
});
