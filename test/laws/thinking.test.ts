import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { GenerateRequest, Model } from "../../src/models/model.ts";
import { scripted, scriptedTokens } from "../../src/models/scripted.ts";
import { wrap } from "../../src/models/wrap.ts";
import { rng } from "../../src/random.ts";
import { solve } from "../../src/solve.ts";
import { budgetForcing, decompose, greedy, type Strategy } from "../../src/strategies/index.ts";
import { BudgetTooSmallError, type Result, type TraceEvent, UsageError } from "../../src/types.ts";
import { author, PROBLEM, play, type World, worlds } from "./worlds.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-thinking-"));
afterAll(() => rmSync(folder, { recursive: true }));

const CLOSE = "</think>";

/** Goes on with a text that is thinking, or has thought: some steps, the end marker, an answer. */
function thought(world: World, prefix: string): string {
  let text = prefix;
  while (!text.includes(CLOSE)) {
    const next = rng(world.seed).split("thinker", text);
    const written = text.split("Wait").at(-1)!.split("\n").length - 2;
    if (text === "") text = "<think>\n";
    else if (!text.endsWith("\n")) text += "\n";
    else text += written >= world.steps || next.next() < 0.25 ? CLOSE : `step w${next.int(1, world.words)}\n`;
  }
  return `${text}\n\n#### ${rng(world.seed).split("answer", text).int(1, world.answers)}`;
}

/** A model that thinks before it answers; with `own`, one that ends its thinking at a limit itself. */
function thinker(world: World, own = false): Model {
  const model = scripted(({ prefix = "", thinking }) => {
    const text = thought(world, prefix).slice(prefix.length);
    const span = scriptedTokens(text.slice(0, text.indexOf(CLOSE)));
    if (thinking === undefined || prefix.includes(CLOSE) || span.length <= thinking.tokens) return text;
    const cut = `${span.slice(0, thinking.tokens).join("")}${CLOSE}`;
    return thought(world, prefix + cut).slice(prefix.length);
  });
  return { ...model, can: { ...model.can, thinking: own } };
}

const LISTS: readonly ((parts: readonly string[]) => string)[] = [
  (parts) => parts.map((part, index) => `${index + 1}. ${part}`).join("\n"),
  (parts) => `Sure:\n\n${parts.map((part) => `- **${part}**`).join("\n")}\n\nGood luck.`,
  (parts) => JSON.stringify(parts),
  (parts) => `No list, only ${parts.length} words.`,
];

/** A model that splits, answers and gives up by chance, but always the same for the same chat. */
function splitter(world: World, delays = 0): Model {
  return scripted(async ({ prompt, seed, temperature }) => {
    const asked = typeof prompt === "string" ? prompt : prompt.map(({ content }) => content).join("\n");
    const source = rng(world.seed).split("splitter", temperature === 0 ? "greedy" : seed, asked);
    for (let turn = source.split("delay").int(0, delays); turn > 0; turn -= 1) await undefined;
    const answer = `#### ${source.int(1, world.answers)}`;
    if (!asked.includes("Split ")) {
      const hard = asked.includes("too hard") && source.next() < 0.5;
      if (hard) return "#### too hard";
      return source.next() < 0.2 ? "It depends" : `step\n${answer}`;
    }
    const parts = Array.from({ length: source.int(0, 4) }, () => `How many w${source.int(1, 99)} are there?`);
    return source.pick(LISTS)(parts);
  });
}

interface Case {
  readonly strategy: Strategy;
  readonly model: (world: World) => Model;
}

