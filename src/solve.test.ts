import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { virtualClock } from "../test/virtual-clock.ts";
import { type Respond, type ScriptedOptions, scripted } from "./models/scripted.ts";
import { rng } from "./random.ts";
import { type SolveOptions, solve } from "./solve.ts";
import { beam, bestOfN, greedy, majority, weightedBestOfN } from "./strategies/index.ts";
import { BudgetTooSmallError, UsageError } from "./types.ts";
import { custom } from "./verifiers/custom.ts";
import type { Verifier } from "./verifiers/verifier.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-solve-"));
afterAll(() => rmSync(folder, { recursive: true }));

const digit: Respond = ({ seed }) => `so it is\n#### ${seed % 3}`;

function run(change: Partial<SolveOptions> = {}, respond = digit, options: ScriptedOptions = {}) {
  return solve({
    problem: "How many?",
    strategy: majority({ n: 4 }),
    model: scripted(respond, options),
    ...change,
  });
}

/** A verifier that bills a token for every word it reads. */
function paid(score: (text: string) => number): Verifier {
  const { free: _, ...verifier } = custom(score, { scoresPartial: true });
  const tokens = (text: string) => text.split(/\s+/).length;
  return {
    ...verifier,
    countTokens: async (requests) => requests.map(({ text }) => ({ input: tokens(text), output: 0 })),
    score: async (requests) =>
      requests.map(({ text }) => ({
        value: score(text),
        usage: { inputTokens: tokens(text), outputTokens: 0 },
      })),
  };
}

test("gives an answer, the whole text, a receipt and a trace", async () => {
  const { answer, text, receipt, trace } = await run({ reason: "to see it work", seed: 7 });
  expect(text).toBe(`so it is\n#### ${answer}`);
  expect(receipt).toMatchObject({
    plan: { strategy: "majority", params: { n: 4 }, generator: "scripted" },
    reason: "to see it work",
    seed: 7,
    stop: "done",
    roles: { generator: { calls: 4, inputTokens: 12, outputTokens: 24 } },
    total: { calls: 4 },
    discardedTokens: 18,
    refusedCalls: 0,
    notes: [],
  });
  expect(trace.map(({ type }) => type)).toContain("voted");
  expect(trace.slice(-2).map(({ type }) => type)).toEqual(["selected", "stopped"]);
});

test("never shows the reference answer to model, verifier or strategy", async () => {
  const seen: string[] = [];
  const spy = custom((_, problem) => {
    seen.push(JSON.stringify(problem));
    return 1;
  });
  const watch: SolveOptions["strategy"] = async (problem, context) => {
    seen.push(JSON.stringify(problem));
    return bestOfN({ n: 2 })(problem, context);
  };
  const problem = { id: "a", prompt: "How many?", answer: "SECRET" };
  const respond: Respond = (request) => {
    seen.push(JSON.stringify(request));
    return digit(request, { attempt: 0 });
  };
  const { receipt } = await run({ problem, strategy: watch, verifier: spy }, respond);
  expect(seen.length).toBeGreaterThan(3);
  expect(seen.join()).not.toContain("SECRET");
  expect(receipt.plan).toMatchObject({ strategy: "watch", params: {}, verifier: "custom" });
});

test("charges the verifier to the same ledger", async () => {
  const { receipt } = await run({ strategy: bestOfN({ n: 4 }), verifier: paid(() => 0.5) });
  const { generator, verifier, difficulty } = receipt.roles;
  expect(verifier!.inputTokens).toBeGreaterThan(0);
  expect(receipt.total.inputTokens).toBe(generator!.inputTokens + verifier!.inputTokens);
  expect(difficulty).toBeUndefined();
});

