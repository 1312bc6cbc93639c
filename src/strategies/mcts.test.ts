import { expect, test } from "vitest";
import { PROBLEM, stage } from "../../test/stage.ts";
import { wrap } from "../models/wrap.ts";
import { custom } from "../verifiers/custom.ts";
import { mcts } from "./index.ts";

/** Three steps to any answer; the last part of the position makes them different. */
const threeSteps = ({ prefix = "", position = "" }) => {
  const written = prefix.split("\n").length - 1;
  const steps = Array.from(
    { length: Math.max(0, 2 - written) },
    () => `step ${position.split("/").at(-1)}\n`,
  );
  return `${steps.join("")}#### 1`;
};

test("a step that was sampled twice was visited twice", async () => {
  const { context, trace } = stage(
    ({ prefix = "", position }) =>
      prefix === "" ? (position.endsWith("/2") ? "rare\n" : "usual\n") : "#### 1",
    () => 0.5,
  );
  await mcts({ n: 2, width: 3, parallel: 1 })(PROBLEM, context);
  const second = trace.find((one) => one.type === "proposed" && one.id.startsWith("round/1/"));
  expect(second).toMatchObject({ parent: "round/0/beam/0/child/2" });
});

test("a rollout counts as the steps that it writes, and is a solution", async () => {
  const { context, trace } = stage(threeSteps, () => 0.5);
  const { candidates } = await mcts({ n: 4, width: 2, parallel: 1, rollout: true })(PROBLEM, context);
  // 4 solutions of 3 steps: 2 steps and their 2 rollouts of 2, then twice 2 and 2 of 1, make 14.
  const ids = trace.flatMap((one) => (one.type === "proposed" ? [one.id] : []));
  expect(ids).toHaveLength(12);
  expect(candidates.map(({ id }) => id)).toEqual(ids.filter((id) => id.startsWith("rollout")));
  expect(candidates[0]).toMatchObject({ text: "step 0\nstep 0\n#### 1", answer: "1", outputTokens: 8 });
});

test("with rollouts a verifier of whole solutions will do, and sees nothing else", async () => {
  const { context } = stage(threeSteps);
  const seen: string[] = [];
  const verifier = custom((text) => {
    seen.push(text);
    return 0.5;
  });
  await mcts({ n: 4, rollout: true })(PROBLEM, { ...context, verifier });
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.filter((text) => !text.endsWith("#### 1"))).toEqual([]);
});

test("after a cancellation only what is complete is scored", async () => {
  const stop = new AbortController();
  const { context } = stage(({ position }) => (position.endsWith("/0") ? "#### 1" : `${position}\n`));
  const model = wrap(context.model, async (requests, options) => {
    const completions = await context.model.generate(requests, options);
    if (requests.some(({ prefix }) => prefix !== "")) stop.abort();
    return completions;
  });
  const late: string[] = [];
  const verifier = custom(
    (text) => {
      if (stop.signal.aborted) late.push(text);
      return 0.5;
    },
    { scoresPartial: true },
  );
  const cancelled = { ...context, model, verifier, signal: stop.signal };
  const { candidates } = await mcts({ n: 8, width: 3 })(PROBLEM, cancelled);
  expect(candidates).toHaveLength(1 + late.length);
  expect(late.length).toBeGreaterThan(0);
  expect(late.filter((text) => !text.includes("####"))).toEqual([]);
});

test("refuses, before anything is spent, what cannot work", async () => {
  const { context, trace } = stage(() => "#### 1");
  const whole = custom(() => 1);
  const partial = custom(() => 1, { scoresPartial: true });
  const model = { ...context.model, can: { ...context.model.can, prefix: false } };
  const cases = [
    [{}, "mcts needs a verifier: give one, or use majority"],
    [
      { verifier: whole },
      "mcts needs a verifier that scores partial solutions, and custom scores only whole",
    ],
    [
      { verifier: partial, model },
      "mcts needs a model that continues a given text, and scripted does not: use",
    ],
  ] as const;
  for (const [change, message] of cases)
    await expect(mcts()(PROBLEM, { ...context, ...change })).rejects.toThrow(message);
  expect(trace).toEqual([]);
  expect(() => mcts({ exploration: -1 })).toThrow("exploration must be a number of at least 0, not -1.");
  expect(() => mcts({ parallel: 0 })).toThrow("parallel must be a whole number of at least 1, not 0.");
  expect(() => mcts({ rollout: 1 as unknown as boolean })).toThrow("rollout must be true or false, not 1.");
});
