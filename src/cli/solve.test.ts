import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createBench, mostly42, plain, sentences, solveOn } from "../../test/cli-bench.ts";
import { spawnCli } from "../../test/spawn-cli.ts";
import { writeTinyGguf } from "../../test/tiny-gguf.ts";
import type { Result } from "../types.ts";

const { file, folder, serve } = createBench();

describe("bedacht solve", () => {
  it("answers one problem in plain lines: the answer, why, the receipt", async () => {
    const { code, stdout } = await solveOn(await serve(mostly42), ["What is 6 * 7?", "--n", "6"]);
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
    const { code, stdout } = await solveOn(await serve(mostly42), ["--n", "3", "--json"], {
      stdin: "6 * 7?\n",
    });
    expect(code).toBe(0);
    expect(stdout.match(/\n/g)).toHaveLength(1);
    const result = JSON.parse(stdout) as Result;
    expect(result).toMatchObject({ answer: "42", receipt: { stop: "done", total: { calls: 3 } } });
  });

  it("prints no control codes of the model", async () => {
    const server = await serve(() => "\u001b[31mred\u0007\n#### 4\u001b[2J2");
    const { stdout, stderr } = await solveOn(server, ["p", "--n", "1"]);
    expect(stdout).toContain("#### 4\ufffd[2J2");
    expect((stdout + stderr).replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });

  it("writes the trace as JSON lines, and the same answer for the same seed", async () => {
    const server = await serve(({ seed }) => `#### ${seed % 5}`);
    const trace = join(folder, "trace.jsonl");
    const args = ["pick", "--n", "8", "--seed", "3", "--json", "--trace", trace];
    const first = JSON.parse((await solveOn(server, args)).stdout) as Result;
    const events = readFileSync(trace, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events).toEqual(first.trace.map((event) => ({ problem: "prompt", ...event })));
    expect((JSON.parse((await solveOn(server, args)).stdout) as Result).trace).toEqual(first.trace);
  });

  it("says what to do when no candidate states an answer", async () => {
    const ended = await solveOn(await serve(() => "I would rather not say"), ["p", "--n", "2"]);
    expect(ended.code).toBe(1);
    expect(sentences(ended)).toEqual([
      'bedacht: no answer: no candidate states one; ask in the prompt for a last line "#### ANSWER".',
    ]);
  });

  it("stops at a budget with the best answer so far", async () => {
    const server = await serve(mostly42);
    const args = ["p", "--n", "16", "--max-tokens", "20", "--json", "--budget", "tokens=200"];
    const { code, stdout } = await solveOn(server, args);
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
    const { receipt } = JSON.parse((await solveOn(await serve(mostly42), args)).stdout) as Result;
    expect(receipt).toMatchObject({ pricesVersion: "mine", stop: "budget", stoppedBy: "usd" });
    expect(receipt.total.usd).toBeLessThanOrEqual(0.2);
    expect(receipt.total.usd).toBeCloseTo(
      (receipt.total.inputTokens * 1000 + receipt.total.outputTokens * 2000) / 1e6,
      12,
    );
  });

  it("returns the best so far on the first Ctrl-C", async () => {
    const server = await serve(({ index }) => (index < 3 ? mostly42({ index }) : { hang: true }));
    const ended = await solveOn(server, ["p", "--n", "4", "--json"], {
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
    await solveOn(server, args, {
      watch(child, shown) {
        killed = shown.includes("4/8 candidates") && child.kill("SIGKILL");
      },
    });
    const resumed = JSON.parse((await solveOn(server, args)).stdout) as Result;
    expect(resumed.receipt).toMatchObject({ replayedCalls: 4, repeatedCalls: 4, total: { calls: 8 } });
    expect(server.calls).toHaveLength(12);
    const undisturbed = JSON.parse((await solveOn(server, args.slice(0, 4))).stdout) as Result;
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
    const cut = file("cut.gguf", readFileSync(path).subarray(0, 3000));
    const ended = await spawnCli(["solve", "p", "--generator", `gguf:${cut}`]);
    expect(ended.code).toBe(2);
    expect(sentences(ended)).toEqual([expect.stringMatching(/truncated or damaged/)]);
  });
});