const limits = { maxTokens: 20 };
const thinkings = fc.record({
  extensions: fc.integer({ min: 0, max: 3 }),
  thinkingTokens: fc.integer({ min: 1, max: 60 }),
});
const splits = fc.record({
  parts: fc.integer({ min: 1, max: 4 }),
  depth: fc.integer({ min: 1, max: 3 }),
  inner: fc.constantFrom("greedy" as const, "majority" as const),
  samples: fc.integer({ min: 1, max: 4 }),
});
const every: fc.Arbitrary<Case> = fc.oneof(
  fc.tuple(thinkings, fc.boolean()).map(([knobs, own]) => ({
    strategy: budgetForcing({ ...limits, ...knobs }),
    model: (world: World) => thinker(world, own),
  })),
  splits.map((knobs) => ({
    strategy: decompose({ ...limits, ...knobs }),
    model: (world: World) => splitter(world),
  })),
);

const complete = (trace: readonly TraceEvent[]) =>
  trace.filter((one) => one.type === "proposed" && one.complete);

const room = { thinkingTokens: 1000 };
const waits = (text: string) => text.split("Wait").length - 1;

test("budget forcing without extensions is one sample, whoever ends the thinking", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.boolean(), async (world, own) => {
      const one = await play(greedy(), thinker(world));
      const { selected } = await play(budgetForcing({ extensions: 0, ...room }), thinker(world, own));
      expect(selected!.text).toBe(one.selected!.text);
      expect(selected!.answer).toBe(one.selected!.answer);
      expect(selected!.outputTokens).toBe(one.selected!.outputTokens);
    }),
  );
});

test("with room, the end of the thinking is suppressed as often as asked, whoever ends it", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.nat(4), async (world, extensions) => {
      const knobs = { extensions, ...room };
      const forced = await play(budgetForcing(knobs), thinker(world));
      expect(waits(forced.selected!.text)).toBe(extensions);
      const own = await play(budgetForcing(knobs), thinker(world, true));
      expect(own.selected!.text).toBe(forced.selected!.text);
    }),
  );
});

test("thinking keeps its limit, and there is an answer all the same", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, thinkings, fc.boolean(), async (world, knobs, own) => {
      const { selected, trace } = await play(budgetForcing(knobs), thinker(world, own));
      const { text, answer } = selected!;
      expect(answer).toBeDefined();
      expect(waits(text)).toBeLessThanOrEqual(knobs.extensions);
      const span = scriptedTokens(text.slice(0, text.indexOf(CLOSE)));
      expect(span.length - waits(text)).toBeLessThanOrEqual(knobs.thinkingTokens + 1);
      const thinking = trace.filter((one) => one.type === "proposed" && one.id.startsWith("think/"));
      const spent = thinking.reduce((sum, one) => sum + ("outputTokens" in one ? one.outputTokens : 0), 0);
      if (!own) expect(spent).toBeLessThanOrEqual(knobs.thinkingTokens);
    }),
  );
});

test("a model that does not think is left alone, and it is said", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, thinkings, async (world, { extensions }) => {
      const one = await play(greedy(), author(world));
      const { selected, trace } = await play(budgetForcing({ extensions, ...room }), author(world));
      expect(selected!.text).toBe(one.selected!.text);
      expect(trace.some(({ type }) => type === "note")).toBe(true);
    }),
  );
});

/** The model, writing down what it is asked. */
function listening(model: Model): { readonly model: Model; readonly asked: GenerateRequest[] } {
  const asked: GenerateRequest[] = [];
  const heard = wrap(model, (requests, options) => {
    asked.push(...requests);
    return model.generate(requests, options);
  });
  return { model: heard, asked };
}

test("decomposition into one part is greedy: same call, same text", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.boolean(), async (world, forbidden) => {
      const plain = listening(splitter(world));
      const one = await play(greedy(), plain.model);
      const single = scripted((request) =>
        typeof request.prompt === "string" ? one.selected!.text : "1. How many?",
      );
      const split = listening(forbidden ? splitter(world) : single);
      const { selected } = await play(decompose(forbidden ? { parts: 1 } : {}), split.model);
      expect(selected).toEqual(one.selected);
      expect(split.asked[0]).toEqual(plain.asked[0]);
      expect(split.asked).toHaveLength(forbidden ? 1 : 2);
    }),
  );
});

