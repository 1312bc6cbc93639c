import { describe, expect, it } from "vitest";
import { summarise, tally } from "./summary.ts";

describe("summarise", () => {
  it("tells accuracy over graded problems only", () => {
    const text = summarise(
      [
        { correct: true, answered: true },
        { correct: false, answered: true },
        { correct: undefined, answered: false },
      ],
      1,
      1234,
    );
    expect(text).toBe(
      "3 problems, 1 without an answer, 1 malformed line\n1 of 2 right: 50.0% (95% interval 9.5 to 90.5)\n0 tokens, 1.2 s\n",
    );
  });
});

describe("the summary of revisions", () => {
  const changes = {
    link: 1,
    revisions: 12,
    changed: 5,
    right: 8,
    rightToWrong: 3,
    wrong: 4,
    wrongToRight: 1,
  };
  it("tells the right answers that turned wrong, over all problems and links", () => {
    const verdict = { correct: true, answered: true };
    const text = summarise(
      [
        { ...verdict, changes: [changes, { ...changes, link: 2 }] },
        { ...verdict, changes: [] },
      ],
      0,
      1000,
    );
    expect(text.split("\n")[2]).toBe(
      "revisions turned 6 of 16 right answers wrong (37.5%), 2 of 8 wrong ones right (25.0%)",
    );
  });
  it("is silent where nothing was revised or judged", () => {
    const unjudged = { ...changes, right: 0, rightToWrong: 0, wrong: 0, wrongToRight: 0 };
    const text = summarise([{ correct: undefined, answered: true, changes: [unjudged] }], 0, 1000);
    expect(text).not.toContain("revisions");
  });
});

describe("tally", () => {
  const verdicts = [
    { correct: true, answered: true },
    { correct: false, answered: true },
  ];
  it("tells how far a run is and how long it still takes", () => {
    expect(tally(verdicts, 3000, 10)).toBe(
      "2 of 10 problems done, 1 of 2 right, 0 tokens, 3.0 s, about 12.0 s left",
    );
    expect(tally(verdicts, 90_000)).toBe("2 problems done, 1 of 2 right, 0 tokens, 1 min 30 s");
  });
});
