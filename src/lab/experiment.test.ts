import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseExperiment } from "./experiment.ts";
import { choosePlans, gridOf } from "./grid.ts";
import { readExperiment } from "./reading-experiment.ts";
import { problemsOf, survey } from "./sources.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-experiment-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

const GOOD = {
  name: "test",
  problems: [{ family: "chain", level: "2-3", count: 2 }],
  generator: "pico",
  plans: [{ strategy: "beam", params: { n: [4, 16], width: 4 } }],
};

describe("readExperiment", () => {
  it("reads YAML, JSON and modules alike", async () => {
    const yaml = `name: test
problems: [{ family: chain, level: 2-3, count: 2 }]
generator: pico
plans:
  - { strategy: beam, params: { n: [4, 16], width: 4 } }`;
    expect(await readExperiment(write("a.yaml", yaml))).toEqual(GOOD);
    expect(await readExperiment(write("a.json", JSON.stringify(GOOD)))).toEqual(GOOD);
    expect(await readExperiment(write("a.ts", `export default ${JSON.stringify(GOOD)} as const;`))).toEqual(
      GOOD,
    );
  });

  it("runs nothing of YAML or JSON", async () => {
    const tags = "name: !!js/function 'function () { process.exit(9); }'\nplans: !!js/eval 'process.exit(9)'";
    await expect(readExperiment(write("b.yaml", tags))).rejects.toThrow(/^The experiment .* is wrong at /);
    await expect(readExperiment(write("b.json", "process.exit(9)"))).rejects.toThrow(
      /^Cannot read the experiment/,
    );
  });

  it("says what is wrong with a file", async () => {
    await expect(readExperiment(join(folder, "none.yaml"))).rejects.toThrow(
      /none\.yaml: there is no such file\.$/,
    );
    await expect(readExperiment(write("c.txt", ""))).rejects.toThrow(/must end in \.ts, \.js, \.mjs, \.yaml/);
    await expect(readExperiment(write("c.yaml", "name: [a"))).rejects.toThrow(
      /^Cannot read the experiment .*c\.yaml: /,
    );
    await expect(readExperiment(write("c.ts", "export const a = 1;"))).rejects.toThrow(
      /it has no default export\.$/,
    );
  });
});

describe("parseExperiment", () => {
  it.each([
    [{ ...GOOD, plan: [] }, /is wrong: Unrecognized key: "plan"\.$/],
    [{ ...GOOD, plans: [] }, /is wrong at plans: /],
    [{ ...GOOD, problems: [{ family: "chess", level: 1, count: 1 }] }, /is wrong at problems\.0\.family: /],
    [{ ...GOOD, problems: [{ file: "x", count: 0 }] }, /is wrong at problems\.0\.count: /],
    [{ ...GOOD, plans: [{ strategy: "beam", params: { n: [] } }] }, /is wrong at plans\.0\.params\.n: /],
    [{ ...GOOD, seeds: [1, 1] }, /is wrong at seeds: must not name a seed twice\.$/],
    [{ ...GOOD, name: "a/b" }, /is wrong at name: must not hold a slash/],
    [{ ...GOOD, budget: { tokens: -1 } }, /is wrong at budget\.tokens: /],
    [{ ...GOOD, budget: { tokens: 0.5 } }, /not a whole number of tokens/],
    [null, /is wrong: /],
  ])("refuses %j", async (value, message) => {
    await expect(parseExperiment(value, "x.yaml")).rejects.toThrow(message);
  });
});

