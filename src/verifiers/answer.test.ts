import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generateProblems, gradeProblem } from "../problems/index.ts";
import type { Problem } from "../types.ts";
import {
  answerClasses,
  equivalent,
  extractAnswer,
  hasFinalAnswer,
  isCorrect,
  isCorrectAnswer,
  normaliseAnswer,
} from "./answer.ts";

const table = JSON.parse(readFileSync(new URL("../../test/answers.json", import.meta.url), "utf8")) as [
  string,
  string,
  boolean,
][];
const question: Problem = { id: "q", prompt: "What is 6 times 7?" };
const countdown: Problem = {
  id: "c",
  prompt: "Use 3, 5, 7 and 12 with + - * / to make 24. Use every number once.",
};

/** Pieces of answers, put together at random. */
const piece = fc.constantFrom(
  ..."\\frac \\sqrt { } ( ) [ ] ^ _ ! + - * / = , ; 1 2 9 99 x y i e \\pi \\sin \\log | \\{ \\} \\cup % $ . \\\\".split(
    " ",
  ),
  ..."\\text \\boxed #### \n is answer the and or \\pm ^\\circ \\overline \\begin{pmatrix} & cm : ' ½ √ ²".split(
    " ",
  ),
  " ",
);
const hostile = fc.array(piece, { minLength: 1, maxLength: 40 }).map((pieces) => pieces.join(""));