test("parts are bounded in count and depth, asked in order, with the earlier answers in sight", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, splits, async (world, knobs) => {
      const { model, asked } = listening(splitter(world));
      const { trace } = await play(decompose(knobs), model);
      const { parts, depth } = knobs;
      const inner = knobs.inner === "greedy" ? 1 : knobs.samples;
      const most = (left: number): number => (left === 0 ? 0 : 2 + parts * (inner + most(left - 1)));
      expect(asked.length).toBeLessThanOrEqual(1 + most(depth));
      expect(new Set(asked.map(({ position }) => position)).size).toBe(asked.length);
      const deep = asked.map(({ position }) => position.split("part/").length - 1);
      expect(Math.max(...deep)).toBeLessThanOrEqual(depth);
      const whole = complete(trace).map((one) => ("id" in one ? one.id : ""));
      expect(whole.filter((id) => id !== "sample/0" && id !== "combine")).toEqual([]);
      const roots = trace.filter((one) => one.type === "answered" && /^part\/\d+$/.test(one.id));
      for (const [index, one] of roots.entries()) {
        if (one.type !== "answered" || one.answer === undefined) continue;
        const later = asked.filter(({ position }) => position.startsWith(`part/${index + 1}/`));
        for (const { prompt } of later)
          expect(JSON.stringify(prompt)).toContain(JSON.stringify(one.text).slice(1, -1));
      }
    }),
  );
});

test("a problem whose parts never resolve ends, says so, and keeps its direct answer", async () => {
  const stubborn = scripted(({ prompt }) => {
    if (typeof prompt === "string") return "#### 7";
    return prompt.at(-1)!.content.includes("Split ") ? "1. One?\n2. Two?\n3. Three?" : "#### Too hard";
  });
  const { selected, why, trace } = await play(decompose({ parts: 3, depth: 3 }), stubborn);
  expect([selected!.answer, why]).toEqual(["7", "the direct answer"]);
  expect(trace).toContainEqual({ type: "note", text: "39 of 39 parts were not resolved." });
});

test("the same seed gives the same outcome and trace, whatever arrives first", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, splits, fc.nat(99), async (world, knobs, seed) => {
      const calm = await play(decompose(knobs), splitter(world), undefined, seed);
      const busy = await play(decompose(knobs), splitter(world, 9), undefined, seed);
      expect(busy).toEqual(calm);
    }),
  );
});

/** The parts of a result that neither the clock nor the journal may change. */
function lasting({ answer, text, trace, receipt }: Result) {
  const { wallMs: _, replayedCalls: __, repeatedCalls: ___, roles, total, ...rest } = receipt;
  const timeless = Object.values({ ...roles, total }).map(({ modelMs: _, ...counts }) => counts);
  return { answer, text, trace, receipt: rest, totals: timeless };
}

test("one worker and eight give the same answer and receipt", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, every, async (world, { strategy, model }) => {
      const [one, eight] = await Promise.all(
        [1, 8].map((concurrency) =>
          solve({ problem: PROBLEM, strategy, model: model(world), limits: { concurrency } }),
        ),
      );
      expect(lasting(eight!)).toEqual(lasting(one!));
    }),
  );
});

test("what was completed survives a cancellation at any call, and the receipt adds up", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, every, fc.nat(30), async (world, { strategy, model }, after) => {
      const stop = new AbortController();
      const inner = model(world);
      let calls = 0;
      const stopped = wrap(inner, (requests, options) => {
        calls += requests.length;
        if (calls > after) stop.abort();
        return inner.generate(requests, options);
      });
      const { answer, text, trace, receipt } = await solve({
        problem: PROBLEM,
        strategy,
        model: stopped,
        signal: stop.signal,
      });
      expect(text === undefined).toBe(complete(trace).length === 0);
      const answers = complete(trace).flatMap((one) => ("answer" in one ? [one.answer] : []));
      expect(answer === undefined).toBe(answers.length === 0);
      if (answer !== undefined) expect(answers).toContain(answer);
      const traced = trace.reduce((sum, one) => sum + ("outputTokens" in one ? one.outputTokens : 0), 0);
      expect(traced).toBe(receipt.total.outputTokens);
    }),
  );
});

