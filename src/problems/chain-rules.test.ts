import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chainAnswer, chainPath, chainStepValidity, parseChain } from "./chain-rules.ts";
import { generateProblems } from "./index.ts";

const STORY =
  "Eva has 4 fewer pens than Mia. Kim has 7 pens. Mia has 9 more pens than Tom. Leo has twice as many pens as Mia. " +
  "Tom has 16 pens. Ben has 3 times as many pens as Eva. How many pens does Ben have?";
const SOLUTION = [
  "Mia: 9 more than Tom, 16+9=25",
  "Eva: 4 fewer than Mia, 25-4=21",
  "Ben: 3 times Eva, 21*3=63",
  "#### 63",
];

describe("parseChain", () => {
  it("reads who has what, in every word order", () => {
    const facts = parseChain(STORY)!;
    expect(facts.people).toEqual(["Eva", "Kim", "Mia", "Leo", "Tom", "Ben"]);
    expect([...facts.amounts]).toEqual([
      ["Kim", 7],
      ["Tom", 16],
    ]);
    expect(facts.relations.get("Leo")).toEqual({ op: "times", k: 2, from: "Mia" });
    expect(chainPath(facts)).toEqual(["Mia", "Eva", "Ben"]);
    expect(chainAnswer(facts)).toBe(63);
    const other =
      "Compared with Tom, Mia found 9 more shells. Tom found 16 shells. Eva found 4 shells fewer than Mia. " +
      "Ben found 3 times as many shells as Eva found. Compared with Ben, Ida found twice as many shells. How many shells did Ida find?";
    expect(chainAnswer(parseChain(other)!)).toBe(126);
  });

  it("answers a question about a stated amount", () => {
    expect(chainAnswer(parseChain("Tom has 16 pens. How many pens does Tom have?")!)).toBe(16);
  });

  it.each([
    ["other text", "What is 2 + 2?"],
    ["nothing", ""],
    ["a sentence that is no fact", "Tom is tall. Tom has 16 pens. How many pens does Tom have?"],
    ["a person defined twice", "Tom has 16 pens. Tom has 2 pens. How many pens does Tom have?"],
    ["an unknown person", "Tom has 16 pens. How many pens does Eva have?"],
    ["an unknown root", "Mia has 9 more pens than Eva. How many pens does Mia have?"],
    ["a circle", "Mia has 9 more pens than Eva. Eva has 9 fewer pens than Mia. How many pens does Mia have?"],
    ["two things", "Tom has 16 pens. How many books does Tom have?"],
    ["two verbs", "Tom sold 16 pens. How many pens does Tom have?"],
  ])("gives undefined for %s", (_, prompt) => {
    expect(parseChain(prompt)).toBeUndefined();
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.string(), (text) => parseChain(text) === undefined));
  });
});

describe("chainStepValidity", () => {
  it("accepts the reference solution, its prefixes and empty lines", () => {
    expect(chainStepValidity(STORY, SOLUTION)).toEqual([true, true, true, true]);
    expect(chainStepValidity(STORY, SOLUTION.slice(0, 2))).toEqual([true, true]);
    expect(chainStepValidity(STORY, [SOLUTION[0]!, "", ...SOLUTION.slice(1)])).not.toContain(false);
    expect(chainStepValidity(STORY, [])).toEqual([]);
  });

  it.each([
    ["wrong arithmetic", "Eva: 4 fewer than Mia, 25-4=22"],
    ["an operand of another step", "Eva: 9 fewer than Mia, 25-9=16"],
    ["another relation", "Eva: 4 more than Mia, 25+4=29"],
    ["a sign that is not the relation's", "Eva: 4 fewer than Mia, 25+4=29"],
    ["another person's amount", "Eva: 4 fewer than Mia, 16-4=12"],
    ["another person", "Eva: 4 fewer than Tom, 16-4=12"],
    ["an amount that is not known yet", "Ben: 3 times Eva, 21*3=63"],
    ["a person off the path", "Leo: 2 times Mia, 25*2=50"],
    ["a person who does not exist", "Max: 2 times Mia, 25*2=50"],
    ["a repeated step", "Mia: 9 more than Tom, 16+9=25"],
    ["a wrong answer", "#### 25"],
    ["no step at all", "so Eva has 21"],
  ])("marks %s and everything after it", (_, line) => {
    expect(chainStepValidity(STORY, [SOLUTION[0]!, line, ...SOLUTION.slice(1)])).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it("lets nothing follow the answer", () => {
    expect(chainStepValidity(STORY, [...SOLUTION, "#### 63"]).at(-1)).toBe(false);
  });

  it("finds the line of a changed number in any generated solution", () => {
    const cases = fc.tuple(
      fc.integer({ min: 0, max: 1e6 }),
      fc.integer({ min: 1, max: 8 }),
      fc.nat(),
      fc.integer({ min: 1, max: 9 }),
    );
    fc.assert(
      fc.property(cases, ([seed, level, where, off]) => {
        const [problem] = generateProblems({ family: "chain", level, count: 1, seed, solutions: true });
        const lines = problem!.solution!.split("\n");
        const at = where % lines.length;
        const broken = lines.map((line, index) =>
          index === at ? line.replace(/\d+$/, (value) => String(Number(value) + off)) : line,
        );
        expect(chainStepValidity(problem!.prompt, broken)).toEqual(lines.map((_, index) => index < at));
        const missing = lines.filter((_, index) => index !== at);
        if (at < lines.length - 2) expect(chainStepValidity(problem!.prompt, missing)[at]).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it("refuses other prompts", () => {
    expect(() => chainStepValidity("What is 2 + 2?", ["4"])).toThrow(RangeError);
  });
});
