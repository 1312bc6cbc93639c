import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { Model } from "../../src/models/model.ts";
import { scripted, scriptedTokens } from "../../src/models/scripted.ts";
import { rng } from "../../src/random.ts";
import { solve } from "../../src/solve.ts";
import { lowestGroup, percentile, tokenConfidences } from "../../src/strategies/confidence.ts";
import { deepconf, majority, type Strategy, tournament } from "../../src/strategies/index.ts";
import { vote } from "../../src/strategies/select.ts";
import { BudgetTooSmallError, type TraceEvent, UsageError } from "../../src/types.ts";
import { custom } from "../../src/verifiers/custom.ts";
import type { PairRequest, Scoring, Verifier } from "../../src/verifiers/verifier.ts";
import { author, critic, type Played, PROBLEM, play, type World, worlds } from "./worlds.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-self-"));
afterAll(() => rmSync(folder, { recursive: true }));

const sizes = fc.integer({ min: 1, max: 12 });
const chosen = ({ selected, candidates }: Played) => [selected?.text, candidates.map(({ text }) => text)];
const tokensOf = (trace: readonly TraceEvent[]) =>
  trace.reduce((sum, event) => sum + ("outputTokens" in event ? event.outputTokens : 0), 0);

/** Writes a whole solution per sample, any part of it on demand, surer of some words than of others. */
function doubter(world: World, delays = 0, sure?: number): Model {
  return scripted(async ({ prefix = "", position }) => {
    const source = rng(world.seed).split("doubter", Number(position.split("/")[1]));
    for (let turn = source.split("delay").int(0, delays); turn > 0; turn -= 1) await undefined;
    const steps = Array.from({ length: world.steps + 1 }, () => `word ${source.int(1, world.words)}\n`);
    const whole = `${steps.join("")}#### ${source.int(1, world.answers)}`;
    const chances = scriptedTokens(whole).map((_, at) => sure ?? 0.5 + source.split(at).next() / 2.01);
    const logprobs = chances.slice(scriptedTokens(prefix).length).map(Math.log);
    return { text: whole.slice(prefix.length), logprobs };
  });
}

const doubting = fc.record({
  n: sizes,
  warmup: sizes,
  keep: fc.constantFrom(0.1, 0.5, 0.9, 1),
  window: fc.integer({ min: 1, max: 20 }),
});

/** Prefers whatever the critic of a world prefers, and what comes first; sometimes cannot say. */
function referee(world: World, bias = 0.1): Verifier {
  const liking = (text: string) => rng(world.seed).split("referee", text).next();
  return custom(() => 0.5, {
    compare: (first, second) =>
      rng(world.seed).split("pair", first, second).next() < world.silence
        ? undefined
        : Math.max(0, Math.min(1, 0.5 + bias + (liking(first) - liking(second)) / 4)),
  });
}

/** The referee, billing for what it reads. */
function billing(world: World): Verifier {
  const { free: _, pairs, ...verifier } = referee(world);
  const cost = ({ first, second }: PairRequest) => scriptedTokens(first + second).length + 2;
  const billed: Scoring<PairRequest> = {
    countTokens: async (requests) => requests.map((request) => ({ input: cost(request), output: 1 })),
    score: async (requests, { signal } = {}) =>
      (await pairs!.score(requests, signal && { signal })).map((score, index) => ({
        ...score,
        usage: { inputTokens: cost(requests[index]!), outputTokens: 1 },
      })),
  };
  return { ...verifier, pairs: billed };
}

const every = fc.oneof(
  doubting.map((knobs): Strategy => deepconf({ ...knobs, maxTokens: 20 })),
  fc.tuple(sizes, sizes).map(([n, entrants]): Strategy => tournament({ n, entrants, maxTokens: 20 })),
);

test("the lowest group is what counting by hand gives", () => {
  const confidences = fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(confidences, fc.integer({ min: 1, max: 40 }), (all, size) => {
      const width = Math.min(size, all.length);
      const means = Array.from({ length: all.length - width + 1 }, (_, from) => {
        return all.slice(from, from + width).reduce((sum, one) => sum + one, 0) / width;
      });
      expect(lowestGroup(all, size)).toBeCloseTo(Math.min(...means), 6);
    }),
  );
  expect(lowestGroup([], 3)).toBeUndefined();
});

