import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { Model } from "../../src/models/model.ts";
import { scripted } from "../../src/models/scripted.ts";
import { rng } from "../../src/random.ts";
import { solve } from "../../src/solve.ts";
import { eValues, evidence, riskOfTwo, wealth } from "../../src/strategies/consensus.ts";
import {
  adaptiveConsistency,
  type Context,
  eProcess,
  esc,
  majority,
  type Strategy,
} from "../../src/strategies/index.ts";
import { BudgetTooSmallError, type TraceEvent, UsageError } from "../../src/types.ts";
import { virtualClock } from "../virtual-clock.ts";
import { author, type Played, PROBLEM, play, type World, worlds } from "./worlds.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-stopping-"));
afterAll(() => rmSync(folder, { recursive: true }));

const MAKERS = [adaptiveConsistency, esc, eProcess] as const;
const sizes = fc.integer({ min: 1, max: 20 });
const levels = fc.constantFrom(0.01, 0.05, 0.2, 0.5, 0.9);
const stopping: fc.Arbitrary<Strategy> = fc
  .tuple(fc.constantFrom(...MAKERS), sizes, levels)
  .map(([make, n, level]) => make({ n, level, maxTokens: 20 }));
const chosen = ({ selected, candidates, why }: Played) => ({ selected, candidates, why });
/** All but what was under way at the decision, which alone may depend on time. */
const decided = (trace: readonly TraceEvent[]) => trace.filter(({ type }) => type !== "lost");

/** Runs a strategy with so many samples in flight. */
async function playWide(strategy: Strategy, model: Model, more: Partial<Context>): Promise<Played> {
  const trace: TraceEvent[] = [];
  const signal = new AbortController().signal;
  const context = { model, rng: rng(1), signal, emit: (event: TraceEvent) => trace.push(event), ...more };
  return { ...(await strategy(PROBLEM, context)), trace };
}

test("at level 0 every sample is drawn, and the result is majority voting", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.constantFrom(...MAKERS), sizes, async (world, make, n) => {
      const all = await play(make({ n, level: 0 }), author(world));
      const voted = await play(majority({ n }), author(world));
      expect(chosen(all)).toEqual(chosen(voted));
      expect(all.trace).toEqual(voted.trace);
    }),
  );
});

test("what is decided depends neither on the order of arrival, nor on the width, nor on waves", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, stopping, sizes, async (world, strategy, concurrency) => {
      const one = await playWide(strategy, author(world), { concurrency: 1 });
      for (const [delays, more] of [
        [9, { concurrency }],
        [9, { concurrency, budgeted: true }],
        [0, {}],
      ] as const) {
        const other = await playWide(strategy, author(world, delays), more);
        expect(chosen(other)).toEqual(chosen(one));
        expect(decided(other.trace)).toEqual(decided(one.trace));
      }
      expect(one.trace.some(({ type }) => type === "lost")).toBe(false);
    }),
  );
});

test("the result is the majority of the samples up to the decision", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, stopping, async (world, strategy) => {
      const stopped = await play(strategy, author(world));
      const n = stopped.candidates.length;
      const voted = await play(majority({ n, maxTokens: 20 }), author(world));
      expect(chosen(stopped)).toEqual(chosen(voted));
    }),
  );
});

test("a lower level never stops sooner", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.constantFrom(...MAKERS), levels, levels, async (world, make, a, b) => {
      const n = 20;
      const strict = await play(make({ n, level: Math.min(a, b) }), author(world));
      const lax = await play(make({ n, level: Math.max(a, b) }), author(world));
      // A larger window of ESC may end where a smaller one does not.
      if (make !== esc) expect(strict.candidates.length).toBeGreaterThanOrEqual(lax.candidates.length);
    }),
  );
});

test("samples that all agree stop as the papers count", async () => {
  const sure = scripted(() => "#### 4");
  const drawn = async (strategy: Strategy) => (await play(strategy, sure)).candidates.length;
  expect(await drawn(adaptiveConsistency())).toBe(4);
  expect(await drawn(esc())).toBe(5);
  expect(await drawn(eProcess())).toBe(8);
});

test("the published pairs of votes stop adaptive consistency, and one vote less does not", () => {
  for (const [first, second] of [
    [4, 0],
    [6, 1],
    [8, 2],
    [9, 3],
  ] as const) {
    expect(riskOfTwo(first, second)).toBeLessThanOrEqual(0.05);
    expect(riskOfTwo(first - 1, second)).toBeGreaterThan(0.05);
  }
});

/** The mean of a function over [0, 1]. */
function meanOf(f: (at: number) => number): number {
  const steps = 4000;
  let sum = 0;
  for (let step = 0; step < steps; step += 1) sum += f((step + 0.5) / steps);
  return sum / steps;
}

