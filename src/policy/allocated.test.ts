import { describe, expect, it } from "vitest";
import { createJournal } from "../../test/journals.ts";
import { always, policyOf, ruleOf, threshold } from "../../test/policy-world.ts";
import { PROBLEM, stage } from "../../test/stage.ts";
import { TransientError } from "../models/errors.ts";
import { scripted } from "../models/scripted.ts";
import { wrap } from "../models/wrap.ts";
import { solve } from "../solve.ts";
import type { TraceEvent } from "../types.ts";
import { custom } from "../verifiers/custom.ts";
import { type AllocatedOptions, allocated } from "./allocated.ts";
import type { Rule } from "./decide.ts";

/** Buys blocks of two while there are fewer than five samples, and then one of eight is too dear. */
const RULE = ruleOf({
  blocks: [
    { m: 2, gain: threshold("log2 samples", Math.log2(4.5), -200) },
    { m: 8, gain: always(0.01) },
  ],
});
const PRICED = { policy: policyOf(RULE), price: 0.01 };
const SCORED = {
  policy: policyOf(RULE, { verifier: { name: "custom", fingerprint: "custom" } }),
  price: 0.01,
};
const answerTo = (position: string) => `#### ${Number(position.split("/").at(-1)) % 2}`;
const notesOf = (trace: readonly TraceEvent[]) =>
  trace.flatMap((event) => (event.type === "note" ? [event.text] : []));
const idsOf = (trace: readonly TraceEvent[], type: TraceEvent["type"]) =>
  trace.flatMap((event) => (event.type === type && "id" in event ? [event.id] : []));

/** The same with a beam search, which is worth most at once and then done. */
const withSearch = (rule: Rule = RULE): Rule => ({
  ...rule,
  actions: [
    ...rule.actions,
    ...ruleOf({
      blocks: [],
      searches: [{ plan: { strategy: "beam", params: { n: 2, width: 2 } }, gain: always(0.99999) }],
    }).actions,
  ],
});

