import { describe, expect, it } from "vitest";
import type { TraceEvent } from "../types.ts";
import { begin, follow, frame, leader, plainLine } from "./progress.ts";

function proposed(id: string, answer?: string): TraceEvent {
  return {
    type: "proposed",
    id,
    text: "",
    outputTokens: 10,
    complete: true,
    ...(answer === undefined ? {} : { answer }),
  };
}

const events: TraceEvent[] = [
  proposed("0", "63"),
  proposed("1", "62"),
  proposed("2", "62"),
  proposed("3"),
  proposed("0", "63"),
  { type: "scored", id: "0", score: 0.9 },
  { type: "scored", id: "1", score: 0.25 },
  { type: "scored", id: "2", score: undefined },
  { type: "pruned", id: "4", reason: "score" },
  { type: "lost", id: "5", reason: "timeout", outputTokens: 0 },
];
const progress = events.reduce(follow, begin("weighted-best-of-n", 16));

describe("progress", () => {
  it("counts candidates, votes and scores", () => {
    expect(progress).toMatchObject({ completed: 4, pruned: 1, lost: 1 });
    expect(leader(progress)).toEqual({ answer: "63", votes: 1, score: 0.9 });
    expect(leader(events.slice(0, 5).reduce(follow, begin("majority", 16)))).toEqual({
      answer: "62",
      votes: 2,
      score: 0,
    });
  });

  it("draws one region without control codes, never wider than the terminal", () => {
    const rows = frame(progress, { tokens: 4210, flops: 2e9, ms: 1500 }, { tokens: 20_000, ms: 5000 }, 90);
    expect(`\n${rows.join("\n")}\n`).toMatchInlineSnapshot(`
      "
      weighted-best-of-n  █████░░░░░░░░░░░░░░░ 4/16 candidates, 1 pruned, 1 lost
      leading: 63 (1 vote, score 0.90)
      used: 4,210 tokens (21% of the budget), 2.00e+9 FLOPs
      time: 1.5 s of at most 5.0 s, about 3.5 s left
      "
    `);
    for (const columns of [20, 40]) {
      const narrow = frame(progress, { tokens: 4210, ms: 1500 }, {}, columns);
      expect(Math.max(...narrow.map((row) => row.length))).toBeLessThanOrEqual(columns);
    }
  });

  it("says so when nothing has come yet", () => {
    expect(frame(begin("greedy", 1), { ms: 0 }, {}, 80)).toMatchInlineSnapshot(`
      [
        "greedy  ░░░░░░░░░░░░░░░░░░░░ 0/1 candidates",
        "leading: nobody yet",
        "used: nothing yet",
        "time: 0.0 s",
      ]
    `);
  });

  it("shows the part that is being answered, and the parts inside of it", () => {
    const parts = ["How many pens do the boxes hold?", "How many are left?"];
    const steps: TraceEvent[] = [
      { type: "split", id: "split", parts, outputTokens: 9 },
      { type: "answered", id: "part/0", text: parts[0]!, answer: "12" },
      { type: "split", id: "part/1/split", parts: ["Are any lost?", "What is 12 - 2?"], outputTokens: 9 },
      { type: "answered", id: "part/1/part/0", text: "Are any lost?" },
      { type: "answered", id: "part/1", text: parts[1]!, answer: "10" },
    ];
    const shown = steps.map(
      (_, index) =>
        frame(steps.slice(0, index + 1).reduce(follow, begin("decompose", undefined)), {}, {}, 90)[1],
    );
    expect(shown).toEqual([
      "part 1 of 2: How many pens do the boxes hold?",
      "part 2 of 2: How many are left?",
      "part 2 of 2, part 1 of 2: Are any lost?",
      "part 2 of 2, part 2 of 2: What is 12 - 2?",
      "all 2 parts answered",
    ]);
    expect(plainLine(follow(begin("decompose", undefined), steps[0]!), { ms: 0 })).toBe(
      "0 candidates, part 1 of 2: How many pens do the boxes hold?, 0.0 s",
    );
  });

  it("fits one plain line for logs", () => {
    expect(plainLine(progress, { tokens: 4210, ms: 61_500 })).toMatchInlineSnapshot(
      `"4/16 candidates, 1 pruned, 1 lost, leading: 63 (1 vote, score 0.90), 4,210 tokens, 1 min 2 s"`,
    );
  });
});
