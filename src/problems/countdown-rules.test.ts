import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COUNTDOWN_LIMIT } from "./countdown.ts";
import {
  checkCountdown,
  countdownExpression,
  countdownStepValidity,
  parseCountdown,
  reachable,
  solveCountdown,
} from "./countdown-rules.ts";
import { generateProblems } from "./index.ts";

const PROMPT = "Use 3, 5, 7 and 12 with + - * / to make 24. Use every number once.";
const STEPS = ["12 / 3 = 4 (left: 4 5 7)", "7 + 5 = 12 (left: 4 12)"];

/** All results, by plain recursion over pairs. */
function bruteForce(numbers: number[], found = new Set<number>()): Set<number> {
  if (numbers.length === 1) return found.add(numbers[0]!);
  for (let i = 0; i < numbers.length; i += 1) {
    for (let j = 0; j < numbers.length; j += 1) {
      if (i === j) continue;
      const [a, b] = [numbers[i]!, numbers[j]!];
      const rest = numbers.filter((_, index) => index !== i && index !== j);
      for (const value of [a + b, a - b, a * b, a / b]) {
        if (value > 0 && value <= COUNTDOWN_LIMIT && Number.isInteger(value))
          bruteForce([...rest, value], found);
      }
    }
  }
  return found;
}

describe("parseCountdown", () => {
  it.each([
    PROMPT,
    "Make 24 from 3 5 7 12 with + - * /. Each number is used once.",
    "The numbers are 3, 5, 7 and 12. Reach 24 with + - * /. Every number must be used exactly once.",
    " Use 3 5 7 12 with + - * / to make 24. ",
  ])("reads %s", (prompt) => {
    expect(parseCountdown(prompt)).toEqual({ numbers: [3, 5, 7, 12], target: 24 });
  });

  it.each([
    "",
    "What is 2 + 2?",
    "Use 3 with + - * / to make 24.",
    "Use 3, 0 and 5 with + - * / to make 24.",
    "Use 3, 4 and 5 with + - * / to make 200.",
    "Use 1 2 3 4 5 6 7 with + - * / to make 24.",
    `${PROMPT} And then something else?\nIgnore it.`,
  ])("gives undefined for %j", (prompt) => {
    expect(parseCountdown(prompt)).toBeUndefined();
  });
});

describe("reachable", () => {
  it("agrees with plain recursion", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 2, maxLength: 4 }), (numbers) => {
        const truth = bruteForce(numbers);
        for (let target = 1; target <= COUNTDOWN_LIMIT; target += 1)
          expect(reachable(numbers, target)).toBe(truth.has(target));
      }),
      { numRuns: 40 },
    );
  });

  it("knows a game that needs fractions, the single number and nothing", () => {
    expect(reachable([3, 3, 8, 8], 24)).toBe(false);
    expect(reachable([24], 24)).toBe(true);
    expect(reachable([], 24)).toBe(false);
  });
});

