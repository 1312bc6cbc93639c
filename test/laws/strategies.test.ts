import fc from "fast-check";
import { expect, test } from "vitest";
import type { Model } from "../../src/models/model.ts";
import { scripted } from "../../src/models/scripted.ts";
import { rng } from "../../src/random.ts";
import {
  abMcts,
  beam,
  bestOfN,
  budgetForcing,
  critiqueRevise,
  decompose,
  dvts,
  greedy,
  lookahead,
  majority,
  mcts,
  particles,
  rebase,
  revisionSearch,
  revisions,
  type Strategy,
  weightedBestOfN,
} from "../../src/strategies/index.ts";
import { rounds } from "../../src/strategies/rounds.ts";
import { choose } from "../../src/strategies/select.ts";
import { fullStepSampling } from "../../src/strategies/steps.ts";
import { custom } from "../../src/verifiers/custom.ts";
import { author, constant, critic, type Played, PROBLEM, play, replayed, worlds } from "./worlds.ts";

const sizes = fc.integer({ min: 1, max: 9 });
const widths = fc.tuple(sizes, sizes).map(([a, b]) => ({ n: Math.max(a, b), width: Math.min(a, b) }));
/** Those that choose by one vote or score among all their candidates. */
const choosing: fc.Arbitrary<Strategy> = fc.oneof(
  fc.constant(greedy()),
  sizes.map((n) => majority({ n })),
  sizes.map((n) => bestOfN({ n })),
  sizes.map((n) => weightedBestOfN({ n })),
  widths.map((knobs) => beam(knobs)),
  widths.chain((knobs) => fc.nat(3).map((steps) => lookahead({ ...knobs, steps }))),
  widths.map((knobs) => dvts(knobs)),
  sizes.map((n) => rebase({ n })),
  sizes.map((n) => particles({ n })),
  fc.tuple(widths, fc.boolean()).map(([{ n, width }, rollout]) => mcts({ n, width, rollout })),
  widths.map(({ n, width }) => abMcts({ n, parallel: width })),
  widths.map(({ n, width }) => revisionSearch({ n, rounds: width, width: 2, threshold: 0.5 })),
);
const every: fc.Arbitrary<Strategy> = fc.oneof(
  choosing,
  widths.map(({ n, width }) => revisions({ n, chain: width })),
  sizes.map((rounds) => critiqueRevise({ rounds })),
  sizes.map((thinkingTokens) => budgetForcing({ thinkingTokens })),
  sizes.map((parts) => decompose({ parts })),
);
const chosen = ({ selected, candidates }: Played) => ({ selected, candidates });

test("best-of-1, weighted best-of-1 and majority of 1 are one sample", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.nat(99), async (world, seed) => {
      const runs = [bestOfN({ n: 1 }), weightedBestOfN({ n: 1 }), majority({ n: 1 })].map((strategy) =>
        play(strategy, author(world), critic(world), seed),
      );
      const [best, weighted, voted] = await Promise.all(runs);
      expect(best!.selected).toEqual(weighted!.selected);
      expect(best!.selected!.text).toBe(voted!.selected!.text);
      expect(voted!.candidates).toHaveLength(1);
    }),
  );
});

test("with constant scores, best-of-N and weighted best-of-N choose as majority does", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, sizes, async (world, n) => {
      const voted = await play(majority({ n }), author(world));
      for (const strategy of [bestOfN({ n }), weightedBestOfN({ n })]) {
        const { selected } = await play(strategy, author(world), constant(0.4));
        expect(selected!.id).toBe(voted.selected!.id);
      }
    }),
  );
});

test("a larger N draws the same samples first", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, sizes, sizes, async (world, n, more) => {
      const few = await play(majority({ n }), author(world));
      const many = await play(majority({ n: n + more }), author(world));
      expect(many.candidates.slice(0, n)).toEqual(few.candidates);
    }),
  );
});

test("beam search of one beam is one sample, cut at its steps", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      const whole = await play(greedy(), author(world));
      const steps = await play(beam({ n: 1, width: 1, temperature: 0 }), author(world), critic(world));
      expect(steps.selected!.text).toBe(whole.selected!.text);
      expect(steps.selected!.outputTokens).toBe(whole.selected!.outputTokens);
    }),
  );
});

test("beam search with constant scores keeps the first beams", async () => {
  const numbered = scripted(({ prefix = "", position }) =>
    prefix === "" || prefix.split("\n").length < 4 ? `${position}\n` : "#### 1",
  );
  await fc.assert(
    fc.asyncProperty(widths, async ({ n, width }) => {
      const { trace } = await play(beam({ n, width }), numbered, constant(0.5));
      const places = Math.floor(n / width);
      for (const round of [0, 1, 2]) {
        const ids = trace.flatMap((one) =>
          one.type === "proposed" && one.id.startsWith(`round/${round}/`) ? [one.id] : [],
        );
        const pruned = new Set(trace.flatMap((one) => (one.type === "pruned" ? [one.id] : [])));
        expect(ids.filter((id) => !pruned.has(id))).toEqual(ids.slice(0, places));
      }
    }),
  );
});