test("the risk of two answers and the wealth of the bets are their integrals", () => {
  const votes = fc.nat(12);
  fc.assert(
    fc.property(votes, votes, (first, second) => {
      const density = (share: number) => share ** first * (1 - share) ** second;
      const below = meanOf((at) => density(at / 2)) / 2;
      expect(riskOfTwo(first, second)).toBeCloseTo(below / meanOf(density), 5);
      const bets = meanOf((share) => (1 + share) ** first * (1 - share) ** second);
      expect(wealth(first, second) / bets).toBeCloseTo(1, 4);
    }),
    { numRuns: 50 },
  );
  expect(riskOfTwo(900, 880)).toBeGreaterThan(0.2);
  expect(wealth(3000, 0)).toBe(Infinity);
});

/** Distributions whose first answer is a commonest one. */
const HARD: readonly (readonly number[])[] = [
  [0.5, 0.5],
  [0.4, 0.35, 0.25],
  [1 / 3, 1 / 3, 1 / 3],
  [0.3, 0.3, 0.2, 0.1, 0.1],
  Array.from({ length: 10 }, () => 0.1),
];

test("the expected wealth against a commonest answer is never more than 1, counted exactly", () => {
  for (const chances of HARD.slice(0, 4)) {
    for (let length = 1; length <= (chances.length > 3 ? 5 : 7); length += 1) {
      let expected = 0;
      for (let code = 0; code < chances.length ** length; code += 1) {
        const votes = Array.from(
          { length },
          (_, at) => Math.floor(code / chances.length ** at) % chances.length,
        );
        const values = eValues(votes);
        const against = values.get(0) ?? values.get(undefined)!;
        expected += against * votes.reduce((product, vote) => product * chances[vote]!, 1);
      }
      expect(expected).toBeLessThan(1 + 1e-12);
    }
  }
});

/** The answer that a number in [0, 1) stands for. */
function drawn(chances: readonly number[], at: number): number {
  const ends = chances.map((_, last) => chances.slice(0, last + 1).reduce((sum, chance) => sum + chance, 0));
  const place = ends.findIndex((end) => at < end);
  return place < 0 ? chances.length - 1 : place;
}

test("looking after every vote, a wrong answer is certified no more often than the level says", () => {
  const [runs, longest] = [250, 50];
  for (const [place, chances] of HARD.entries()) {
    const wrong = { 0.05: 0, 0.2: 0 };
    for (let run = 0; run < runs; run += 1) {
      const random = rng("null").split(place, run);
      const votes: number[] = [];
      const open = new Set([0.05, 0.2] as const);
      while (votes.length < longest && open.size > 0) {
        votes.push(drawn(chances, random.next()));
        const { runnerUp, rest } = evidence(votes);
        for (const level of open) {
          if (Math.min(runnerUp, rest) < 1 / level) continue;
          open.delete(level);
          const counts = chances.map((_, answer) => votes.filter((one) => one === answer).length);
          if (counts[0]! < Math.max(...counts)) wrong[level] += 1;
        }
      }
    }
    expect(wrong[0.05] / runs).toBeLessThanOrEqual(0.05);
    expect(wrong[0.2] / runs).toBeLessThanOrEqual(0.2);
  }
});

/** Writes for as long as the sample's number says, one millisecond a token. */
function slowWorld(world: World) {
  const clock = virtualClock();
  let [flying, most] = [0, 0];
  const inner = scripted(
    ({ seed }) => {
      const source = rng(world.seed).split(seed);
      return `${"word ".repeat(source.int(1, 40))}\n#### ${source.int(1, world.answers)}`;
    },
    { msPerToken: 1, clock },
  );
  const model: Model = {
    ...inner,
    async generate(requests, options) {
      flying += requests.length;
      most = Math.max(most, flying);
      const completions = await inner.generate(requests, options);
      flying -= requests.length;
      return completions;
    },
  };
  return { clock, model, most: () => most };
}

test("fewer samples never take longer, and no more are in flight than the server serves at once", async () => {
  await fc.assert(
    fc.asyncProperty(
      worlds,
      fc.constantFrom(...MAKERS),
      levels,
      fc.integer({ min: 1, max: 8 }),
      async (world, make, level, concurrency) => {
        const fixed = slowWorld(world);
        const limits = { concurrency };
        const options = { problem: PROBLEM, limits };
        const all = await fixed.clock.run(
          solve({ ...options, strategy: majority({ n: 20 }), model: fixed.model, clock: fixed.clock }),
        );
        const early = slowWorld(world);
        const some = await early.clock.run(
          solve({ ...options, strategy: make({ n: 20, level }), model: early.model, clock: early.clock }),
        );
        expect(some.receipt.wallMs).toBeLessThanOrEqual(all.receipt.wallMs);
        expect(early.most()).toBeLessThanOrEqual(concurrency);
        expect(some.receipt.total.calls).toBeLessThanOrEqual(all.receipt.total.calls);
        const traced = some.trace.reduce(
          (sum, event) => sum + ("outputTokens" in event ? event.outputTokens : 0),
          0,
        );
        expect(some.receipt.total.outputTokens).toBe(traced);
      },
    ),
    { numRuns: 60 },
  );
});