test("a token's confidence is the negative mean of its alternatives that are known", () => {
  const top = [-0.5, -1.5, -Infinity].map((logprob) => ({ token: "a", logprob }));
  const places = [
    { token: "a", logprob: -0.5, top },
    { token: "b", logprob: -1 },
  ];
  expect(tokenConfidences(places, 20)).toEqual([1]);
  expect(tokenConfidences(places, 1)).toEqual([0.5]);
  expect(percentile([3, 1, 2], 0.5)).toBe(2);
  expect(percentile([0, 10], 0.1)).toBeCloseTo(1, 12);
  expect(percentile([], 0.1)).toBeUndefined();
});

test("with equal confidence everywhere, and without any, DeepConf is majority voting", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, doubting, fc.constantFrom(0.6, 1), async (world, knobs, sure) => {
      const model = doubter(world, 0, sure);
      const [own, voted] = [await play(deepconf(knobs), model), await play(majority({ n: knobs.n }), model)];
      expect(chosen(own)).toEqual(chosen(voted));
    }),
  );
});

test("DeepConf online votes as offline by the same threshold, and never generates more", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, doubting, async (world, knobs) => {
      const online = await play(deepconf(knobs), doubter(world));
      const offline = await play(deepconf({ ...knobs, warmup: knobs.n }), doubter(world));
      expect(tokensOf(online.trace)).toBeLessThanOrEqual(tokensOf(offline.trace));
      const calls = offline.trace.filter(({ type }) => type === "proposed");
      expect(calls).toHaveLength(knobs.n);
      if (knobs.keep === 1) expect(chosen(online)).toEqual(chosen(offline));
      for (const event of online.trace) {
        if (event.type === "pruned") expect(event.reason).toMatch(/^confidence .* is below/);
        if (event.type === "scored" && event.score !== undefined)
          expect(event.score >= 0 && event.score <= 1).toBe(true);
      }
    }),
  );
});

test("a warm-up trace is never stopped, and a stopped one is no candidate", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, doubting, async (world, knobs) => {
      const { trace, candidates } = await play(deepconf(knobs), doubter(world));
      const pruned = trace.flatMap((event) => (event.type === "pruned" ? [event.id] : []));
      for (const id of pruned) expect(Number(id.split("/")[1])).toBeGreaterThanOrEqual(knobs.warmup);
      expect(candidates.length + pruned.length).toBe(knobs.n);
    }),
  );
});

test("an order of all answers wins the tournament with its first, whatever place is preferred", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, sizes, fc.constantFrom(0, 0.2), async (world, n, bias) => {
      const spoken = { ...world, silence: 0 };
      const { selected, trace, candidates } = await play(
        tournament({ n, entrants: n }),
        author(spoken),
        referee(spoken, bias),
      );
      const entrants = vote(candidates).map((one) => one.candidates[0]!);
      const liking = (text: string) => rng(world.seed).split("referee", text).next();
      const best = [...entrants].sort((a, b) => liking(b.text) - liking(a.text))[0];
      expect(selected!.id).toBe(best!.id);
      expect(trace.filter(({ type }) => type === "compared")).toHaveLength(entrants.length - 1);
    }),
  );
});

test("a referee that only likes the first place, or never speaks, leaves majority voting", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, sizes, fc.constantFrom(0.9, undefined), async (world, n, said) => {
      const verifier = custom(() => 1, { compare: () => said });
      const played = await play(tournament({ n }), author(world), verifier);
      const voted = await play(majority({ n }), author(world));
      expect(played.selected!.answer).toBe(voted.selected!.answer);
    }),
  );
});

test("comparisons are in the ledger as the verifier's, two for each pair", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, sizes, async (world, n) => {
      const options = { problem: PROBLEM, model: author(world), verifier: billing(world) };
      const { receipt, trace } = await solve({ ...options, strategy: tournament({ n }) });
      const pairs = trace.filter(({ type }) => type === "compared").length;
      expect(receipt.roles.verifier?.calls ?? 0).toBe(2 * pairs);
      if (pairs > 0) expect(receipt.roles.verifier!.inputTokens).toBeGreaterThan(0);
      expect(tokensOf(trace)).toBe(receipt.roles.generator!.outputTokens);
    }),
  );
});

test("the same seed gives the same outcome and trace, whatever arrives first", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, every, async (world, strategy) => {
      const calm = await play(strategy, doubter(world), referee(world));
      const busy = await play(strategy, doubter(world, 9), referee(world));
      expect(busy).toEqual(calm);
    }),
  );
});