test("takes every seed from its own seed, the problem and the position, never from order", async () => {
  const seeds = new Map<string, number>();
  const respond: Respond = (request) => {
    seeds.set(request.position, request.seed);
    return request.prefix ? "#### 1" : "one step\n";
  };
  const verifier = custom(() => 1, { scoresPartial: true });
  await run(
    { seed: 5, problem: { id: "a", prompt: "?" }, strategy: beam({ n: 4, width: 2 }), verifier },
    respond,
  );
  expect([...seeds.keys()]).toContain("round/1/beam/0/child/3");
  for (const [position, seed] of seeds) {
    expect(seed).toBe(
      rng(5)
        .split("a")
        .split(position)
        .int(0, 2 ** 31 - 1),
    );
  }
});

test("carries out a plan given as data", async () => {
  const plan = { strategy: "beam", params: { n: 4, width: 2 } };
  const { receipt } = await run({ strategy: plan, verifier: custom(() => 1, { scoresPartial: true }) });
  expect(receipt.plan).toMatchObject(plan);
});

test("asks for no more than the context holds", async () => {
  const asked: number[] = [];
  const respond: Respond = (request) => {
    asked.push(request.maxTokens);
    return digit(request, { attempt: 0 });
  };
  await run({}, respond, { contextLength: 100 });
  expect(asked).toEqual([97, 97, 97, 97]);
  const { answer, receipt } = await run({ problem: "word ".repeat(200) }, respond, { contextLength: 100 });
  expect(answer).toBeUndefined();
  expect(receipt).toMatchObject({ stop: "failed", lostCalls: 4 });
});

describe("under a budget", () => {
  const limits = { strategy: majority({ n: 4, maxTokens: 6 }) };

  test("buys what fits and says what stopped it", async () => {
    const { answer, receipt, trace } = await run({ ...limits, budget: { tokens: 20 } });
    expect(answer).toBeDefined();
    expect(receipt).toMatchObject({
      stop: "budget",
      stoppedBy: "tokens",
      refusedCalls: 2,
      total: { calls: 2 },
    });
    expect(trace.at(-1)).toEqual({ type: "stopped", reason: "budget", stoppedBy: "tokens" });
  });

  test("says what one sample takes when not one fits", async () => {
    const tight = run({ ...limits, budget: { tokens: 8 } });
    await expect(tight).rejects.toBeInstanceOf(BudgetTooSmallError);
    await expect(tight).rejects.toThrow(
      "One sample takes up to tokens=9 but the budget allows 8: raise it, or lower maxTokens.",
    );
  });

  test("keeps room for scoring what it draws", async () => {
    const strategy = weightedBestOfN({ n: 16, maxTokens: 6 });
    const { receipt, trace } = await run({ strategy, verifier: paid(() => 0.5), budget: { tokens: 100 } });
    const scored = trace.filter((event) => event.type === "scored" && event.score !== undefined).length;
    const drawn = trace.filter(({ type }) => type === "proposed").length;
    expect(receipt.stop).toBe("budget");
    expect(receipt.refusedCalls).toBeLessThanOrEqual(2);
    expect(drawn).toBeGreaterThan(4);
    expect(drawn - scored).toBeLessThanOrEqual(2);
  });

  test("ends at the deadline with the best so far", async () => {
    const clock = virtualClock();
    const slow: Respond = ({ position, ...rest }) => ({
      text: digit({ ...rest, position }, { attempt: 0 }) as string,
      delayMs: position === "sample/3" ? 5000 : 10,
    });
    const model = scripted(slow, { clock });
    const { answer, receipt } = await clock.run(run({ model, clock, budget: { ms: 1000 } }));
    expect(answer).toBeDefined();
    expect(receipt).toMatchObject({ stop: "deadline", stoppedBy: "ms", wallMs: 1000 });
    expect(receipt.notes).toEqual([]);
  });
});

