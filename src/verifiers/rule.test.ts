import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generateProblems } from "../problems/index.ts";
import type { Problem } from "../types.ts";
import { equationsHold } from "./equations.ts";
import { rule } from "./rule.ts";

const chain: Problem = {
  id: "c",
  prompt:
    "Mia has 9 more pens than Tom. Tom has 16 pens. Eva has twice as many pens as Mia. How many pens does Eva have?",
};
const countdown: Problem = {
  id: "d",
  prompt: "Use 3, 5, 7 and 12 with + - * / to make 24. Use every number once.",
};
const free: Problem = { id: "f", prompt: "What is 6 times 7, plus 1?", answer: "43" };

async function steps(problem: Problem, text: string) {
  const [score] = await rule().score([{ problem, text, position: "0" }]);
  return score!.steps;
}

async function value(problem: Problem, text: string) {
  const [score] = await rule().score([{ problem, text, position: "0" }]);
  return score!.value;
}

describe("rule", () => {
  it("follows a chain solution line by line", async () => {
    const right = "Mia: 9 more than Tom, 16+9=25\nEva: 2 times Mia, 25*2=50\n#### 50";
    expect(await steps(chain, right)).toEqual([1, 1, 1]);
    expect(await steps(chain, right.replace("16+9=25", "16+9=26"))).toEqual([0, 0, 0]);
    expect(await steps(chain, right.replace("25*2=50", "25*2=60"))).toEqual([1, 0, 0]);
    expect(await steps(chain, right.replace("#### 50", "#### 51"))).toEqual([1, 1, 0]);
    expect(await steps(chain, "Mia: 9 more than Tom, 16+9=25\n")).toEqual([1]);
  });

  it("knows when a countdown target is out of reach", async () => {
    expect(await steps(countdown, "7 + 5 = 12 (left: 3 12 12)")).toEqual([1]);
    expect(await steps(countdown, "12 + 7 = 19 (left: 3 5 19)")).toEqual([0]);
    expect(await steps(countdown, "7 + 5 = 13 (left: 3 12 13)")).toEqual([0]);
  });

  it("checks equations and the true answer in free text of a family", async () => {
    expect(await value(chain, "Mia has 16 + 9 = 25 pens.\nEva has 50.\n#### 50")).toBe(1);
    expect(await value(chain, "Mia has 16 + 9 = 25 pens.\nEva has 52.\n#### 52")).toBe(0);
    expect(await value(chain, "#### 50")).toBe(1);
    expect(await value(chain, "#### 51")).toBe(0);
    expect(await value(countdown, "I think \\boxed{12*3-7-5}")).toBe(1);
    expect(await value(countdown, "I think \\boxed{12*(7-5)}")).toBe(0);
  });

  it("checks plain equations elsewhere, and says nothing without one", async () => {
    expect(await steps(free, "6 * 7 = 42\nThen 42 + 1 = 43.\n#### 43")).toEqual([1, 1, 1]);
    expect(await steps(free, "6 * 7 = 43\nThen 43 + 1 = 44.\n#### 44")).toEqual([0, 0, 0]);
    expect(await value(free, "It is 43.")).toBeUndefined();
    expect(await value(free, "")).toBeUndefined();
  });

  it("never reads the reference answer", async () => {
    const wrong = { ...chain, answer: "999" };
    const text = "Mia: 9 more than Tom, 16+9=25\nEva: 2 times Mia, 25*2=50\n#### 50";
    expect(await value(wrong, text)).toBe(1);
    expect(await value(wrong, "16 + 9 = 25, so Eva has 50.\n#### 50")).toBe(1);
    expect(await value(wrong, "16 + 9 = 25, so Eva has 999.\n#### 999")).toBe(0);
  });

  it("gives every reference solution full marks, whatever the aggregation", async () => {
    const families = fc.constantFrom(
      { family: "chain", level: "1-8" },
      { family: "countdown", level: "1-6" },
    );
    await fc.assert(
      fc.asyncProperty(families, fc.nat(1000), async (which, seed) => {
        const [problem] = generateProblems({ ...which, count: 1, seed, solutions: true });
        const text = problem!.solution!;
        for (const aggregation of ["last", "min", "prod", "mean"] as const) {
          const [score] = await rule({ aggregation }).score([{ problem: problem!, text, position: "0" }]);
          expect(score!.value).toBe(1);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("costs nothing and scores a batch in order", async () => {
    const verifier = rule();
    const requests = ["1 + 1 = 2", "1 + 1 = 3"].map((text, at) => ({
      problem: free,
      text,
      position: `${at}`,
    }));
    const seen: number[] = [];
    const scores = await verifier.score(requests, { onScore: (index) => seen.push(index) });
    expect(scores.map((score) => score.value)).toEqual([1, 0]);
    expect(seen).toEqual([0, 1]);
    expect(await verifier.countTokens(requests)).toEqual([
      { input: 0, output: 0 },
      { input: 0, output: 0 },
    ]);
    await verifier.close();
  });
});

describe("equationsHold", () => {
  it.each([
    ["16+9=25", true],
    ["so 3 × 4 = 12 and 12 ÷ 5 = 2.4", true],
    ["10 / 3 = 3.33", true],
    ["10 / 3 = 3.34", false],
    ["10 / 3 = 3", false],
    ["1,200 + 34 = 1,234", true],
    ["0.1 + 0.2 = 0.3", true],
    ["2 + 3 * 4 = 14", undefined],
    ["(2 + 3) * 4 = 20", undefined],
    ["7 - 3 = 2 * 2", undefined],
    ["5 / 0 = 1", false],
    ["x = 16 - 9 = 7", true],
    ["-3 + 5 = 2", true],
    ["5 - 8 = -3", true],
    ["no equation, 5 = 5", undefined],
    ["20 * 5 = 100%", undefined],
  ])("%s: %s", (line, held) => {
    expect(equationsHold(line)).toBe(held);
  });
});