describe("allocated", () => {
  it("draws blocks as the rule says, and stops where nothing brings the price", async () => {
    const { context, trace } = stage(({ position }) => answerTo(position));
    const { selected, candidates } = await allocated(PRICED)(PROBLEM, context);
    expect(candidates.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4].map((index) => `sample/${index}`));
    expect(selected?.answer).toBe("0");
    expect(notesOf(trace)).toEqual([
      "made-up: 5 samples; the answer is right with probability 0.500, and 8 more would add 1.00 points for 16 tokens, too little for the price.",
    ]);
  });

  it("draws one sample at price Infinity, and at price 0 as many as were learned from", async () => {
    const draw = async (options: AllocatedOptions) => {
      const { context, trace } = stage(({ position }) => answerTo(position));
      const { candidates } = await allocated(options)(PROBLEM, context);
      return [candidates.length, notesOf(trace)[0]!];
    };
    expect(await draw({ ...PRICED, price: Number.POSITIVE_INFINITY })).toEqual([
      1,
      expect.stringMatching(/^made-up: 1 samples; /),
    ]);
    const policy = policyOf({ ...RULE, most: 14 });
    expect(await draw({ policy, price: 0 })).toEqual([
      13,
      "made-up: 13 samples; no more than 14 samples were learned from.",
    ]);
  });

  it("asks before it buys, when it is told to, and takes no for an answer", async () => {
    const asked: number[] = [];
    const ask: AllocatedOptions["ask"] = async ({ action }) => asked.push(action.samples) < 3;
    const { context, trace } = stage(({ position }) => answerTo(position));
    const { candidates } = await allocated({ ...PRICED, ask })(PROBLEM, context);
    expect(asked).toEqual([2, 2, 8]);
    expect(candidates).toHaveLength(5);
    expect(notesOf(trace)[0]).toMatch(/, which was not granted\.$/);
    const all = stage(({ position }) => answerTo(position));
    const policy = policyOf({ ...RULE, most: 16 });
    const granted = await allocated({ policy, ask: async () => true })(PROBLEM, all.context);
    expect(granted.candidates).toHaveLength(15);
  });

  it("chooses once, by weighted vote with a verifier and by majority without", async () => {
    const score = (text: string) => (text.endsWith("1") ? 0.9 : 0.2);
    const scored = stage(({ position }) => answerTo(position), score);
    const bare = stage(({ position }) => answerTo(position));
    expect((await allocated(SCORED)(PROBLEM, scored.context)).selected?.answer).toBe("1");
    expect((await allocated(PRICED)(PROBLEM, bare.context)).selected?.answer).toBe("0");
    for (const { trace } of [scored, bare]) expect(idsOf(trace, "selected")).toHaveLength(1);
  });

  it("counts samples that were cut or lost as drawn, without an answer, at what they took", async () => {
    const { context, trace } = stage(({ position }) => {
      if (position === "sample/1") return "word ".repeat(30);
      if (position === "sample/2") return { text: "half a", error: new Error("The line broke.") };
      return answerTo(position);
    });
    const { candidates } = await allocated(PRICED)(PROBLEM, context);
    expect(candidates.map(({ id }) => id)).toEqual(["sample/0", "sample/3", "sample/4"]);
    // 3 samples of 2 tokens, 20 tokens of the cut one and 2 of the lost one are 5.6 a sample.
    expect(notesOf(trace).at(-1)).toMatch(/for 45 tokens, too little/);
  });

  it("ends with what there is when nothing was completed at all", async () => {
    const { context, trace } = stage(() => ({ text: "", error: new Error("gone") }));
    const { selected, candidates } = await allocated(PRICED)(PROBLEM, context);
    expect({ selected, candidates }).toEqual({ selected: undefined, candidates: [] });
    expect(idsOf(trace, "selected")).toEqual([]);
    expect(notesOf(trace)).toHaveLength(1);
  });

  it("lets the solutions of a search join the vote, under positions of their own", async () => {
    const { context, trace } = stage(
      ({ position }) => (position.startsWith("search/") ? "#### 7" : answerTo(position)),
      (text) => (text.includes("7") ? 1 : 0.1),
    );
    const policy = { ...SCORED.policy, rule: withSearch() };
    const { selected, candidates } = await allocated({ policy, price: 0.01 })(PROBLEM, context);
    expect(selected).toMatchObject({ answer: "7", id: expect.stringMatching(/^search\/0\//) });
    const ids = candidates.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(idsOf(trace, "selected")).toEqual([selected!.id]);
    expect(idsOf(trace, "proposed").filter((id) => id.startsWith("search/0/")).length).toBeGreaterThan(0);
    expect(new Set(idsOf(trace, "proposed")).size).toBe(idsOf(trace, "proposed").length);
    expect(notesOf(trace).at(-1)).toMatch(/^made-up: \d+ samples, beam; /);
  });

  it("draws a search's samples anew, though their places are those of its own", async () => {
    const seeds: number[] = [];
    const { context } = stage(({ position, seed }) => {
      seeds.push(seed);
      return answerTo(position);
    });
    const rule = withSearch();
    const [search] = rule.actions.slice(-1);
    const plan = { strategy: "majority", params: { n: 3 } };
    const actions = [...rule.actions.slice(0, -1), { ...search!, kind: "search" as const, plan }];
    const { candidates } = await allocated({ policy: policyOf({ ...rule, actions }), price: 0.01 })(
      PROBLEM,
      context,
    );
    expect(candidates.length).toBe(seeds.length);
    expect(new Set(seeds).size).toBe(seeds.length);
  });

  it("refuses, before anything is spent, what cannot work", async () => {
    let calls = 0;
    const { context } = stage(() => {
      calls += 1;
      return "#### 1";
    });
    const searching = policyOf(withSearch());
    await expect(allocated({ policy: searching })(PROBLEM, context)).rejects.toThrow("beam needs a verifier");
    await expect(allocated(SCORED)(PROBLEM, context)).rejects.toThrow("here is none");
    expect(calls).toBe(0);
    const strange = withSearch();
    const [search] = strange.actions.slice(-1);
    for (const plan of [
      { strategy: "tree", params: {} },
      { strategy: "beam", params: { depth: 3 } },
    ]) {
      const policy = policyOf({ ...strange, actions: [{ ...search!, kind: "search", plan }] });
      expect(() => allocated({ policy })).toThrow(/Unknown strategy "tree"|has no parameter "depth"/);
    }
    expect(() => allocated({ ...PRICED, price: Number.NaN })).toThrow("price must be a number");
    expect(() => allocated({ ...PRICED, price: -1 })).toThrow("price must be a number");
  });

  it("is used with other models when the caller insists, and says so", async () => {
    const { context, trace } = stage(
      ({ position }) => answerTo(position),
      (text) => (text.endsWith("1") ? 0.9 : 0.2),
    );
    const { selected } = await allocated({ ...PRICED, insist: true })(PROBLEM, context);
    expect(selected?.answer).toBe("1");
    expect(notesOf(trace)[0]).toMatch(/does not fit, used all the same: it was learned without a verifier/);
  });
});

describe("allocated under solve", () => {
  const model = () => scripted(({ seed }) => `${"so ".repeat(seed % 5)}\n#### ${seed % 3}`);

  it("gives the same answer from the same seed, and its receipt is the sum of its calls", async () => {
    const run = () => solve({ problem: PROBLEM, strategy: allocated(PRICED), model: model(), seed: 4 });
    const [one, other] = [await run(), await run()];
    expect(one.trace).toEqual(other.trace);
    expect(one.receipt.plan).toMatchObject({
      strategy: "allocated",
      params: { policy: "made-up", price: 0.01 },
    });
    expect(one.receipt.total).toMatchObject({ calls: 5 });
    const proposed = one.trace.flatMap((event) => (event.type === "proposed" ? [event.outputTokens] : []));
    expect(one.receipt.total.outputTokens).toBe(proposed.reduce((sum, tokens) => sum + tokens, 0));
    expect(one.receipt.notes.at(-1)).toMatch(/^made-up: 5 samples; /);
  });

  it("stays in its budget at every size, and returns what it has", async () => {
    for (let tokens = 24; tokens <= 200; tokens += 11) {
      const { receipt, answer, trace } = await solve({
        problem: PROBLEM,
        strategy: allocated(PRICED),
        model: model(),
        budget: { tokens },
      });
      expect(receipt.total.inputTokens + receipt.total.outputTokens).toBeLessThanOrEqual(tokens);
      expect(answer, `of ${tokens} tokens`).toBeDefined();
      if (receipt.stop === "budget") expect(notesOf(trace).at(-1)).toMatch(/nothing more could be bought\.$/);
    }
  });

  it("ends when it is cancelled, with the best so far", async () => {
    const cancel = new AbortController();
    const stopping = wrap(model(), async (requests, options) => {
      const completions = await model().generate(requests, options);
      if (requests.some(({ position }) => position === "sample/2")) cancel.abort();
      return completions;
    });
    const { receipt, answer } = await solve({
      problem: PROBLEM,
      strategy: allocated(PRICED),
      model: stopping,
      signal: cancel.signal,
    });
    expect(receipt.stop).toBe("cancelled");
    expect(receipt.total.calls).toBe(3);
    expect(answer).toBeDefined();
  });

  it("resumes from a journal with the same answer and buys nothing twice", async () => {
    await using journal = await createJournal();
    const bought: string[] = [];
    const verifier = custom((text) => (text.length % 7) / 7, { scoresPartial: true });
    const policy = { ...SCORED.policy, rule: withSearch() };
    const run = (most: number) => {
      const cancel = new AbortController();
      const counting = wrap(model(), (requests, options) => {
        for (const { position } of requests) bought.push(position);
        if (bought.length >= most) cancel.abort();
        return model().generate(requests, options);
      });
      return solve({
        problem: PROBLEM,
        strategy: allocated({ policy, price: 0.01 }),
        model: counting,
        verifier,
        journal: journal.path,
        signal: cancel.signal,
      });
    };
    const whole = await solve({
      problem: PROBLEM,
      strategy: allocated({ policy, price: 0.01 }),
      model: model(),
      verifier,
    });
    for (const most of [2, 4, 7]) await run(most).catch(() => {});
    bought.length = 0;
    const { answer, text, trace } = await run(Number.POSITIVE_INFINITY);
    expect({ answer, text }).toEqual({ answer: whole.answer, text: whole.text });
    expect(trace).toEqual(whole.trace);
    const again = bought.length;
    bought.length = 0;
    expect((await run(Number.POSITIVE_INFINITY)).trace).toEqual(whole.trace);
    expect(bought).toEqual([]);
    expect(again).toBeLessThan(whole.receipt.total.calls);
  });

  it("sends a failed sample again, and it counts once", async () => {
    const flaky = scripted(({ position }, { attempt }) =>
      position === "sample/1" && attempt === 0
        ? { text: "half", error: new TransientError("busy") }
        : answerTo(position),
    );
    const limits = { retries: 2, backoffMs: 0 };
    const { receipt, trace } = await solve({
      problem: PROBLEM,
      strategy: allocated(PRICED),
      model: flaky,
      limits,
    });
    expect(receipt).toMatchObject({ retries: 1, lostCalls: 0 });
    expect(idsOf(trace, "proposed")).toHaveLength(5);
  });
});