describe("solveCountdown", () => {
  it("gives valid steps exactly when the target is reachable", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 13 }), { minLength: 2, maxLength: 5 }),
        fc.integer({ min: 1, max: 199 }),
        (numbers, target) => {
          const lines = solveCountdown(numbers, target);
          expect(lines !== undefined).toBe(reachable(numbers, target));
          if (lines === undefined) return;
          const prompt = `Use ${numbers.join(" ")} with + - * / to make ${target}.`;
          expect(countdownStepValidity(prompt, lines)).not.toContain(false);
          expect(checkCountdown(numbers, target, countdownExpression(prompt, lines)!)).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("countdownStepValidity", () => {
  const prompt = "Use 3, 5, 7 and 12 with + - * / to make 16. Use every number once.";

  it("accepts steps that are legal and keep the target in reach", () => {
    const lines = [...STEPS, "12 + 4 = 16 (left: 16)", "#### 16"];
    expect(countdownStepValidity(prompt, lines)).toEqual([true, true, true, true]);
    expect(countdownStepValidity(prompt, ["12 / 3 = 4 (left: 7 4 5)"])).toEqual([true]);
  });

  it.each([
    ["false arithmetic", "7 + 5 = 13 (left: 4 13)"],
    ["a number that is not there", "12 + 5 = 17 (left: 4 7 17)"],
    ["a number used twice", "7 + 7 = 14 (left: 4 5 14)"],
    ["a wrong list", "7 + 5 = 12 (left: 4 7 12)"],
    ["a list that lacks a number", "7 + 5 = 12 (left: 12)"],
    ["zero or less", "4 - 5 = -1 (left: -1 7)"],
    ["a fraction", "7 / 5 = 1 (left: 1 4)"],
    ["a target out of reach", "7 * 5 = 35 (left: 4 35)"],
    ["an early answer", "#### 16"],
    ["no step at all", "7 plus 5 is 12"],
  ])("marks %s and everything after it", (_, line) => {
    expect(countdownStepValidity(prompt, [STEPS[0]!, line, "12 + 4 = 16 (left: 16)", "#### 16"])).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it("needs the stated number to be the target, and lets nothing follow it", () => {
    const lines = [...STEPS, "12 + 4 = 16 (left: 16)"];
    expect(countdownStepValidity(prompt, [...lines, "#### 17"])).toEqual([true, true, true, false]);
    expect(countdownStepValidity(prompt, [...lines, "#### 16", "#### 16"])).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  it("marks results above the limit", () => {
    expect(
      countdownStepValidity("Use 25 10 2 with + - * / to make 125.", ["25 * 10 = 250 (left: 2 250)"]),
    ).toEqual([false]);
  });

  it("finds the line of a changed result in any generated solution", () => {
    const cases = fc.tuple(
      fc.integer({ min: 0, max: 1e6 }),
      fc.integer({ min: 1, max: 6 }),
      fc.nat(),
      fc.integer({ min: 1, max: 9 }),
    );
    fc.assert(
      fc.property(cases, ([seed, level, where, off]) => {
        const [problem] = generateProblems({ family: "countdown", level, count: 1, seed, solutions: true });
        const lines = problem!.solution!.split("\n");
        const at = where % lines.length;
        const change = (line: string) =>
          line.replace(/(= |#### )(\d+)/, (_, mark: string, value: string) => mark + (Number(value) + off));
        const broken = lines.map((line, index) => (index === at ? change(line) : line));
        expect(countdownStepValidity(problem!.prompt, broken)).toEqual(lines.map((_, index) => index < at));
      }),
      { numRuns: 200 },
    );
  });

  it("refuses other prompts", () => {
    expect(() => countdownStepValidity("What is 2 + 2?", ["4"])).toThrow(RangeError);
  });
});

describe("countdownExpression", () => {
  it("composes the steps with brackets where they are needed", () => {
    const compose = (...lines: string[]) => countdownExpression("Use 2 3 4 5 with + - * / to make 9.", lines);
    expect(compose("5 - 3 = 2", "4 - 2 = 2")).toBe("4-(5-3)");
    expect(compose("5 + 4 = 9", "9 * 3 = 27", "27 / 2 = 13")).toBe("(5+4)*3/2");
    expect(compose("4 * 3 = 12 (left: 2 5 12)", "12 / 2 = 6 (left: 5 6)", "#### 6")).toBe("4*3/2");
    expect(compose("4 / 2 = 2", "3 * 2 = 6")).toBe("3*(4/2)");
    expect(compose("3 * 2 = 6", "4 / 6 = 1")).toBe("4/(3*2)");
  });

  it("does not repair false arithmetic", () => {
    const prompt = "Use 3, 5, 7 and 12 with + - * / to make 24. Use every number once.";
    const lines = ["12 - 5 = 8 (left: 3 7 8)", "8 * 3 = 24 (left: 7 24)"];
    expect(countdownExpression(prompt, lines)).toBe("(12-5)*3");
  });

  it("is undefined without a step, with a number that is not there, and for other prompts", () => {
    expect(countdownExpression(PROMPT, ["#### 24"])).toBeUndefined();
    expect(countdownExpression(PROMPT, ["12 - 4 = 8"])).toBeUndefined();
    expect(countdownExpression(PROMPT, ["7 + 7 = 14"])).toBeUndefined();
    expect(countdownExpression("What is 2 + 2?", ["2 + 2 = 4"])).toBeUndefined();
  });
});

describe("checkCountdown", () => {
  it.each([
    [[4, 5, 6, 10], 24, "5*(10-6)+4", true],
    [[4, 5, 6, 10], 24, " 5 × (10 − 6) + 4 ", true],
    [[3, 3, 8, 8], 24, "8/(3-8/3)", true],
    [[1, 2, 3], 2, "1-2+3", true],
    [[4, 5, 6, 10], 24, "4*6", false],
    [[4, 6], 24, "4*6*1", false],
    [[4, 6, 6], 24, "4*6", false],
    [[4, 6], 24, "4*6)", false],
    [[4, 6], 24, "(4*6", false],
    [[4, 6], 24, "4*6;", false],
    [[4, 6], 24, "46", false],
    [[4, 6], 24, "", false],
    [[4, 4, 6], 6, "6/(4-4)", false],
    [[4, 6], 24, `${"(".repeat(5000)}4*6${")".repeat(5000)}`, false],
  ])("%j to %i by %s: %s", (numbers, target, expression, right) => {
    expect(checkCountdown(numbers, target, expression)).toBe(right);
  });
});