test("beam search follows the branch that scores always prefer", async () => {
  const branching = scripted(({ prefix = "", position }) =>
    prefix.split("\n").length > 3 ? "#### 1" : `branch ${position.split("/").at(-1)}\n`,
  );
  await fc.assert(
    fc.asyncProperty(widths, fc.nat(8), async ({ n, width }, preferred) => {
      const branch = `branch ${preferred % width}`;
      const liking = custom(
        (text) => {
          const lines = text.split("\n").filter((line) => line.startsWith("branch"));
          return lines.filter((line) => line === branch).length / lines.length;
        },
        { scoresPartial: true },
      );
      const { selected } = await play(beam({ n, width }), branching, liking);
      expect(selected!.text).toBe(`${`${branch}\n`.repeat(3)}#### 1`);
    }),
  );
});

test("merging loses no answer and no count", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, widths, async (world, knobs) => {
      const { trace, candidates } = await play(beam(knobs), author(world), critic(world));
      const proposed = trace.filter((one) => one.type === "proposed" && one.complete);
      const count = candidates.reduce((total, one) => total + (one.count ?? 1), 0);
      expect(count).toBe(proposed.length);
      const answers = (all: readonly { answer?: string }[]) =>
        [...new Set(all.map((one) => one.answer))].sort();
      expect(answers(candidates)).toEqual(answers(proposed as { answer?: string }[]));
      expect(new Set(candidates.map((one) => one.text)).size).toBe(candidates.length);
    }),
  );
});

test("no round samples more than N steps", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, widths, async (world, knobs) => {
      const { trace } = await play(beam(knobs), author(world), critic(world));
      const perRound = new Map<string, number>();
      for (const one of trace) {
        if (one.type !== "proposed") continue;
        const round = one.id.split("/")[1]!;
        perRound.set(round, (perRound.get(round) ?? 0) + 1);
      }
      expect(Math.max(...perRound.values())).toBeLessThanOrEqual(knobs.n);
    }),
  );
});

test("the same seed gives the same outcome and trace, whatever arrives first", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, every, fc.nat(99), async (world, strategy, seed) => {
      const calm = await play(strategy, author(world), critic(world), seed);
      const busy = await play(strategy, author(world, 9), critic(world), seed);
      expect(busy).toEqual(calm);
    }),
  );
});

test("a trace holds all that the choice depends on", async () => {
  const ruleOf = {
    greedy: "majority",
    majority: "majority",
    "best-of-n": "best",
    "ab-mcts": "best",
    particles: "best",
  } as const;
  await fc.assert(
    fc.asyncProperty(worlds, choosing, async (world, strategy) => {
      const played = await play(strategy, author(world), critic(world));
      const rule = ruleOf[strategy.plan!.strategy as keyof typeof ruleOf] ?? "weighted";
      const again = choose(replayed(played.trace), rule);
      const { id, text, answer, score, outputTokens } = played.selected!;
      expect(again.selected).toMatchObject({ id, text, outputTokens });
      expect([again.selected!.answer, again.selected!.score]).toEqual([answer, score]);
      expect(again.why).toBe(played.why);
      expect(played.trace.at(-1)).toMatchObject({ type: "selected", id, why: again.why });
    }),
  );
});

test("what was completed survives a cancellation at any call", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, every, fc.nat(30), async (world, strategy, after) => {
      const stop = new AbortController();
      const inner = author(world);
      let calls = 0;
      const model: Model = {
        ...inner,
        generate: (requests, options) =>
          Promise.all(
            requests.map(async (request) => {
              calls += 1;
              if (calls > after) stop.abort();
              return (await inner.generate([request], options))[0]!;
            }),
          ),
      };
      const played = await play(strategy, model, critic(world), 1, stop.signal);
      const complete = played.trace.filter((one) => one.type === "proposed" && one.complete);
      expect(played.selected === undefined).toBe(complete.length === 0);
      expect(chosen(played).candidates.every((one) => one.complete)).toBe(true);
    }),
  );
});

test("the loop lets selection resample complete beams, search several trees and look ahead", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, sizes, fc.integer({ min: 1, max: 3 }), async (world, spare, trees) => {
      const first = trees + spare;
      const looked: string[] = [];
      const verifier = custom((text) => Number(looked.includes(text)), { scoresPartial: true });
      const context = {
        model: author(world),
        rng: rng(1),
        signal: new AbortController().signal,
        emit: () => {},
      };
      const { completed, kept } = await rounds(PROBLEM, context, {
        first,
        trees,
        sampling: fullStepSampling({}),
        verifier,
        scoredTexts: async (beams) => {
          const texts = beams.map(({ text }) => `${text}and then`);
          looked.push(...texts);
          return { texts, refused: false };
        },
        // All particles survive, each as often as it is there: sequential importance sampling without weights.
        select: (beams) => beams.map((beam) => ({ beam, width: beam.count })),
      });
      const alive = Array.from({ length: trees }, (_, tree) =>
        kept.reduce((sum, { beam, width }) => sum + (beam.tree === tree ? width : 0), 0),
      );
      expect(alive.reduce((sum, one) => sum + one, 0)).toBe(first);
      expect(Math.max(...alive) - Math.min(...alive)).toBeLessThanOrEqual(1);
      expect(completed.every(({ score }) => score === 1)).toBe(true);
      expect(completed.length).toBe(kept.length);
    }),
    { numRuns: 50 },
  );
});