test("ends with the best so far when it is cancelled", async () => {
  const stop = new AbortController();
  const clock = virtualClock();
  const slow: Respond = (request) => ({
    text: digit(request, { attempt: 0 }) as string,
    delayMs: request.position === "sample/3" ? 5000 : 10,
  });
  clock.after(1000, () => stop.abort());
  const { answer, receipt, trace } = await clock.run(
    run({ model: scripted(slow, { clock }), clock, signal: stop.signal }),
  );
  expect(answer).toBeDefined();
  expect(receipt).toMatchObject({ stop: "cancelled", wallMs: 1000 });
  expect(trace).toContainEqual({ type: "lost", id: "sample/3", reason: "cancelled", outputTokens: 0 });
});

test("spends nothing when it is cancelled before it begins", async () => {
  for (const strategy of [majority(), bestOfN(), beam()]) {
    const verifier = custom(() => 1, { scoresPartial: true });
    const { answer, receipt } = await run({ strategy, verifier, signal: AbortSignal.abort() });
    expect([answer, receipt.stop, receipt.total.calls]).toEqual([undefined, "cancelled", 0]);
  }
});

test("says that it failed when every sample was lost", async () => {
  const broken: Respond = () => ({ text: "", error: new Error("The server is gone.") });
  const { answer, receipt, trace } = await run({}, broken);
  expect(answer).toBeUndefined();
  expect(receipt).toMatchObject({ stop: "failed", lostCalls: 4 });
  expect(trace[0]).toMatchObject({ type: "lost", reason: "The server is gone." });
});

test("is done, without an answer, when none can be read", async () => {
  const { answer, text, receipt, trace } = await run({ strategy: greedy() }, () => "I would rather not.");
  expect([answer, text, receipt.stop]).toEqual([undefined, "I would rather not.", "done"]);
  expect(trace).toContainEqual(
    expect.objectContaining({ type: "selected", why: "no candidate states an answer that can be read" }),
  );
});

test("is done, without an answer, when every solution was cut", async () => {
  const { answer, receipt } = await run({ strategy: majority({ n: 2, maxTokens: 3 }) });
  expect([answer, receipt.stop, receipt.lostCalls]).toEqual([undefined, "done", 0]);
  expect(receipt.notes).toEqual([
    "Solutions were cut before they ended and so have no answer: raise maxTokens.",
  ]);
});

test("names on the receipt the fallbacks that were taken", async () => {
  const { receipt } = await run({ strategy: bestOfN({ n: 2 }), verifier: custom(() => undefined) });
  expect(receipt.notes).toEqual(["The verifier gave no score: majority voting instead."]);
});

test("resumes from a journal without buying anything twice", async () => {
  const journal = join(folder, "resume.db");
  const strategy = beam({ n: 4, width: 2 });
  const verifier = paid((text) => (text.length % 7) / 7);
  const first = await run({ journal, strategy, verifier });
  const unused: Respond = () => {
    throw new UsageError("bought again");
  };
  const again = await run({ journal, strategy, verifier }, unused);
  expect(again.trace).toEqual(first.trace);
  expect(again.receipt.total).toMatchObject({
    calls: first.receipt.total.calls,
    inputTokens: first.receipt.total.inputTokens,
    outputTokens: first.receipt.total.outputTokens,
  });
  expect(again.receipt.replayedCalls).toBe(first.receipt.total.calls);
  const other = run({ journal, strategy, verifier, seed: 2 }, unused);
  await expect(other).rejects.toThrow("bought again");
});

test.each([
  [{ seed: 1.5 }, "seed must be a whole number, not 1.5."],
  [{ strategy: { strategy: "tree", params: {} } }, 'Unknown strategy "tree"'],
  [{ budget: { tokens: 0 } }, "The budget tokens=0 is zero"],
  [{ budget: { flops: 1e9 } }, "A budget in FLOPs needs the shape of the generator scripted"],
  [{ journal: folder }, "Cannot use the journal"],
])("refuses %o in one sentence", async (change, message) => {
  const refused = run(change);
  await expect(refused).rejects.toBeInstanceOf(UsageError);
  await expect(refused).rejects.toThrow(message);
});
