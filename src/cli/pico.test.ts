import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { spawnCli } from "../../test/spawn-cli.ts";
import { embeddedPath } from "../models/embedded.ts";
import { generateProblems } from "../problems/index.ts";
import type { Result } from "../types.ts";

const missing = !existsSync(embeddedPath("pico-s")) || !existsSync(embeddedPath("pico-prm"));
const [chain] = generateProblems({ family: "chain", level: 1, count: 1, seed: 5 });
const [countdown] = generateProblems({ family: "countdown", level: 1, count: 1, seed: 5 });

describe("the embedded models on the command line", () => {
  it("solve a chain problem without a flag, every token on the receipt", async (context) => {
    if (missing) context.skip("the embedded models are not in pico/");
    const { code, stdout } = await spawnCli(["solve", chain!.prompt, "--json"]);
    const { answer, receipt } = JSON.parse(stdout) as Result;
    expect({ code, answer }).toEqual({ code: 0, answer: chain!.answer });
    expect(receipt).toMatchObject({
      plan: { strategy: "weighted-best-of-n", generator: "pico-s", verifier: "pico-prm" },
      reason: "suits chain problems",
      stop: "done",
    });
    const { generator, verifier } = receipt.roles;
    expect(generator!.flops! + verifier!.flops!).toBe(receipt.total.flops);
    expect(receipt.total.usd).toBe(0);
  });

  it("solve a file of both families, each with its strategy", async (context) => {
    if (missing) context.skip("the embedded models are not in pico/");
    const stdin = `${JSON.stringify(chain)}\n${JSON.stringify(countdown)}\n`;
    const { stdout, stderr } = await spawnCli(["solve", "--problems", "-", "--n", "8"], { stdin });
    const records = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(records.map(({ id, receipt }) => [id, receipt.plan.strategy])).toEqual([
      [chain!.id, "weighted-best-of-n"],
      [countdown!.id, "best-of-n"],
    ]);
    expect(records.map(({ correct }) => typeof correct)).toEqual(["boolean", "boolean"]);
    expect(stderr).toMatch(/^2 problems/m);
  });

  it("search step by step", async (context) => {
    if (missing) context.skip("the embedded models are not in pico/");
    const { code, stdout } = await spawnCli([
      "solve",
      chain!.prompt,
      "--strategy",
      "beam",
      "--n",
      "8",
      "--json",
    ]);
    const { receipt, trace } = JSON.parse(stdout) as Result;
    expect(code).toBe(0);
    expect(receipt.plan).toMatchObject({ strategy: "beam", params: { n: 8, width: 4 } });
    expect(trace.some((event) => event.type === "proposed" && event.parent !== undefined)).toBe(true);
  });

  it("revise their attempts, and judge each with the earlier ones in view", async (context) => {
    if (!existsSync(embeddedPath("pico-rev"))) context.skip("the embedded models are not in pico/");
    const flags = ["--strategy", "revisions", "--n", "6", "--set", "chain=3", "--json"];
    const { code, stdout } = await spawnCli(["solve", chain!.prompt, ...flags]);
    const { answer, receipt, trace } = JSON.parse(stdout) as Result;
    expect({ code, answer }).toEqual({ code: 0, answer: chain!.answer });
    expect(receipt.plan).toMatchObject({
      strategy: "revisions",
      generator: "pico-rev",
      verifier: "pico-rev",
    });
    expect(trace.filter(({ type }) => type === "revised")).toHaveLength(4);
  });

  it("show a problem that greedy gets wrong and search gets right, with the receipt", async (context) => {
    if (missing) context.skip("the embedded models are not in pico/");
    const demo = fileURLToPath(new URL("./demo.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [demo]);
    expect(stdout).toMatch(/Greedy, the likeliest text, says \S+ That is wrong\..+Answer: \S+\n.+Receipt:/s);
  });
});
