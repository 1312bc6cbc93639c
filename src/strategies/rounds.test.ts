import { describe, expect, test } from "vitest";
import { PROBLEM, stage } from "../../test/stage.ts";
import type { Model } from "../models/model.ts";
import { beam } from "./index.ts";

describe("a candidate of beam search", () => {
  const run = (text: string, n = 1, knobs = {}) => {
    const { context, trace } = stage(
      ({ prefix = "" }) => text.slice(prefix.length),
      () => 0.5,
    );
    return beam({ n, width: 1, ...knobs })(PROBLEM, context).then((outcome) => ({ ...outcome, trace }));
  };

  test("is complete when the model ends it", async () => {
    const { selected } = await run("one\ntwo\nThe answer is 7.");
    expect(selected).toMatchObject({ text: "one\ntwo\nThe answer is 7.", answer: "7" });
  });

  test("is complete when a closed step states a final answer, whatever would follow", async () => {
    const { selected } = await run("one\n#### 7\nNow the next problem");
    expect(selected).toMatchObject({ text: "one\n#### 7", answer: "7" });
    const boxed = await run("one\nSo \\boxed{\\frac{1}{2}} it is\nand more");
    expect(boxed.selected).toMatchObject({ answer: "\\frac{1}{2}" });
  });

  test("is complete when nothing more is written", async () => {
    const { selected } = await run("So it is 7.\n");
    expect(selected).toMatchObject({ text: "So it is 7.\n", answer: "7" });
    const blank = await run("So it is 7.\n\nAnd on it goes.");
    expect(blank.selected).toMatchObject({ text: "So it is 7.\n" });
  });

  test("is given up when a step is cut, or the whole is too long", async () => {
    const step = await run("one two three four five", 1, { stepTokens: 3 });
    expect(step.selected).toBeUndefined();
    expect(step.trace).toContainEqual({
      type: "pruned",
      id: "round/0/beam/0/child/0",
      reason: "cut after 3 tokens",
    });
    const whole = await run("one two\nthree four\nfive six\n#### 7", 1, { maxTokens: 7 });
    expect(whole.selected).toBeUndefined();
    expect(whole.trace.at(-1)).toMatchObject({ type: "pruned", reason: "cut after 7 tokens" });
  });

  test("is given up after the last round", async () => {
    const endless = await run("again\n".repeat(100), 1, { maxRounds: 5 });
    expect(endless.selected).toBeUndefined();
    expect(endless.why).toBe("no candidate was completed");
    expect(endless.trace.filter(({ type }) => type === "proposed")).toHaveLength(5);
    expect(endless.trace.at(-1)).toMatchObject({ type: "pruned", reason: "the search ended" });
  });

  test("may have steps of several lines", async () => {
    const { trace } = await run("one\ntwo\n\nthree\n\n#### 7", 1, { separator: "\n\n" });
    const texts = trace.flatMap((event) => (event.type === "proposed" ? [event.text] : []));
    expect(texts).toEqual(["one\ntwo\n\n", "three\n\n", "#### 7"]);
  });
});

test("a completed solution keeps its place while longer ones outscore others", async () => {
  const { context, trace } = stage(
    ({ prefix = "", position }) => {
      if (prefix === "") return position.endsWith("child/0") ? "#### short" : `${position.at(-1)}\n`;
      return prefix.split("\n").length < 3 ? "on\n" : "#### long";
    },
    (text) => (text.includes("short") ? 0.9 : text.startsWith("1") ? 0.8 : 0.1),
  );
  const { candidates, selected } = await beam({ n: 4, width: 2 })(PROBLEM, context);
  expect(candidates.map(({ answer, count }) => [answer, count])).toEqual([
    ["short", 1],
    ["long", 2],
  ]);
  expect(selected?.answer).toBe("long");
  const perRound = [0, 1, 2].map(
    (round) => trace.filter((one) => one.type === "proposed" && one.id.startsWith(`round/${round}/`)).length,
  );
  expect(perRound).toEqual([4, 2, 2]);
});

test("nothing more is proposed once a step or a scoring was refused", async () => {
  const endless = () => "again\n";
  const refusing = { value: undefined, refused: true, error: new Error("Not sent.") };
  const { context, trace } = stage(endless, () => 0.5);
  const verifier = {
    ...context.verifier!,
    score: async (all: readonly unknown[]) => all.map(() => refusing),
  };
  await beam({ n: 2, width: 1 })(PROBLEM, { ...context, verifier });
  expect(trace.filter(({ type }) => type === "proposed")).toHaveLength(2);

  const other = stage(endless, () => 0.5);
  const { generate } = other.context.model;
  const model: Model = {
    ...other.context.model,
    generate: async (requests, options) => {
      const [first, ...rest] = await generate(requests, options);
      return [first!, ...rest.map((one) => ({ ...one, text: "", finish: "refused" as const }))];
    },
  };
  await beam({ n: 2, width: 1 })(PROBLEM, { ...other.context, model });
  expect(other.trace.map(({ type }) => type)).toEqual(["proposed", "lost", "pruned"]);
});
