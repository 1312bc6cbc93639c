import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { type Loopback, type LoopbackCall, type LoopbackReply, startLoopback } from "../../test/loopback.ts";
import { type Ended, type SpawnOptions, spawnCli } from "../../test/spawn-cli.ts";
import { writeTinyGguf } from "../../test/tiny-gguf.ts";
import type { Result } from "../types.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-cli-"));
const open: Loopback[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.close())));
afterAll(() => rmSync(folder, { recursive: true }));

/** Says 42 twice as often as 41, whatever it is asked. */
function mostly42({ index }: LoopbackCall): string {
  return `Let me see.\n#### ${index % 3 === 0 ? 41 : 42}`;
}

async function serve(respond: (call: LoopbackCall) => LoopbackReply): Promise<Loopback> {
  const server = await startLoopback(respond);
  open.push(server);
  return server;
}

function solve(server: Loopback, args: readonly string[], options?: SpawnOptions): Promise<Ended> {
  return spawnCli(["solve", ...args, "--generator", `openai:scripted@${server.url}`], options);
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Without what differs from run to run: times, the widths of their columns, the port. */
function plain(text: string): string {
  return text
    .replace(/[\d.]+ s\b/g, "T s")
    .replace(/127.0.0.1:\d+/g, "HOST")
    .replace(/(?<=\S) {2,}/g, "  ");
}

function sentences({ stderr }: Ended): string[] {
  return stderr.split("\n").filter((line) => line.startsWith("bedacht: "));
}

describe("bedacht solve", () => {
  it("answers one problem in plain lines: the answer, why, the receipt", async () => {
    const { code, stdout } = await solve(await serve(mostly42), ["What is 6 * 7?", "--n", "6"]);
    expect(code).toBe(0);
    expect(plain(stdout)).toMatchInlineSnapshot(`
      "Answer: 42
      Why: 4 of 6 candidates agree
      Solution:
        Let me see.
        #### 42
      Receipt:
                   calls  input (reused)  output  FLOPs  USD  model time
        generator  6  30 (?)  30  ?  ?  T s
        plan  majority n=6 temperature=1 maxTokens=1024 on scripted@HOST (no verifier, so the candidates vote)
        budget  no limit
        stopped  done
        wall clock  T s
        discarded  25 output tokens
        seed  1
        note  the server did not count some prompts: they are reserved by their bytes
      "
    `);
  });

  it("prints nothing but the result as one JSON line with --json", async () => {
    const { code, stdout } = await solve(await serve(mostly42), ["--n", "3", "--json"], {
      stdin: "6 * 7?\n",
    });
    expect(code).toBe(0);
    expect(stdout.match(/\n/g)).toHaveLength(1);
    const result = JSON.parse(stdout) as Result;
    expect(result).toMatchObject({ answer: "42", receipt: { stop: "done", total: { calls: 3 } } });
  });

  it("prints no control codes of the model", async () => {
    const server = await serve(() => "\u001b[31mred\u0007\n#### 4\u001b[2J2");
    const { stdout, stderr } = await solve(server, ["p", "--n", "1"]);
    expect(stdout).toContain("#### 4\ufffd[2J2");
    expect((stdout + stderr).replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });

  it("writes the trace as JSON lines, and the same answer for the same seed", async () => {
    const server = await serve(({ seed }) => `#### ${seed % 5}`);
    const trace = join(folder, "trace.jsonl");
    const args = ["pick", "--n", "8", "--seed", "3", "--json", "--trace", trace];
    const first = JSON.parse((await solve(server, args)).stdout) as Result;
    const events = readFileSync(trace, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events).toEqual(first.trace.map((event) => ({ problem: "prompt", ...event })));
    expect((JSON.parse((await solve(server, args)).stdout) as Result).trace).toEqual(first.trace);
  });

  it("says what to do when no candidate states an answer", async () => {
    const ended = await solve(await serve(() => "I would rather not say"), ["p", "--n", "2"]);
    expect(ended.code).toBe(1);
    expect(sentences(ended)).toEqual([
      'bedacht: no answer: no candidate states one; ask in the prompt for a last line "#### ANSWER".',
    ]);
  });

  it("stops at a budget with the best answer so far", async () => {
    const server = await serve(mostly42);
    const args = ["p", "--n", "16", "--max-tokens", "20", "--json", "--budget", "tokens=200"];
    const { code, stdout } = await solve(server, args);
    const result = JSON.parse(stdout) as Result;
    expect(code).toBe(0);
    expect(result).toMatchObject({ answer: "42", receipt: { stop: "budget", stoppedBy: "tokens" } });
    expect(result.receipt.total.inputTokens + result.receipt.total.outputTokens).toBeLessThanOrEqual(200);
    expect(server.calls.length).toBeLessThan(16);
  });

  it("counts dollars by the given price table", async () => {
    const prices = file(
      "prices.json",
      '{"version":"mine","models":{"scripted":{"inputPerMillion":1000,"outputPerMillion":2000}}}',
    );
    const args = ["p", "--n", "8", "--max-tokens", "10", "--json", "--prices", prices, "--budget", "usd=0.2"];
    const { receipt } = JSON.parse((await solve(await serve(mostly42), args)).stdout) as Result;
    expect(receipt).toMatchObject({ pricesVersion: "mine", stop: "budget", stoppedBy: "usd" });
    expect(receipt.total.usd).toBeLessThanOrEqual(0.2);
    expect(receipt.total.usd).toBeCloseTo(
      (receipt.total.inputTokens * 1000 + receipt.total.outputTokens * 2000) / 1e6,
      12,
    );
  });

  it("returns the best so far on the first Ctrl-C", async () => {
    const server = await serve(({ index }) =>
      index < 3 ? mostly42({ index } as LoopbackCall) : { hang: true },
    );
    const ended = await solve(server, ["p", "--n", "4", "--json"], {
      watch(child, shown) {
        if (shown.includes("3/4 candidates") && !shown.includes("stopping")) child.kill("SIGINT");
      },
    });
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ answer: "42", receipt: { stop: "cancelled" } });
    expect(sentences(ended)).toEqual(["bedacht: stopping with the best answer so far; Ctrl-C again quits."]);
  });

  it("resumes from its journal after SIGKILL and buys nothing twice", async () => {
    let killed = false;
    const server = await serve(({ index, seed }) =>
      index < 4 || killed ? `#### ${seed % 3}` : { hang: true },
    );
    const args = ["p", "--n", "8", "--json", "--journal", join(folder, "run.db")];
    await solve(server, args, {
      watch(child, shown) {
        killed = shown.includes("4/8 candidates") && child.kill("SIGKILL");
      },
    });
    const resumed = JSON.parse((await solve(server, args)).stdout) as Result;
    expect(resumed.receipt).toMatchObject({ replayedCalls: 4, repeatedCalls: 4, total: { calls: 8 } });
    expect(server.calls).toHaveLength(12);
    const undisturbed = JSON.parse((await solve(server, args.slice(0, 4))).stdout) as Result;
    expect(resumed.trace).toEqual(undisturbed.trace);
  });

  it("quits on the second Ctrl-C with 130", async () => {
    const script = `import { onInterrupt } from ${JSON.stringify(new URL("./interrupt.ts", import.meta.url).href)};
      onInterrupt(); setInterval(() => {}, 1000); console.log("ready");`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
    child.stdout.once("data", () => child.kill("SIGINT"));
    child.stderr.once("data", () => child.kill("SIGINT"));
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(130);
  });
});