describe("gridOf", () => {
  const named = (plans: readonly object[]) => gridOf({ ...GOOD, plans: plans as never, maxTokens: 99 });

  it("takes every combination of lists, the largest N first", () => {
    const grid = named([
      { strategy: "majority", params: { n: [2, 8], temperature: [0.5, 1] }, label: "vote" },
      { strategy: "greedy" },
    ]);
    expect(grid.map(({ name }) => name)).toEqual([
      "vote n=8 temperature=0.5",
      "vote n=8 temperature=1",
      "vote n=2 temperature=0.5",
      "vote n=2 temperature=1",
      "greedy",
    ]);
    expect(grid[0]).toMatchObject({
      label: "vote",
      generator: "pico",
      plan: { strategy: "majority", params: { n: 8, temperature: 0.5, maxTokens: 99 } },
    });
    expect([...choosePlans(grid, ["greedy", "vote n=2 temperature=1"])].map(({ name }) => name)).toEqual([
      "vote n=2 temperature=1",
      "greedy",
    ]);
    expect(() => choosePlans(grid, ["other"])).toThrow(
      'No plan is called "other": the experiment has vote; greedy.',
    );
  });

  it.each([
    [[{ strategy: "chess" }], /^The plan "chess" has the unknown strategy "chess": use greedy, /],
    [
      [{ strategy: "beam", params: { n: [2] } }],
      /^The plan "beam n=2" does not work: width \(4\) must be at most/,
    ],
    [[{ strategy: "greedy", params: { depth: 3 } }], /does not work: greedy has no parameter "depth"/],
    [[{ strategy: "greedy" }, { strategy: "greedy" }], /^Two plans are called "greedy": give each a label/],
  ])("names the plan that does not work: %j", (plans, message) => {
    expect(() => named(plans)).toThrow(message);
  });
});

describe("problems of an experiment", () => {
  const ids = async (...args: Parameters<typeof problemsOf>) => {
    const found: string[] = [];
    for await (const { id } of problemsOf(...args)) found.push(id);
    return found;
  };

  it("come by levels in turn, then from files", async () => {
    write("two.jsonl", '{"id":"a","prompt":"A?","answer":"1"}\n\n{"question":"B?","answer":"so\\n#### 2"}\n');
    const sources = [
      { family: "chain", level: "2-3", count: 2, seed: 5 },
      { file: "two.jsonl" },
      { family: "countdown", level: 1, count: 1 },
    ];
    expect(await ids(sources, folder)).toEqual([
      "chain-2-test-5-0",
      "chain-3-test-5-0",
      "chain-2-test-5-1",
      "chain-3-test-5-1",
      "a",
      "3",
      "countdown-1-test-1-0",
    ]);
    expect((await survey(sources, folder)).map(({ id }) => id)).toEqual([
      "chain-2-test-5-0",
      "a",
      "countdown-1-test-1-0",
    ]);
    expect(await ids([{ file: "two.jsonl", first: 2 }], folder)).toEqual(["3"]);
    expect(await ids([{ file: "two.jsonl", count: 1 }], folder)).toEqual(["a"]);
  });

  it.each([
    ['{"prompt":"A?"}', 'Line 1 of x.jsonl has no "answer": add it, or leave the line out.'],
    ['{"prompt":"A?","answer":1}\n{', "Line 2 of x.jsonl is wrong: it is not JSON."],
    [
      '{"prompt":"A?","answer":1}\n{"prompt":"B?","answer":"blue"}',
      "The answer in line 2 of x.jsonl is other text, that in line 1 a number: put them into two files.",
    ],
    ["", "There is no problem in x.jsonl, or none from line 1 on."],
  ])("are refused with their line: %s", async (text, message) => {
    write("x.jsonl", text);
    await expect(survey([{ file: "x.jsonl" }], folder)).rejects.toThrow(message);
  });

  it("may be text that is sometimes a number, and need no answer where a rule grades them", async () => {
    write("math.jsonl", '{"prompt":"A?","answer":"1,000"}\n{"prompt":"B?","answer":"\\\\frac{1}{2}"}');
    write("rule.jsonl", '{"prompt":"Use 3, 5, 7 and 12 with + - * / to make 24. Use every number once."}');
    expect(await survey([{ file: "math.jsonl" }, { file: "rule.jsonl" }], folder)).toHaveLength(2);
  });

  it("must not be there twice, and must exist", async () => {
    const chain = { family: "chain", level: "1-3", count: 1 };
    await expect(survey([chain, { ...chain, level: 3 }], folder)).rejects.toThrow(
      /^Two sources hold the same/,
    );
    await expect(
      survey(
        [
          { file: "two.jsonl", count: 1 },
          { file: "./two.jsonl", first: 1 },
        ],
        folder,
      ),
    ).rejects.toThrow(/^Two sources hold the same/);
    await expect(survey([{ ...chain, level: "3-1" }], folder)).rejects.toThrow(
      /^Level "3-1" of chain must be/,
    );
    await expect(survey([{ file: "none.jsonl" }], folder)).rejects.toThrow(
      /none\.jsonl: there is no such file\.$/,
    );
  });
});