test("what was under way at the decision is cancelled at once, and counted", async () => {
  const clock = virtualClock();
  const long = (position: string) => (Number(position.split("/")[1]) < 4 ? 4 : 400);
  const model = scripted(({ position }) => `${"word ".repeat(long(position))}\n#### 1`, {
    msPerToken: 1,
    clock,
  });
  const options = { problem: PROBLEM, model, clock, limits: { concurrency: 8 } };
  const { receipt, trace } = await clock.run(solve({ ...options, strategy: adaptiveConsistency() }));
  expect(receipt.wallMs).toBe(8);
  const lost = trace.filter((event) => event.type === "lost");
  // The first three come back an instant before the fourth, so three more are sent in their places.
  expect(lost.map(({ id }) => id)).toEqual([4, 5, 6, 7, 8, 9, 10].map((index) => `sample/${index}`));
  expect(lost.every(({ reason }) => reason === "cancelled")).toBe(true);
  expect(lost.map(({ outputTokens }) => outputTokens > 0)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(Math.max(...lost.map(({ outputTokens }) => outputTokens))).toBeLessThanOrEqual(8);
  expect(receipt.total.calls).toBe(11);
});

test("an interruption at any call leaves the majority of what came back", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, stopping, fc.nat(20), async (world, strategy, after) => {
      const stop = new AbortController();
      const inner = author(world);
      let calls = 0;
      const model: Model = {
        ...inner,
        generate: (requests, options) => {
          calls += requests.length;
          if (calls > after) stop.abort();
          return inner.generate(requests, options);
        },
      };
      const { receipt, trace, answer } = await solve({
        problem: PROBLEM,
        strategy,
        model,
        signal: stop.signal,
      });
      const complete = trace.filter((one) => one.type === "proposed" && one.complete);
      expect(answer === undefined).toBe(complete.every((one) => !("answer" in one)));
      const traced = trace.reduce(
        (sum, event) => sum + ("outputTokens" in event ? event.outputTokens : 0),
        0,
      );
      expect(receipt.total.outputTokens).toBe(traced);
    }),
  );
});

test("any budget ends in the best so far, or says that it is too small for one call", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, stopping, fc.integer({ min: 1, max: 400 }), async (world, strategy, tokens) => {
      try {
        const options = { problem: PROBLEM, strategy, model: author(world), budget: { tokens } };
        const { receipt, trace, answer } = await solve(options);
        expect(receipt.total.inputTokens + receipt.total.outputTokens).toBeLessThanOrEqual(tokens);
        const found = trace.some((event) => event.type === "proposed" && event.answer !== undefined);
        expect(answer !== undefined).toBe(found);
      } catch (error) {
        if (!(error instanceof BudgetTooSmallError)) throw error;
        expect(tokens).toBeLessThan(25);
      }
    }),
  );
});

test("under a budget the answer is the same for 1 and 8 workers", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, stopping, fc.integer({ min: 60, max: 400 }), async (world, strategy, tokens) => {
      const options = { problem: PROBLEM, strategy, budget: { tokens } };
      const one = await solve({ ...options, model: author(world), limits: { concurrency: 1 } });
      const eight = await solve({ ...options, model: author(world, 9), limits: { concurrency: 8 } });
      expect([eight.answer, eight.text]).toEqual([one.answer, one.text]);
      expect(decided(eight.trace)).toEqual(decided(one.trace));
    }),
  );
});

test("a run that died and resumes gives the same answer, and no completed call is bought twice", async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(worlds, stopping, fc.nat(15), async (world, strategy, after) => {
      const journal = join(folder, `${runs++}.db`);
      const inner = author(world);
      const served: string[] = [];
      let left = after;
      const mortal: Model = {
        ...inner,
        async generate(requests, options) {
          if (left-- === 0) throw new UsageError("killed");
          const completions = await inner.generate(requests, options);
          for (const [place, { finish }] of completions.entries())
            if (finish !== "cancelled") served.push(requests[place]!.position);
          return completions;
        },
      };
      const options = { problem: PROBLEM, strategy, journal };
      const first = await solve({ ...options, model: mortal }).catch((error: unknown) => error);
      const resumed =
        first instanceof UsageError ? await solve({ ...options, model: mortal }) : (first as typeof calm);
      const calm = await solve({ problem: PROBLEM, strategy, model: inner });
      expect([resumed.answer, resumed.text]).toEqual([calm.answer, calm.text]);
      expect(decided(resumed.trace)).toEqual(decided(calm.trace));
      expect(new Set(served).size).toBe(served.length);
    }),
    { numRuns: 25 },
  );
});

test("one lost sample is left out, and never ends the batch", async () => {
  const model = scripted(({ position }) =>
    position === "sample/1" ? { text: "", error: new Error("bad") } : "#### 7",
  );
  const { candidates, trace } = await play(adaptiveConsistency({ n: 8 }), model);
  expect(candidates.map(({ id }) => id)).toEqual(["sample/0", "sample/2", "sample/3", "sample/4"]);
  expect(trace).toContainEqual({ type: "lost", id: "sample/1", reason: "bad", outputTokens: 0 });
});

test("a level that is no probability is refused", () => {
  for (const level of [-0.1, 1, Number.NaN])
    for (const make of MAKERS) expect(() => make({ level })).toThrow(UsageError);
});
