import { expect, test } from "vitest";
import { PROBLEM, stage } from "../../test/stage.ts";
import type { Message } from "../models/model.ts";
import { type Respond, scripted } from "../models/scripted.ts";
import { type TraceEvent, UsageError } from "../types.ts";
import { custom } from "../verifiers/custom.ts";
import type { Verifier } from "../verifiers/verifier.ts";
import { attemptRequest } from "./attempts.ts";
import { critiqueRevise, majority, revisionChanges, revisionSearch, revisions, sumChanges } from "./index.ts";

function revising(respond: Respond, score?: (text: string) => number | undefined) {
  const { context, trace } = stage(respond, score);
  return { context: { ...context, model: scripted(respond, { revises: true }) }, trace };
}

test("refuses, before anything is spent, what cannot work, and names what does", async () => {
  const sent: string[] = [];
  const { context } = stage(({ position }) => {
    sent.push(position);
    return "#### 1";
  });
  const mute = { ...context.model, can: { ...context.model.can, chat: false } };
  const chat = { ...context.model, can: { ...context.model.can, prefix: false } };
  const whole = custom(() => 1);
  const partial = custom(() => 1, { scoresPartial: true });
  const cases = [
    [
      revisions(),
      {},
      "a model that is trained to revise its solutions, and scripted is not: use critique-revise",
    ],
    [revisions(), { model: mute }, "scripted is not: use majority."],
    [
      critiqueRevise(),
      { model: mute },
      "a model that follows a chat, and scripted has no chat template: use majority.",
    ],
    [revisionSearch(), {}, "revision-search needs a verifier: give one, or use majority"],
    [revisionSearch(), { verifier: whole }, "scripted with custom is neither: use weighted-best-of-n."],
    [revisionSearch(), { verifier: partial, model: chat }, "is neither: use weighted-best-of-n."],
  ] as const;
  for (const [strategy, change, message] of cases) {
    const refused = strategy(PROBLEM, { ...context, ...change });
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toBeInstanceOf(UsageError);
  }
  expect(sent).toEqual([]);
  expect(() => revisionSearch({ threshold: 2 })).toThrow("threshold must be a number from 0 to 1, not 2.");
  expect(() => revisions({ chain: 0 })).toThrow("chain must be a whole number of at least 1, not 0.");
});

test("a link that is lost, or states no answer, is not shown to the next one", async () => {
  const shown = new Map<string, string>();
  const { context, trace } = revising(({ position, prefix = "" }) => {
    shown.set(position, prefix);
    if (position.endsWith("/1")) return { text: "half", error: new Error("The line broke.") };
    return position.endsWith("/2") ? "I cannot say." : `#### ${shown.size}`;
  });
  const { candidates } = await revisions({ n: 5, chain: 5 })(PROBLEM, context);
  expect([...shown.values()]).toEqual(["", "#### 1\n", "#### 1\n", "#### 1\n", "#### 1\n#### 4\n"]);
  expect(candidates.map(({ answer }) => answer)).toEqual(["1", undefined, "4", "5"]);
  const revised = trace.flatMap((event) => (event.type === "revised" ? [event.parent] : []));
  expect(revised).toEqual(["sample/0", "sample/0", "sample/0/revision/3"]);
});

test("a model that is not trained to revise is shown the attempts and their scores in a chat", () => {
  const { context } = stage(() => "");
  const attempt = {
    id: "a",
    text: " 3 + 4 = 7\n#### 7\n",
    complete: true,
    outputTokens: 9,
    answer: "7",
    score: 0.25,
  };
  const sampling = { temperature: 1, maxTokens: 50 };
  const request = attemptRequest(PROBLEM, context, [attempt], "p", sampling);
  const [message] = request.prompt as readonly Message[];
  expect(message!.content).toContain("How many?");
  expect(message!.content).toContain("Attempt 1, score 0.25 of 1:\n3 + 4 = 7\n#### 7\n");
  expect(request.prefix).toBeUndefined();
  const { answer: _, ...silent } = attempt;
  expect(attemptRequest(PROBLEM, context, [silent], "p", sampling).prompt).toBe(PROBLEM.prompt);
});

test("steps with broken scores are kept by nobody, and the search goes on", async () => {
  const { context } = stage(
    () => "one\ntwo\n#### 3",
    () => 0.2,
  );
  const inner = context.verifier!;
  for (const steps of [[0.9], [Number.NaN, Number.NaN, Number.NaN], [0.9, 0.9, 0.9, 0.1]]) {
    const verifier: Verifier = {
      ...inner,
      score: async (requests) => requests.map(() => ({ value: 0.2, steps })),
    };
    const trace: TraceEvent[] = [];
    const emit = (event: TraceEvent) => void trace.push(event);
    const { candidates } = await revisionSearch({ n: 6, rounds: 3 })(PROBLEM, { ...context, verifier, emit });
    expect(candidates).toHaveLength(6);
    expect(trace.some(({ type }) => type === "revised")).toBe(false);
  }
});

test("a critique that is lost costs its round, and one without a verdict finds a mistake", async () => {
  const { context, trace } = stage(({ position }) => {
    if (position.endsWith("critique/1")) return { text: "half", error: new Error("The line broke.") };
    return position.includes("critique") ? "Hm." : `#### ${position.at(-1)}`;
  });
  const { selected, why } = await critiqueRevise({ rounds: 3 })(PROBLEM, context);
  expect([selected!.id, why]).toEqual(["sample/0/revision/3", "the last answer after 2 revisions"]);
  expect(trace.filter(({ type }) => type === "lost")).toHaveLength(1);
  expect((await critiqueRevise({ rounds: 0 })(PROBLEM, context)).selected).toEqual(
    (await majority({ n: 1, temperature: 0.7 })(PROBLEM, context)).selected,
  );
});

test("changes are counted by link, against the reference answer where there is one", () => {
  const proposed = (id: string, answer?: string): TraceEvent => {
    return { type: "proposed", id, text: "", outputTokens: 1, complete: true, ...(answer && { answer }) };
  };
  const revised = (parent: string, id: string): TraceEvent => ({ type: "revised", parent, id });
  const trace = [
    ...[proposed("a", "10"), proposed("b", "10.0"), revised("a", "b")],
    ...[proposed("c", "7"), revised("b", "c"), proposed("d"), proposed("e", "10"), revised("d", "e")],
  ];
  const changes = revisionChanges(trace, (answer) => answer?.startsWith("10") ?? false);
  const [first, second] = changes;
  expect(first).toEqual({
    link: 1,
    revisions: 2,
    changed: 1,
    right: 1,
    rightToWrong: 0,
    wrong: 1,
    wrongToRight: 1,
  });
  expect(second).toMatchObject({ link: 2, changed: 1, right: 1, rightToWrong: 1 });
  expect(sumChanges([...changes, ...changes])[1]).toMatchObject({ link: 2, revisions: 2, rightToWrong: 2 });
});
