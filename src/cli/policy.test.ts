import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { policyOf, ruleOf, threshold } from "../../test/policy-world.ts";
import { spawnCli } from "../../test/spawn-cli.ts";
import { openBank } from "../lab/index.ts";
import { embeddedPath } from "../models/embedded.ts";
import { formatPolicy, type Policy } from "../policy/index.ts";
import { generateProblems } from "../problems/index.ts";
import { rng } from "../random.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-policy-cli-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const missing = !existsSync(embeddedPath("pico-s")) || !existsSync(embeddedPath("pico-prm"));
const PROBLEMS = [...generateProblems({ family: "chain", level: 1, count: 60, seed: 7 })];

beforeAll(async () => {
  const bank = await openBank(at("bank.db"));
  const random = rng("cli");
  await bank.append(
    PROBLEMS.flatMap(({ prompt, answer }, problem) =>
      Array.from({ length: 16 }, (_, seed) => {
        const draw = random.split(problem, seed);
        const right = draw.next() < [1, 0, 0.5][problem % 3]!;
        return {
          prompt,
          text: `try ${seed}\n#### ${right ? answer : -draw.int(1, 8)}`,
          sample: {
            model: "pico-s",
            fingerprint: "import:pico-s",
            params: { temperature: 1, maxTokens: 64 },
            seed,
            usage: { outputTokens: 20 },
          },
        };
      }),
    ),
  );
  await bank.close();
  writeFileSync(
    at("problems.jsonl"),
    PROBLEMS.slice(0, 4)
      .map((one) => `${JSON.stringify(one)}\n`)
      .join(""),
  );
  const rule = ruleOf({ blocks: [{ m: 2, gain: threshold("log2 samples", 1.8, -50) }], most: 9 });
  const generator = { name: "pico-s", fingerprint: "import:pico-s", params: { maxTokens: 64 } };
  writeFileSync(at("made-up.json"), formatPolicy(policyOf(rule, { generator })));
});

const solving = (...flags: string[]) =>
  spawnCli(["solve", "--policy", at("made-up.json"), "--verifier", "none", "--quiet", "--json", ...flags]);

describe("bedacht calibrate", () => {
  it("learns from a bank, says what is saved, and writes a policy that solves", async (context) => {
    const { code, stdout, stderr } = await spawnCli([
      "calibrate",
      "--bank",
      at("bank.db"),
      "-o",
      at("learned.json"),
      "--quiet",
    ]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `${at("learned.json")}: use it with bedacht solve --policy ${at("learned.json")}\n`,
    });
    expect(stdout).toMatch(/^Learned from 16 samples of each of 60 problems by pico-s, answers vote\.\n/);
    expect(stdout.match(/^N=\d+ for every problem/gm)).toHaveLength(5);
    expect(stdout.match(/\(usual\)/g)).toHaveLength(1);
    expect(stdout.match(/^accuracy of N=(4|8|16) for every problem/gm)).toHaveLength(3);
    expect(stdout).not.toMatch(/NaN|undefined|Infinity/);
    const policy = JSON.parse(readFileSync(at("learned.json"), "utf8")) as Policy;
    expect(policy).toMatchObject({ name: "learned", rule: { most: 16 } });
    if (missing) context.skip("the embedded models are not in pico/");
    const solved = await spawnCli([
      "solve",
      "--policy",
      at("learned.json"),
      "--verifier",
      "none",
      "--quiet",
      "--json",
      PROBLEMS[0]!.prompt,
    ]);
    expect(solved.code).toBe(0);
    const { receipt } = JSON.parse(solved.stdout);
    expect(receipt.plan).toMatchObject({ strategy: "allocated", params: { policy: "learned" } });
    expect(receipt.notes[0]).toBe("The generator pico-s is known to the policy by its name alone.");
  });

  it.each([
    [["--bank", "none.db"], /There is no bank none\.db: fill one with/],
    [["--setting", "9"], /no setting 9: it has 1 \(pico-s/],
    [["--verifier", "prm"], /The bank has no scores/],
    [["-o", "/nowhere/p.json", "--problems", "none.jsonl"], /none\.jsonl/],
  ])("refuses %j in one sentence", async (flags, message) => {
    const args = ["calibrate", "--bank", at("bank.db"), "-o", at("no.json"), "--quiet", ...flags];
    const { code, stdout, stderr } = await spawnCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("bedacht solve --policy", () => {
  it.each([
    ["--strategy", ["--strategy", "majority"], /--policy decides what --strategy would/],
    ["--pool without --problems", ["--pool", "tokens=100"], /shared by the problems of a file/],
    [
      "a verifier that it was learned without",
      ["--verifier", "rule"],
      /learned without a verifier, and here is /,
    ],
    ["another generator", ["--generator", "pico-l"], /learned on the generator pico-s, and here is pico-l/],
  ])("refuses %s", async (_, flags, message) => {
    const { code, stdout, stderr } = await solving(...flags, PROBLEMS[0]!.prompt);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  it("refuses a file that is no policy", async () => {
    const { code, stderr } = await spawnCli(["solve", "--policy", "README.md", PROBLEMS[0]!.prompt]);
    expect(stderr).toMatch(/README\.md is not a policy: it is not JSON/);
    expect(code).toBe(2);
  });

  it("shares a pool out among the problems of a file, a first sample for each before any second", async (context) => {
    if (missing) context.skip("the embedded models are not in pico/");
    const { code, stdout } = await solving("--problems", at("problems.jsonl"), "--pool", "tokens=1500");
    const receipts = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).receipt);
    expect(receipts).toHaveLength(4);
    const spent = receipts.map(({ total }) => total.inputTokens + total.outputTokens);
    expect(spent.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(1500);
    for (const { total } of receipts) expect(total.calls).toBeGreaterThan(0);
    expect([0, 1]).toContain(code);
  });

  it("solves with the models it is insisted on, at the price of an average, and says so", async (context) => {
    if (missing) context.skip("the embedded models are not in pico/");
    const { code, stdout } = await solving(
      "--average",
      "40",
      "--insist",
      "--generator",
      "pico-l",
      PROBLEMS[0]!.prompt,
    );
    expect(code).toBe(0);
    const { receipt } = JSON.parse(stdout);
    expect(receipt.notes[0]).toMatch(/does not fit, used all the same: .* pico-s, and here is pico-l/);
  });
});