test("nothing more is asked after a cancellation, and after a refusal only for the answer itself", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, every, fc.nat(12), fc.boolean(), async (world, one, after, refuses) => {
      const stop = new AbortController();
      const inner = one.model(world);
      let batches = 0;
      const ending = wrap(inner, async (requests, options) => {
        const completions = await inner.generate(requests, options);
        if (batches++ < after) return completions;
        if (!refuses) stop.abort();
        const finish = refuses ? ("refused" as const) : ("cancelled" as const);
        return completions.map((completion) => ({ ...completion, text: "", finish }));
      });
      await play(one.strategy, ending, undefined, 1, stop.signal);
      const answers = refuses && one.strategy.plan!.strategy === "budget-forcing" ? 1 : 0;
      expect(batches).toBeLessThanOrEqual(after + 1 + answers);
    }),
  );
});

test("calls that fail at random cost their own part only", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, every, fc.nat(1e6), async (world, { strategy, model }, seed) => {
      const inner = model(world);
      const failing = wrap(inner, async (requests, options) => {
        const completions = await inner.generate(requests, options);
        return completions.map((one, index) =>
          rng(seed).split(requests[index]!.position).next() < 0.4
            ? { ...one, text: "", finish: "error" as const, error: new Error("The line broke.") }
            : one,
        );
      });
      const { text, trace, receipt } = await solve({ problem: PROBLEM, strategy, model: failing });
      expect(text === undefined).toBe(complete(trace).length === 0);
      expect(receipt.lostCalls).toBe(trace.filter(({ type }) => type === "lost").length);
      const traced = trace.reduce((sum, one) => sum + ("outputTokens" in one ? one.outputTokens : 0), 0);
      expect(traced).toBe(receipt.total.outputTokens);
    }),
  );
});

test("any budget ends in the best so far, or says that it is too small for one call", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, every, fc.integer({ min: 1, max: 900 }), async (world, one, tokens) => {
      const options = { problem: PROBLEM, strategy: one.strategy, model: one.model(world) };
      try {
        const { receipt, trace, answer } = await solve({ ...options, budget: { tokens } });
        expect(receipt.total.inputTokens + receipt.total.outputTokens).toBeLessThanOrEqual(tokens);
        expect(receipt.stop).toBe(receipt.refusedCalls > 0 ? "budget" : "done");
        const answers = complete(trace).flatMap((event) => ("answer" in event ? [event.answer] : []));
        expect(answer === undefined).toBe(answers.length === 0);
      } catch (error) {
        if (!(error instanceof BudgetTooSmallError)) throw error;
        expect(tokens).toBeLessThan(90);
      }
    }),
  );
});

test("a run that died at any call and resumes gives what an undisturbed one gives, and buys nothing twice", async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(worlds, every, fc.nat(25), async (world, { strategy, model }, after) => {
      const journal = join(folder, `${runs++}.db`);
      const inner = model(world);
      const served: string[] = [];
      let left = after;
      const mortal = wrap(inner, async (requests, options) => {
        const completions = [];
        for (const [index, request] of requests.entries()) {
          if (left-- === 0) throw new UsageError("killed");
          const [completion] = await inner.generate([request]);
          served.push(request.position);
          options?.onCompletion?.(index, completion!);
          completions.push(completion!);
        }
        return completions;
      });
      const options = { problem: PROBLEM, strategy, model: mortal };
      const first = await solve({ ...options, journal }).catch((error: unknown) => error);
      const resumed = first instanceof UsageError ? await solve({ ...options, journal }) : (first as Result);
      const undisturbed = await solve({ ...options, model: inner });
      expect(lasting(resumed)).toEqual(lasting(undisturbed));
      expect(new Set(served).size).toBe(served.length);
    }),
    { numRuns: 25 },
  );
});
