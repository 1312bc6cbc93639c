import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { Model } from "../../src/models/model.ts";
import { scriptedTokens } from "../../src/models/scripted.ts";
import { solve } from "../../src/solve.ts";
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
import { BudgetTooSmallError, type Result, UsageError } from "../../src/types.ts";
import type { Score, Verifier } from "../../src/verifiers/verifier.ts";
import { author, critic, PROBLEM, type World, worlds } from "./worlds.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-laws-"));
afterAll(() => rmSync(folder, { recursive: true }));

const limits = { maxTokens: 20 };
const every: fc.Arbitrary<Strategy> = fc.oneof(
  fc.constant(greedy(limits)),
  fc.integer({ min: 1, max: 9 }).map((n) => majority({ n, ...limits })),
  fc.integer({ min: 1, max: 9 }).map((n) => bestOfN({ n, ...limits })),
  fc.integer({ min: 1, max: 9 }).map((n) => weightedBestOfN({ n, ...limits })),
  fc.integer({ min: 2, max: 9 }).map((n) => beam({ n, width: 2, stepTokens: 5, ...limits })),
  fc.integer({ min: 2, max: 9 }).map((n) => lookahead({ n, width: 2, steps: 2, stepTokens: 5, ...limits })),
  fc.integer({ min: 2, max: 9 }).map((n) => dvts({ n, width: 2, stepTokens: 5, ...limits })),
  fc.integer({ min: 1, max: 9 }).map((n) => rebase({ n, stepTokens: 5, ...limits })),
  fc.integer({ min: 1, max: 9 }).map((n) => particles({ n, stepTokens: 5, ...limits })),
  fc
    .integer({ min: 1, max: 9 })
    .map((n) => mcts({ n, width: 2, rollout: n % 3 === 0, stepTokens: 5, ...limits })),
  fc.integer({ min: 1, max: 9 }).map((n) => abMcts({ n, ...limits })),
  fc.integer({ min: 1, max: 9 }).map((n) => revisions({ n, chain: 3, ...limits })),
  fc.integer({ min: 1, max: 9 }).map((n) => revisionSearch({ n, rounds: 3, threshold: 0.5, ...limits })),
  fc.integer({ min: 1, max: 3 }).map((rounds) => critiqueRevise({ rounds, ...limits })),
  fc.integer({ min: 1, max: 20 }).map((thinkingTokens) => budgetForcing({ thinkingTokens, ...limits })),
  fc.integer({ min: 1, max: 3 }).map((parts) => decompose({ parts, ...limits })),
);

/** The critic, billing for what it reads. */
function billing(world: World): Verifier {
  const { free: _, ...verifier } = critic(world);
  const cost = (text: string) => scriptedTokens(text).length + 2;
  return {
    ...verifier,
    countTokens: async (requests) => requests.map(({ text }) => ({ input: cost(text), output: 1 })),
    score: async (requests, { onScore, ...options } = {}) => {
      const billed = (score: Score, index: number): Score => ({
        ...score,
        usage: { inputTokens: cost(requests[index]!.text), outputTokens: 1 },
      });
      const told = onScore && ((index: number, score: Score) => onScore(index, billed(score, index)));
      return (await verifier.score(requests, { ...options, ...(told && { onScore: told }) })).map(billed);
    },
  };
}

/** The parts of a result that neither the clock nor the journal may change. */
function lasting({ answer, text, trace, receipt }: Result) {
  const { wallMs: _, replayedCalls: __, repeatedCalls: ___, roles, total, ...rest } = receipt;
  const timeless = Object.values({ ...roles, total }).map(({ modelMs: _, ...counts }) => counts);
  return { answer, text, trace, receipt: rest, totals: timeless };
}

test("the tokens of the trace are those on the receipt", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, every, async (world, strategy) => {
      const options = { problem: PROBLEM, strategy, model: author(world), verifier: billing(world) };
      const { receipt, trace } = await solve(options);
      const traced = trace.reduce(
        (sum, event) => sum + ("outputTokens" in event ? event.outputTokens : 0),
        0,
      );
      expect(traced).toBe(receipt.roles.generator!.outputTokens);
      expect(receipt.discardedTokens).toBeGreaterThanOrEqual(0);
      expect(receipt.discardedTokens).toBeLessThan(traced);
    }),
  );
});

test("any budget ends in the best so far, or says that it is too small for one call", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, every, fc.integer({ min: 1, max: 400 }), async (world, strategy, tokens) => {
      const options = { problem: PROBLEM, strategy, model: author(world), verifier: billing(world) };
      const budget = { tokens };
      try {
        const { receipt, trace, answer } = await solve({ ...options, budget });
        const { inputTokens, outputTokens } = receipt.total;
        expect(inputTokens + outputTokens).toBeLessThanOrEqual(tokens);
        expect(receipt.stop).toBe(receipt.refusedCalls > 0 ? "budget" : "done");
        const answers = trace.flatMap((event) => (event.type === "proposed" ? [event.answer] : []));
        const found = answers.some((one) => one !== undefined);
        expect(answer === undefined).toBe(!found);
        if (found) expect(answers).toContain(answer);
      } catch (error) {
        if (!(error instanceof BudgetTooSmallError)) throw error;
        expect(tokens).toBeLessThan(25);
      }
    }),
  );
});

test("a budget that is large enough changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, every, async (world, strategy) => {
      const options = { problem: PROBLEM, strategy, model: author(world), verifier: billing(world) };
      const free = await solve(options);
      const ample = await solve({ ...options, budget: { tokens: 1e6 } });
      expect([ample.answer, ample.text]).toEqual([free.answer, free.text]);
      expect(ample.receipt.total.outputTokens).toBe(free.receipt.total.outputTokens);
    }),
  );
});

test("a run that died at any call and resumes gives what an undisturbed one gives, and buys nothing twice", async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(worlds, every, fc.nat(25), async (world, strategy, after) => {
      const journal = join(folder, `${runs++}.db`);
      const inner = author(world);
      const served: string[] = [];
      let left = after;
      /** Dies, as a process would, before the call after `after`; what was served is in the journal. */
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
      const options = { problem: PROBLEM, strategy, model: mortal, verifier: billing(world) };
      const first = await solve({ ...options, journal }).catch((error: unknown) => error);
      const resumed = first instanceof UsageError ? await solve({ ...options, journal }) : (first as Result);
      const undisturbed = await solve({ ...options, model: inner });
      expect(lasting(resumed)).toEqual(lasting(undisturbed));
      expect(new Set(served).size).toBe(served.length);
      expect(served.length).toBe(undisturbed.receipt.roles.generator!.calls);
    }),
    { numRuns: 25 },
  );
});
