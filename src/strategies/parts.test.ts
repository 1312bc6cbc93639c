import { expect, test } from "vitest";
import { combining, parseParts, solving, splitting } from "./parts.ts";

const PARTS = ["How many pens do the boxes hold?", "How many are left?"];

test.each([
  ["numbers", "1. How many pens do the boxes hold?\n2. How many are left?"],
  ["numbers in brackets", "(1) How many pens do the boxes hold?\n 2) How many are left?"],
  [
    "bullets and bold type",
    "Of course:\n\n- **How many pens do the boxes hold?**\n* How many are left?\nDone.",
  ],
  ["bold numbers", "**1.** How many pens do the boxes hold?\n\n**2.** How many are left?"],
  ["names", "Part 1: How many pens do the boxes hold?\nSub-problem 2: How many are left?"],
  ["JSON", '```json\n["How many pens do the boxes hold?", "How many are left?"]\n```'],
  ["copies", "1. How many pens do the boxes hold?\n2. How many are left?\n3. How many are  left?"],
  [
    "thoughts before it",
    "<think>\n1. What?\n</think>\n1. How many pens do the boxes hold?\n2. How many are left?",
  ],
])("parts are read from a list of %s", (_, text) => {
  expect(parseParts(text)).toEqual(PARTS);
});

test.each([
  ["prose", "I would multiply first. 12 - 2 is then 10."],
  ["nothing", ""],
  ["broken JSON", '["How many'],
  ["an essay", `1. ${"word ".repeat(300)}`],
  ["an answer", "3 * 4 = 12\n#### 10"],
])("%s is no list of parts", (_, text) => {
  expect(parseParts(text)).toEqual([]);
});

test("prompts hold the problem, what was answered, and the part", () => {
  const known = [{ text: PARTS[0]!, answer: "12" }];
  const task = { whole: "3 boxes hold 4 pens each.", known, part: PARTS[1]! };
  expect(solving(task, true)[1]!.content).toMatchInlineSnapshot(`
    "Problem:
    3 boxes hold 4 pens each.

    Answered already:
    1. How many pens do the boxes hold?
    Answer: 12

    This part of it is asked now:
    How many are left?

    Think step by step, and end with a line "#### " and the answer alone. If you cannot answer it at once, end with "#### too hard" instead; then it is split."
  `);
  expect(splitting({ whole: task.whole, known: [] }, 4)[1]!.content).toMatchInlineSnapshot(`
    "Problem:
    3 boxes hold 4 pens each.

    Split the problem into at most 4 smaller problems, in the order in which they must be solved, so that each needs only the problem and earlier answers, and together they lead to its answer. Do not solve them.

    Write one to a line, numbered "1.", "2." and so on, and nothing else. If it is simple enough to be answered at once, write it unchanged as "1." alone."
  `);
  expect(combining({ whole: task.whole, known })[1]!.content).toMatchInlineSnapshot(`
    "Problem:
    3 boxes hold 4 pens each.

    Answered already:
    1. How many pens do the boxes hold?
    Answer: 12

    Use the answers above to answer the problem. Think step by step, and end with a line "#### " and the answer alone."
  `);
});
