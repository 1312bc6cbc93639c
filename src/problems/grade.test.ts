import { describe, expect, it } from "vitest";
import { gameOf24 } from "./game24.ts";
import { gradeProblem } from "./grade.ts";

const chain = {
  prompt: "Tom has 16 pens. Mia has 9 more pens than Tom. How many pens does Mia have?",
  answer: "25",
};
const countdown = { prompt: "Use 4, 5, 6 and 10 with + - * / to make 24. Use every number once." };

describe("gradeProblem", () => {
  it.each([
    ["Mia: 9 more than Tom, 16+9=25\n#### 25", true],
    ["#### 25", true],
    ["####25 pens", true],
    ["#### 24\n#### 25", true],
    ["#### 25\n#### 24", false],
    ["#### 250", false],
    ["#### ", false],
    ["25", false],
    ["", false],
  ])("chain %j: %s", (completion, right) => {
    expect(gradeProblem(chain, completion)).toBe(right);
    expect(gradeProblem({ prompt: chain.prompt }, completion)).toBe(right);
  });

  it.each([
    ["10 - 6 = 4 (left: 4 4 5)\n5 * 4 = 20 (left: 4 20)\n20 + 4 = 24 (left: 24)\n#### 24", true],
    ["10 - 6 = 4 (left: 4 4 5)\n5 * 4 = 20 (left: 4 20)\n20 + 4 = 24 (left: 24)", true],
    ["#### 5*(10-6)+4", true],
    ["10 - 6 = 4 (left: 4 4 5)\n5 * 4 = 24 (left: 4 24)\n#### 24", false],
    ["10 - 5 = 6 (left: 4 6 6)\n6 * 4 = 24 (left: 6 24)\n24 * 6 = 24 (left: 24)\n#### 24", false],
    ["6 * 4 = 24 (left: 5 10 24)\n#### 24", false],
    ["#### 24", false],
    ["", false],
  ])("countdown %j: %s", (completion, right) => {
    expect(gradeProblem(countdown, completion)).toBe(right);
  });

  it("refuses other prompts", () => {
    expect(() => gradeProblem({ prompt: "What is 2 + 2?", answer: "4" }, "#### 4")).toThrow(/no rule/);
  });
});

describe("gameOf24", () => {
  it("gives undefined where natural numbers do not suffice and refuses other numbers", () => {
    expect(gameOf24([3, 3, 8, 8])).toBeUndefined();
    expect(gameOf24([4, 5, 6, 10])?.answer).toBe("5*(10-6)+4");
    expect(() => gameOf24([4, 5, 6])).toThrow(RangeError);
    expect(() => gameOf24([4, 5, 6, 14])).toThrow(RangeError);
  });
});
