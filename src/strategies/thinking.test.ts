import { describe, expect, test } from "vitest";
import { PROBLEM, stage } from "../../test/stage.ts";
import type { Model } from "../models/model.ts";
import { UsageError } from "../types.ts";
import { budgetForcing, decompose } from "./index.ts";

/** The scripted model with other abilities. */
const able = (model: Model, can: Partial<Model["can"]>): Model => ({
  ...model,
  can: { ...model.can, ...can },
});

describe("budget forcing", () => {
  test("refuses, before anything is spent, a model whose thinking it cannot reach", async () => {
    const sent: string[] = [];
    const { context } = stage(({ position }) => {
      sent.push(position);
      return "#### 1";
    });
    const refused = budgetForcing()(PROBLEM, { ...context, model: able(context.model, { prefix: false }) });
    await expect(refused).rejects.toThrow(
      "budget-forcing needs a model that continues a given text or ends its thinking at a limit, and scripted does neither: use majority.",
    );
    await expect(refused).rejects.toBeInstanceOf(UsageError);
    expect(sent).toEqual([]);
  });

  test("lets a model that only ends its thinking do that, and says what it leaves out", async () => {
    const asked: unknown[] = [];
    const { context, trace } = stage(({ thinking, stop }) => {
      asked.push({ thinking, stop });
      return "<think>\nso it is\n</think>\n#### 4";
    });
    const model = able(context.model, { prefix: false, thinking: true });
    const { selected } = await budgetForcing({ thinkingTokens: 9 })(PROBLEM, { ...context, model });
    expect(selected?.answer).toBe("4");
    const limit = { open: "<think>", close: "</think>", tokens: 9, before: 0 };
    expect(asked).toEqual([{ thinking: limit, stop: undefined }]);
    expect(trace).toContainEqual({
      type: "note",
      text: "scripted does not continue a given text: its thinking is ended at the limit, not extended.",
    });
  });

  test("writes the beginning of the answer only where the thinking was cut", async () => {
    const script = ({ prefix = "" }) =>
      prefix.includes("</think>") ? " 4" : "<think>\none two three</think> 4";
    const cut = await budgetForcing({ thinkingTokens: 4 })(PROBLEM, stage(script).context);
    expect(cut.selected?.text).toBe("<think>\none two\n</think>\n\nFinal Answer: 4");
    expect(cut.selected?.answer).toBe("4");
    const ended = await budgetForcing({ extensions: 0 })(PROBLEM, stage(script).context);
    expect(ended.selected?.text).toBe("<think>\none two three</think> 4");
  });

  test("goes on where the server did not end the thinking after all", async () => {
    const { context } = stage(({ prefix = "" }) =>
      prefix.includes("</think>") ? " 4" : "<think>\none two three four five",
    );
    const model = able(context.model, { thinking: true });
    const knobs = { extensions: 0, thinkingTokens: 3, maxTokens: 2 };
    const { selected } = await budgetForcing(knobs)(PROBLEM, { ...context, model });
    expect(selected?.text).toBe("<think>\none two three\n</think>\n\nFinal Answer: 4");
  });

  test("asks for the answer when the thinking does not fit the budget", async () => {
    const { context, trace } = stage(({ prefix }) => `${prefix} 4`);
    const model: Model = {
      ...context.model,
      generate: async (requests, options) => {
        const completions = await context.model.generate(requests, options);
        return completions.map((one, index) =>
          requests[index]!.position === "answer" ? one : { ...one, text: "", finish: "refused" as const },
        );
      },
    };
    const { selected } = await budgetForcing()(PROBLEM, { ...context, model });
    expect(selected?.answer).toBe("4");
    expect(trace.map(({ type }) => type)).toEqual(["lost", "proposed", "voted", "selected"]);
  });

  test("asks for the answer as it comes where the server hides the thinking, and says so", async () => {
    const { context, trace } = stage(({ stop }) =>
      stop ? { text: "</think>", usage: { outputTokens: 9, reasoningTokens: 8 } } : "It is 4.",
    );
    const { selected } = await budgetForcing()(PROBLEM, context);
    expect(selected).toEqual({
      id: "answer",
      text: "It is 4.",
      complete: true,
      answer: "4",
      outputTokens: 12,
    });
    const text = "scripted hides its thinking, which is neither extended nor ended.";
    expect(trace).toContainEqual({ type: "note", text });
  });

  test("gives up an answer that is cut, and says what to do", async () => {
    const { context, trace } = stage(() => "<think>\n</think>\none two three four");
    const { selected } = await budgetForcing({ extensions: 0, maxTokens: 2 })(PROBLEM, context);
    expect(selected).toBeUndefined();
    expect(trace).toContainEqual({
      type: "note",
      text: "The answer was cut before it ended: raise maxTokens.",
    });
  });

  test("goes on where the model ends its text inside of the thinking", async () => {
    const { context } = stage(({ prefix = "" }) =>
      prefix.endsWith("[/t]") ? "#### 4" : prefix.endsWith("Wait") ? ", no" : "[t]So it is 3.",
    );
    const { selected } = await budgetForcing({ open: "[t]", close: "[/t]" })(PROBLEM, context);
    expect(selected?.text).toBe("[t]So it is 3.\nWait, no[/t]#### 4");
  });

  test("may have other markers", async () => {
    const { context } = stage(({ prefix = "" }) =>
      prefix.endsWith("[answer]")
        ? "#### 4"
        : prefix.endsWith("Hmm")
          ? " yes[answer]#### 4"
          : "[think]so[answer]#### 3",
    );
    const marks = { open: "[think]", close: "[answer]", wait: "Hmm" };
    const { selected } = await budgetForcing(marks)(PROBLEM, context);
    expect(selected?.text).toBe("[think]so\nHmm yes[answer]#### 4");
  });

  test.each([
    [{ extensions: -1 }, "extensions must be a whole number of at least 0, not -1."],
    [{ thinkingTokens: 0 }, "thinkingTokens must be a whole number of at least 1, not 0."],
    [{ close: "" }, "close must not be empty."],
  ])("%o is refused", (knobs, message) => {
    expect(() => budgetForcing(knobs)).toThrow(message);
  });
});