describe("a GGUF file", () => {
  const path = writeTinyGguf(join(folder, "tiny.gguf"), { contextLength: 64 });
  const gguf = (...args: string[]) =>
    spawnCli(["solve", ...args, "--n", "2", "--workers", "1", "--generator", `gguf:${path}`]);

  it("runs, on as many processes as asked, with its FLOPs on the receipt", async () => {
    const ended = await gguf("hello", "--json", "--max-tokens", "8");
    const { receipt } = JSON.parse(ended.stdout) as Result;
    expect(receipt).toMatchObject({ plan: { generator: "tiny" }, total: { calls: 2 } });
    expect(receipt.total.flops).toBeGreaterThan(0);
    expect(ended.code).toBe(1);
  });

  it("too small for the prompt: one sentence that says so", async () => {
    const ended = await gguf("many words ".repeat(50));
    expect(ended.code).toBe(1);
    expect(sentences(ended)).toEqual([
      expect.stringMatching(/prompt has \d+ tokens and the context holds 64/),
    ]);
  });

  it("truncated: one sentence and exit code 2", async () => {
    const cut = file("cut.gguf", "");
    writeFileSync(cut, readFileSync(path).subarray(0, 3000));
    const ended = await spawnCli(["solve", "p", "--generator", `gguf:${cut}`]);
    expect(ended.code).toBe(2);
    expect(sentences(ended)).toEqual([expect.stringMatching(/truncated or damaged/)]);
  });
});

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
    const ended = await solve(await serve(mostly42), ["p", "--budget", "tokens=5"]);
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
    const ended = await solve(await serve(() => reply), ["p", "--n", "2"]);
    expect(sentences(ended)).toEqual([expect.stringMatching(message)]);
    expect(ended.code).toBe(code ?? ended.code);
    expect(ended.code).not.toBe(0);
    expect(ended.stderr).not.toMatch(/\n {4}at /);
  });

  it("a server that always fails: tried again, then one sentence", async () => {
    const server = await serve(() => ({ status: 500, body: '{"error":{"message":"out of memory"}}' }));
    const ended = await solve(server, ["p", "--n", "1", "--json"]);
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
    const ended = await solve(await serve(() => ({ hang: true })), ["p", "--n", "1", "--budget", "ms=700"]);
    expect(ended.code).toBe(1);
    expect(sentences(ended)).toEqual([
      "bedacht: no answer: the time was over before there was one; raise ms.",
    ]);
  });

  it("a server that breaks off in the middle of every stream", async () => {
    const ended = await solve(await serve(() => ({ half: "I think" })), ["p", "--n", "1"]);
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

describe("bedacht solve --problems", () => {
  const lines = [
    '{"id":"a","prompt":"6 * 7?","answer":"42"}',
    "{not json",
    '{"question":"40 + 1?","answer":"40+1=41\\n#### 41"}',
    '{"id":"c","prompt":"unknown"}',
  ].join("\n");

  it("answers in order, names bad lines, sums up", async () => {
    const server = await serve(({ prompt }) =>
      prompt.startsWith("6") ? { text: "#### 42", delayMs: 150 } : "#### 42",
    );
    const ended = await solve(server, ["--problems", file("p.jsonl", lines), "--n", "2"]);
    expect(ended.code).toBe(1);
    const records = ended.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(records.map(({ id, answer, correct, stop }) => [id, answer, correct, stop])).toEqual([
      ["a", "42", true, "done"],
      ["3", "42", false, "done"],
      ["c", "42", null, "done"],
    ]);
    expect(Object.keys(records[0])).toEqual(["id", "answer", "correct", "stop", "receipt"]);
    expect(plain(ended.stderr)).toMatchInlineSnapshot(`
      "bedacht: line 2: it is not JSON
      3 problems, 1 malformed line
      1 of 2 right: 50.0% (95% interval 9.5 to 90.5)
      26 tokens, T s
      "
    `);
  });

  it("reads standard input and exits with 0 when every problem has an answer", async () => {
    const ended = await solve(await serve(() => "#### 42"), ["--problems", "-", "--n", "1"], {
      stdin: '{"prompt":"6 * 7?","answer":42}\n',
    });
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ id: "1", answer: "42", correct: true });
  });

  it("tells which problems no model can take, and goes on", async () => {
    const ended = await spawnCli(["solve", "--problems", "-"], {
      stdin: '{"prompt":"6 * 7?","answer":"42"}\n',
    });
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({ id: "1", answer: null, correct: false, stop: "failed" });
    expect(sentences(ended)).toEqual([
      expect.stringMatching(/^bedacht: line 1: The embedded models know only/),
    ]);
  });

  it("ends at once when the key is refused", async () => {
    const server = await serve(() => ({ status: 401, body: '{"error":{"message":"bad key"}}' }));
    const many = Array.from({ length: 50 }, (_, index) => `{"prompt":"p${index}"}`).join("\n");
    const ended = await solve(server, ["--problems", "-", "--n", "1"], { stdin: many });
    expect(ended.code).toBe(2);
    expect(sentences(ended)).toEqual([expect.stringMatching(/OPENAI_API_KEY/)]);
    expect(server.calls.length).toBeLessThan(10);
  });

  it("exits with 3 when the budget is too small for one sample", async () => {
    const ended = await solve(await serve(mostly42), ["--problems", "-", "--budget", "tokens=5"], {
      stdin: '{"prompt":"p"}\n',
    });
    expect(ended.code).toBe(3);
  });

  it("stops quietly when its reader goes away", async () => {
    const many = Array.from({ length: 500 }, (_, index) => `{"prompt":"p${index}"}`).join("\n");
    const server = await serve(() => "#### 1");
    const ended = await solve(server, ["--problems", "-", "--n", "1", "--quiet"], {
      stdin: many,
      watch(child, output) {
        if (output !== "") child.stdout?.destroy();
      },
    });
    expect(sentences(ended)).toEqual([]);
    expect(server.calls.length).toBeLessThan(500);
  });
});
