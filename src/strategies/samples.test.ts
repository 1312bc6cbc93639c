import { expect, test } from "vitest";
import { PROBLEM, stage } from "../../test/stage.ts";
import { UsageError } from "../types.ts";
import { custom } from "../verifiers/custom.ts";
import type { Verifier } from "../verifiers/verifier.ts";
import { beam, bestOfN, majority, weightedBestOfN } from "./index.ts";

test("a lost sample never fails its batch, and is told with its cost", async () => {
  const { context, trace } = stage(({ position }) =>
    position === "sample/1" ? { text: "half a", error: new Error("The line broke.") } : "#### 4",
  );
  const { selected, candidates, why } = await majority({ n: 3 })(PROBLEM, context);
  expect(selected?.answer).toBe("4");
  expect(candidates).toHaveLength(2);
  expect(why).toBe("2 of 2 candidates agree");
  expect(trace).toContainEqual({ type: "lost", id: "sample/1", reason: "The line broke.", outputTokens: 2 });
});

test("a solution that is cut has no answer, unless it had stated one", async () => {
  const { context, trace } = stage(({ position }) =>
    position === "sample/0" ? "so it is 12 or rather" : "#### 3\nbecause of this and that",
  );
  const { candidates } = await majority({ n: 2, maxTokens: 5 })(PROBLEM, context);
  expect(candidates.map(({ id, answer }) => [id, answer])).toEqual([["sample/1", "3"]]);
  expect(trace).toContainEqual(expect.objectContaining({ type: "pruned", id: "sample/0" }));
  expect(trace).toContainEqual(expect.objectContaining({ type: "note" }));
});

test("equal texts are scored once, at the first position", async () => {
  const { context, trace } = stage(
    ({ position }) => `#### ${Number(position.at(-1)) % 2}`,
    () => 0.5,
  );
  const asked: string[] = [];
  const verifier: Verifier = {
    ...context.verifier!,
    score: (requests, options) => {
      asked.push(...requests.map(({ position, text }) => `${position} ${text}`));
      return context.verifier!.score(requests, options);
    },
  };
  await bestOfN({ n: 8 })(PROBLEM, { ...context, verifier });
  expect(asked).toEqual(["score/sample/0 #### 0", "score/sample/1 #### 1"]);
  expect(trace.filter(({ type }) => type === "scored")).toHaveLength(8);
});

test("under a budget, what is drawn is scored before more is drawn", async () => {
  const { context, trace } = stage(
    ({ position }) => `#### ${position.at(-1)}`,
    () => 0.5,
  );
  const { free: _, ...verifier } = context.verifier!;
  await weightedBestOfN({ n: 16 })(PROBLEM, { ...context, verifier, budgeted: true });
  const order = trace.flatMap(({ type }) => (type === "proposed" || type === "scored" ? [type[0]] : []));
  expect(order.join("")).toBe("ppss".repeat(8));
});

test("refuses, before anything is spent, what cannot work", async () => {
  const sent: string[] = [];
  const { context } = stage(({ position }) => {
    sent.push(position);
    return "#### 1";
  });
  const model = { ...context.model, can: { ...context.model.can, prefix: false } };
  const whole = custom(() => 1);
  const partial = custom(() => 1, { scoresPartial: true });
  const cases = [
    [bestOfN(), {}, "best-of-n needs a verifier: give one, or use majority, which needs none."],
    [
      weightedBestOfN(),
      {},
      "weighted-best-of-n needs a verifier: give one, or use majority, which needs none.",
    ],
    [beam(), { verifier: whole }, "beam needs a verifier that scores partial solutions, and custom scores"],
    [
      beam(),
      { verifier: partial, model },
      "beam needs a model that continues a given text, and scripted does",
    ],
  ] as const;
  for (const [strategy, change, message] of cases) {
    const refused = strategy(PROBLEM, { ...context, ...change });
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toBeInstanceOf(UsageError);
  }
  expect(sent).toEqual([]);
});