describe("decomposition", () => {
  test("refuses, before anything is spent, a model that follows no chat", async () => {
    const sent: string[] = [];
    const { context } = stage(({ position }) => {
      sent.push(position);
      return "#### 1";
    });
    const refused = decompose()(PROBLEM, { ...context, model: able(context.model, { chat: false }) });
    await expect(refused).rejects.toThrow(
      "decompose needs a model that follows a chat, and scripted has no chat template: use majority.",
    );
    await expect(refused).rejects.toBeInstanceOf(UsageError);
    expect(sent).toEqual([]);
  });

  test("splits a part again when its samples do not agree, and takes what its parts come to", async () => {
    const { context, trace } = stage(({ position, prompt }) => {
      if (typeof prompt === "string") return "#### 1";
      if (position === "split") return "1. First?\n2. Second?";
      if (position === "part/0/split") return "1. Half?\n2. Other half?";
      if (position.startsWith("part/0/sample")) return `#### ${position.at(-1)}`;
      return position === "part/0/combine" ? "#### 20" : position === "combine" ? "#### 30" : "#### 10";
    });
    const { selected, why } = await decompose({ inner: "majority", samples: 3 })(PROBLEM, context);
    expect(selected?.answer).toBe("30");
    expect(why).toBe("put together from the answers of 4 parts");
    const answered = trace.flatMap((one) => (one.type === "answered" ? [[one.id, one.answer]] : []));
    expect(answered).toEqual([
      ["part/0/part/0", "10"],
      ["part/0/part/1", "10"],
      ["part/0", "20"],
      ["part/1", "10"],
    ]);
  });

  test("counts in its answer what its parts took", async () => {
    const { context } = stage(({ position }) => (position === "split" ? "1. A b?\n2. C d?" : "#### 1"));
    const { selected, candidates } = await decompose({ inner: "majority", samples: 2 })(PROBLEM, context);
    expect(candidates.map(({ id }) => id)).toEqual(["combine", "sample/0"]);
    expect(selected?.outputTokens).toBe(7 + 2 + 2 + 2);
  });

  test("takes the first parts of a long list, and says so", async () => {
    const list = Array.from({ length: 9 }, (_, index) => `${index + 1}. Question ${index}?`).join("\n");
    const { context, trace } = stage(({ position }) => (position === "split" ? list : "#### 1"));
    await decompose({ parts: 3 })(PROBLEM, context);
    expect(trace.filter(({ type }) => type === "answered")).toHaveLength(3);
    expect(trace).toContainEqual({ type: "note", text: "A split named 9 parts: the first 3 were taken." });
  });

  test("keeps the direct answer when the parts come to none", async () => {
    const { context } = stage(({ position }) =>
      position === "split" ? "1. A?\n2. B?" : position === "combine" ? "I cannot say" : "#### 5",
    );
    const { selected, why } = await decompose()(PROBLEM, context);
    expect([selected?.answer, why]).toEqual(["5", "the direct answer"]);
  });

  test.each([
    [{ parts: 0 }, "parts must be a whole number of at least 1, not 0."],
    [{ depth: 0 }, "depth must be a whole number of at least 1, not 0."],
    [{ inner: "beam" as never }, "inner must be greedy or majority, not beam."],
  ])("%o is refused", (knobs, message) => {
    expect(() => decompose(knobs)).toThrow(message);
  });
});