describe("equivalent", () => {
  it("has a table of at least 60 pairs", () => expect(table.length).toBeGreaterThanOrEqual(60));

  it.each(table)("%s | %s: %s", (a, b, equal) => {
    expect(equivalent(a, b)).toBe(equal);
    expect(equivalent(b, a)).toBe(equal);
    if (a !== b) expect(answerClasses([a, b])).toEqual([0, equal ? 0 : 1]);
    if (equal) expect(isCorrectAnswer({ ...question, answer: b }, a)).toBe(true);
  });

  it("is reflexive and symmetric and never throws, whatever the text", () => {
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        expect(equivalent(a, a)).toBe(a.trim() !== "");
        expect(equivalent(a, b)).toBe(equivalent(b, a));
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ["9^9^9^9", "9^{9^{9^{9}}}+1"],
    ["99999999999999999999!", "1"],
    ["(".repeat(400), ")".repeat(400)],
    ["|".repeat(400), "|x|".repeat(100)],
    ["\\frac{".repeat(80), "1"],
    ["\\sqrt [ [ ".repeat(60), "1"],
    ["\\lim_{x\\to".repeat(25), "0"],
    ["-".repeat(500), "1"],
    ["1,".repeat(450), "2,".repeat(450)],
    ["x".repeat(100_000), "y".repeat(100_000)],
    ["1".repeat(900), `${"1".repeat(899)}2`],
    ["1e999", "1e998"],
    ["0.(".repeat(300), "1"],
    [`${"\\sqrt{".repeat(60)}2${"}".repeat(60)}`, "1"],
    ["a^".repeat(140), "b^".repeat(140)],
  ])("decides hostile text: %.20s", (a, b) => {
    expect(equivalent(a, b)).toBe(false);
  });

  it("finds every rational number equal to its other spellings", () => {
    fc.assert(
      fc.property(fc.integer({ min: -5000, max: 5000 }), fc.integer({ min: 1, max: 400 }), (top, bottom) => {
        const spellings = [`${top}/${bottom}`, `\\frac{${top * 3}}{${bottom * 3}}`, `$${-top}/-${bottom}$`];
        for (const spelling of spellings) expect(equivalent(spelling, `${top}/${bottom}`)).toBe(true);
        expect(equivalent(`${top + 1}/${bottom}`, `${top}/${bottom}`)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

describe("normaliseAnswer", () => {
  it("is idempotent and keeps what the answer says", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const form = normaliseAnswer(text);
        expect(normaliseAnswer(form)).toBe(form);
        if (form !== "") expect(equivalent(text, form)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ["$\\frac{2}{4}$", "0.5"],
    ["1,234.50", "1234.5"],
    ["2/6", "1/3"],
    ["-3 1/2.", "-3.5"],
    ["5\\text{ cm}", "5 cm"],
    ["\\left( 1 , 2 \\right)", "(1,2)"],
  ])("%s becomes %s", (text, form) => expect(normaliseAnswer(text)).toBe(form));
});

describe("answerClasses", () => {
  it("groups by meaning and names each class by its first answer", () => {
    expect(answerClasses(["1/2", "3", "0.5", "\\frac{1}{2}", "3.0", "x"])).toEqual([0, 1, 0, 0, 1, 5]);
    expect(answerClasses([])).toEqual([]);
  });

  it("gives the same classes in any order, even where a missing unit fits several", () => {
    const answers = ["5 cm", "7", "5 m", "5", "50%", "0.5", "1/2", "7.0", "5"];
    const groups = (given: readonly string[]) => {
      const classes = answerClasses(given);
      const sets = new Map<number, string[]>();
      for (const [index, name] of classes.entries())
        sets.set(name, [...(sets.get(name) ?? []), given[index]!]);
      return [...sets.values()].map((set) => set.sort().join(" | ")).sort();
    };
    const shuffled = fc.shuffledSubarray(answers, { minLength: answers.length });
    fc.assert(
      fc.property(shuffled, (given) => {
        expect(groups(given)).toEqual(groups(answers));
      }),
      { numRuns: 50 },
    );
  });
});

describe("extractAnswer", () => {
  it.each<[string, string | undefined]>([
    ["6 * 7 = 42\n#### 42", "42"],
    ["#### 41\n#### 42\n", "42"],
    ["####42", "42"],
    ["#### \\$1,200", "\\$1,200"],
    ["#### ", undefined],
    ["#### Step 2: add\nWe get \\boxed{42}", "42"],
    ["\\boxed{41}\n#### 42", "42"],
    ["\\boxed{\\frac{1}{2}} and then \\boxed{x", "\\frac{1}{2}"],
    ["\\boxed{\\{1,2\\}}", "\\{1,2\\}"],
    ["The answer is 42.", "42"],
    ["The answer is $42$.", "42"],
    ["The answer is 42!", "42"],
    ["The answer is 3.14.", "3.14"],
    ["The answer is 42 because 6*7 is 42.", "42"],
    ["The answer is that Tom has exactly 42 apples left over.", "42"],
    ["the answer is (B).", "(B)"],
    ["**Final Answer:** 42", "42"],
    ["Final answer: **42**", "42"],
    ["The answer is:\n\n42", "42"],
    ["The answer is not known.", undefined],
    ["So Eva has 63 pens.", "63"],
    ["6 * 7 = 42", "42"],
    ["6 * 7 = 42.", "42"],
    ["42", "42"],
    ["B", "B"],
    ["Tom has 16", undefined],
    ["It is 5 or 6.", undefined],
    ["We get 42 apples and 3 pears.", undefined],
    ["1. first\n2. second", undefined],
    ["<think>#### 5", undefined],
    ["<think>#### 5</think>\n#### 6", "6"],
    ["", undefined],
  ])("%j: %j", (text, answer) => expect(extractAnswer(question, text)).toBe(answer));

  it("takes only marked answers of chain problems, where every step ends on a number", () => {
    const chain: Problem = {
      id: "k",
      prompt: "Tom has 16 pens. Mia has 9 more pens than Tom. How many pens does Mia have?",
    };
    expect(extractAnswer(chain, "Mia: 9 more than Tom, 16+9=25\n")).toBeUndefined();
    expect(extractAnswer(chain, "Mia: 9 more than Tom, 16+9=25\n#### 25")).toBe("25");
    expect(isCorrect(chain, "#### 25")).toBe(true);
    expect(isCorrect(chain, "#### 26")).toBe(false);
  });

  it("composes a countdown answer, the same for every order of the same game", () => {
    const one = "12 * 3 = 36 (left: 5 7 36)\n36 - 7 = 29 (left: 5 29)\n29 - 5 = 24 (left: 24)\n#### 24";
    const other = "7 + 5 = 12 (left: 3 12 12)\n12 * 3 = 36 (left: 12 36)\n36 - 12 = 24 (left: 24)\n#### 24";
    expect(extractAnswer(countdown, one)).toBe("3*12-7-5".replace("3*12", "12*3"));
    expect(extractAnswer(countdown, one)).toBe(extractAnswer(countdown, "The answer is 12*3-(5+7)."));
    expect(isCorrect(countdown, one)).toBe(true);
    expect(isCorrect(countdown, other)).toBe(gradeProblem({ ...countdown, answer: "" }, other));
    expect(extractAnswer(countdown, "12 - 5 = 7 (left: 3 7 7)\n")).toBeUndefined();
    expect(extractAnswer(countdown, "1 + 1 = 2 (left: 2)\n#### 24")).toBeUndefined();
    expect(extractAnswer(countdown, "#### 24")).toBeUndefined();
    expect(isCorrect(countdown, "\\boxed{12\\times3-7-5 = 24}")).toBe(true);
  });

  it("agrees with the exact grade on solutions of both families, right and corrupted", () => {
    const families = fc.constantFrom(
      { family: "chain", level: "1-8" },
      { family: "countdown", level: "1-6" },
    );
    fc.assert(
      fc.property(families, fc.nat(500), fc.nat(), fc.nat(9), (which, seed, place, digit) => {
        const [problem] = [...generateProblems({ ...which, count: 1, seed, solutions: true })];
        const { solution = "", ...asked } = problem!;
        expect(isCorrect(asked, solution)).toBe(true);
        const digits = [...solution.matchAll(/\d/g)].map((match) => match.index);
        const at = digits[place % digits.length]!;
        const corrupted = solution.slice(0, at) + digit + solution.slice(at + 1);
        expect(isCorrect(asked, corrupted)).toBe(
          gradeProblem({ ...asked, answer: asked.answer! }, corrupted),
        );
      }),
      { numRuns: 200 },
    );
  });

  it("never throws and gives no empty answer, whatever the text", () => {
    const { answer: _none, ...bare } = { ...question, answer: "" };
    fc.assert(
      fc.property(fc.oneof(hostile, fc.string()), fc.constantFrom(bare, countdown), (text, problem) => {
        const answer = extractAnswer(problem, text);
        if (answer !== undefined) expect(answer.trim()).not.toBe("");
        if (hasFinalAnswer(text) && problem === bare) expect(answer).toBeDefined();
        expect(isCorrect(problem, text)).toBe(problem === bare ? undefined : isCorrect(problem, text));
      }),
      { numRuns: 300 },
    );
  });
});
