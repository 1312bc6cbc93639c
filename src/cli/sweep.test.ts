import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { spawnCli } from "../../test/spawn-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-cli-sweep-"));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, experiment: object) => {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(experiment));
  return file;
};

const small = {
  problems: [{ family: "chain", level: "1-2", count: 1 }],
  generator: "pico",
  plans: [
    { strategy: "greedy" },
    { strategy: "beam", params: { n: [2, 4], width: 2 }, label: "steps" },
    { strategy: "revisions", params: { n: 2, chain: 2 }, generator: "pico-rev" },
  ],
  expected: { flops: 2e9, minutes: 0.1 },
};

describe("bedacht sweep", () => {
  it("runs a grid on pico, and the second time takes it from the bank", async () => {
    const file = write("small.json", { name: "small", ...small });
    const dry = await spawnCli(["sweep", file, "--dry-run"]);
    expect(dry.stdout).toBe(`small: 8 cells, 0 of them in ${join(folder, "small.db")}
  steps n=4: 0 of 2 (pico-s, scored by pico-prm)
  steps n=2: 0 of 2 (pico-s, scored by pico-prm)
  revisions: 0 of 2 (pico-rev, scored by pico-rev)
  greedy: 0 of 2 (pico-s)
expected: 2.0e+9 FLOPs, 0.1 minutes
`);
    const first = await spawnCli(["sweep", file]);
    expect(first.stderr).toMatch(
      /small: 8 of 8 cells \(100\.0%\), .*; bought: [\d,]{4,} tokens, .* FLOPs; replayed: /,
    );
    expect(first.stdout).toMatch(/^plan +problems +accuracy % +generations +tokens +FLOPs\nsteps n=4 +2 +\d/);
    expect(first.code).toBe(0);
    const again = await spawnCli(["sweep", file, "--workers", "1"]);
    expect(again.stderr).toContain("bought: 0 tokens");
    expect(again.stdout).toBe(first.stdout);
    const some = await spawnCli(["sweep", file, "--only", "steps; greedy", "--csv", "--quiet"]);
    expect(some.stderr).toBe("");
    expect(some.stdout.split("\n")).toEqual([
      "plan,strategy,params,problems,cells,accuracy,accuracy_low,accuracy_high,generations,tokens,flops",
      expect.stringMatching(/^"steps n=4",beam,"\{""n"":4,""width"":2,.*\}",2,2,[01]/),
      expect.stringMatching(/^"steps n=2",beam,/),
      expect.stringMatching(/^"greedy",greedy,/),
      "",
    ]);
    const json = await spawnCli(["sweep", file, "--json", "--quiet"]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      rows: [{ plan: { name: "steps n=4" }, cells: 2 }, {}, {}, {}],
    });
  });

  it("stops at Ctrl-C, and the same command goes on", async () => {
    const problems = [{ family: "chain", level: 5, count: 40 }];
    const file = write("long.json", { name: "long", ...small, problems });
    let told = false;
    const stopped = await spawnCli(["sweep", file], {
      watch(child, output) {
        if (told || !output.includes("expected:")) return;
        told = true;
        setTimeout(() => child.kill("SIGINT"), 300);
      },
    });
    expect(stopped.stderr).toContain("bedacht: stopping; what is paid for is kept, Ctrl-C again quits.\n");
    expect(stopped.stderr).toContain("bedacht: stopped: the same command goes on from here.\n");
    expect(stopped.code).toBe(1);
  });

  it("ends with 3 when the budget is used up", async () => {
    const file = write("poor.json", { name: "poor", ...small, budget: { tokens: 2000 } });
    const { code, stderr } = await spawnCli(["sweep", file]);
    expect(stderr).toMatch(
      /budget left: [\d,]+ tokens\nbedacht: the budget is used up: raise it in the experiment/,
    );
    expect(code).toBe(3);
  });

  it.each([
    [{ generator: "chess" }, 'bedacht: The generator "chess" is unknown: use pico, '],
    [
      { verifier: "none" },
      'bedacht: The plan "steps n=4" does not work: The strategy beam needs a verifier: ',
    ],
    [
      { plans: [{ strategy: "revisions", params: { chain: 2 } }], generator: "pico-l", verifier: "none" },
      'bedacht: The plan "revisions" does not work: ',
    ],
  ])("refuses %j before anything is bought", async (change, message) => {
    const file = write("wrong.json", { name: "wrong", ...small, ...change });
    const { code, stderr } = await spawnCli(["sweep", file]);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  it("makes no bank for an experiment that is wrong", async () => {
    const file = write("typo.json", { name: "typo", ...small, plan: [] });
    const { code, stderr } = await spawnCli(["sweep", file]);
    expect(stderr).toBe(`bedacht: The experiment ${file} is wrong: Unrecognized key: "plan".\n`);
    expect(code).toBe(2);
    expect(existsSync(join(folder, "typo.db"))).toBe(false);
  });
});