test("any budget, and an interruption at any call, leave the best so far and a receipt that adds up", async () => {
  const limit = fc.integer({ min: 1, max: 500 });
  await fc.assert(
    fc.asyncProperty(worlds, every, limit, fc.nat(30), async (world, strategy, tokens, after) => {
      const stop = new AbortController();
      const inner = doubter(world);
      let calls = 0;
      const model: Model = {
        ...inner,
        generate: (requests, options) => {
          calls += requests.length;
          if (calls > after) stop.abort();
          return inner.generate(requests, options);
        },
      };
      const options = { problem: PROBLEM, strategy, verifier: billing(world) };
      const runs = [
        () => solve({ ...options, model: inner, budget: { tokens } }),
        () => solve({ ...options, model, signal: stop.signal }),
      ];
      for (const run of runs) {
        try {
          const { receipt, trace, answer } = await run();
          const { inputTokens, outputTokens } = receipt.total;
          if (receipt.budget.tokens !== undefined)
            expect(inputTokens + outputTokens).toBeLessThanOrEqual(tokens);
          expect(tokensOf(trace)).toBe(receipt.roles.generator?.outputTokens ?? 0);
          const found = trace.some((event) => event.type === "proposed" && event.answer !== undefined);
          expect(answer !== undefined).toBe(found);
        } catch (error) {
          if (!(error instanceof BudgetTooSmallError)) throw error;
          expect(tokens).toBeLessThan(25);
        }
      }
    }),
  );
});

test("a run that died and resumes gives the same answer, and no completed call is bought twice", async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(worlds, every, fc.nat(20), async (world, strategy, after) => {
      const journal = join(folder, `${runs++}.db`);
      const inner = doubter(world);
      const served: string[] = [];
      let left = after;
      const mortal: Model = {
        ...inner,
        generate: async (requests, options) => {
          const completions = [];
          for (const [index, request] of requests.entries()) {
            if (left-- === 0) throw new UsageError("killed");
            const [completion] = await inner.generate([request]);
            served.push(request.position);
            options?.onCompletion?.(index, completion!);
            completions.push(completion!);
          }
          return completions;
        },
      };
      const options = { problem: PROBLEM, strategy, verifier: billing(world), journal };
      const first = await solve({ ...options, model: mortal }).catch((error: unknown) => error);
      const { journal: _, ...fresh } = options;
      const calm = await solve({ ...fresh, model: inner });
      const resumed =
        first instanceof UsageError ? await solve({ ...options, model: mortal }) : (first as typeof calm);
      expect([resumed.answer, resumed.text]).toEqual([calm.answer, calm.text]);
      expect(resumed.trace).toEqual(calm.trace);
      expect(new Set(served).size).toBe(served.length);
    }),
    { numRuns: 20 },
  );
});

test("what the model or the verifier cannot give is refused before anything is spent", async () => {
  const world = { seed: 1, words: 2, steps: 1, answers: 2, grades: 2, silence: 0 };
  let calls = 0;
  const silent: Model = {
    ...author(world),
    can: { prefix: true, logprobs: false, seed: true },
    generate: async () => {
      calls += 1;
      return [];
    },
  };
  await expect(play(deepconf(), silent)).rejects.toThrow(/log-probabilities.*use majority/);
  await expect(play(tournament(), silent)).rejects.toThrow(/compares solutions.*use majority/);
  await expect(play(tournament(), silent, critic(world))).rejects.toThrow(
    /custom does not.*weighted-best-of-n/,
  );
  expect(calls).toBe(0);
  for (const knobs of [{ keep: 0 }, { keep: 1.5 }, { warmup: 0 }, { window: 0 }, { top: 0 }])
    expect(() => deepconf(knobs)).toThrow(UsageError);
  expect(() => tournament({ entrants: 0 })).toThrow(UsageError);
});

test("a model that cannot go on with a text writes whole traces, which are weighed all the same", async () => {
  const world = { seed: 4, words: 3, steps: 4, answers: 3, grades: 2, silence: 0 };
  const whole = doubter(world);
  const model = { ...whole, can: { ...whole.can, prefix: false } };
  const { trace } = await play(deepconf({ n: 12, warmup: 4, keep: 0.5 }), model);
  expect(trace.filter(({ type }) => type === "proposed")).toHaveLength(12);
});

test("a context that is full cuts a trace instead of asking for ever", async () => {
  const model = scripted(() => ({ text: "word ".repeat(99), logprobs: [] }), { contextLength: 40 });
  const strategy = deepconf({ n: 4, warmup: 2 });
  const { receipt, trace, answer } = await solve({ problem: PROBLEM, model, strategy });
  expect(answer).toBeUndefined();
  expect(trace.filter(({ type }) => type === "pruned")).toHaveLength(4);
  expect(receipt.notes).toContainEqual(expect.stringContaining("raise maxTokens"));
});
