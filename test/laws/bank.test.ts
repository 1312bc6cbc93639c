import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { columnsOf } from "../../src/lab/columns.ts";
import { banked, bankedVerifier, openBank, passAtK, replay } from "../../src/lab/index.ts";
import type { Drawn } from "../../src/lab/reading.ts";
import { play } from "../../src/lab/replayed.ts";
import { TALLIES } from "../../src/lab/tally.ts";
import { scripted } from "../../src/models/scripted.ts";
import { wrap } from "../../src/models/wrap.ts";
import { rng } from "../../src/random.ts";
import { solve } from "../../src/solve.ts";
import { adaptiveConsistency, bestOfN, majority, weightedBestOfN } from "../../src/strategies/index.ts";
import type { Problem } from "../../src/types.ts";
import { custom } from "../../src/verifiers/custom.ts";
import { tortureBank } from "../bank-torture.ts";
import { bankOf } from "../bank-world.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-bank-laws-"));
afterAll(() => rmSync(folder, { recursive: true }));
let banks = 0;
const fresh = () => {
  banks += 1;
  return join(folder, `${banks}.db`);
};

const PROBLEM: Problem = { id: "p", prompt: "How many?", answer: "2" };

/** Samples of one problem, as a bank gives them: few answers, few scores, some without either, some cut. */
const drawn = fc
  .array(
    fc.record({
      answer: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      score: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
      cut: fc.nat(9),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((samples) =>
    samples.map(({ answer, score, cut }, seed): Drawn => {
      const text = answer === undefined ? `sample ${seed}, who knows` : `sample ${seed}\n#### ${answer}`;
      const complete = cut > 0 || answer !== undefined;
      return {
        setting: 1,
        seed,
        text: seed,
        complete,
        answer: answer === undefined ? undefined : String(answer),
        outputTokens: 3,
        score: score === undefined ? undefined : score / 4,
        steps: undefined,
        correct: undefined,
        whole: { text, finish: complete ? "end" : "length", inputTokens: 1, logprobs: undefined },
      };
    }),
  );

describe("a replay", () => {
  it.each([
    ["majority", majority],
    ["best-of-n", bestOfN],
    ["weighted-best-of-n", weightedBestOfN],
  ] as const)("selects by running tally what %s selects", async (name, make) => {
    await fc.assert(
      fc.asyncProperty(drawn, fc.integer(), async (samples, seed) => {
        const columns = columnsOf(PROBLEM, samples)!;
        const order = Int32Array.from(rng(seed).shuffle([...samples.keys()]));
        const tally = TALLIES[name](columns);
        for (let n = 1; n <= order.length; n += 1) {
          tally.add(order[n - 1]!);
          const first = order.subarray(0, n);
          const real = await play(make({ n }), PROBLEM, samples, first, columns.score);
          expect(tally.chosen()).toBe(real.chosen);
        }
        const before = tally.chosen();
        tally.clear();
        for (const sample of order) tally.add(sample);
        expect(tally.chosen()).toBe(before);
      }),
      { numRuns: 200 },
    );
  });

  it("of early stopping at level 0 is majority voting, and never asks for more than N", async () => {
    await fc.assert(
      fc.asyncProperty(drawn, async (samples) => {
        const columns = columnsOf(PROBLEM, samples)!;
        const order = Int32Array.from(samples.keys());
        const n = samples.length;
        const play0 = (make: ReturnType<typeof majority>) =>
          play(make, PROBLEM, samples, order, columns.score);
        const all = await play0(adaptiveConsistency({ n, level: 0 }));
        expect(all).toEqual(await play0(majority({ n })));
        expect((await play0(adaptiveConsistency({ n }))).asked.length).toBeLessThanOrEqual(n);
      }),
      { numRuns: 50 },
    );
  });

  it("of all samples covers what is among them, and selects nothing that is not", async () => {
    await fc.assert(
      fc.asyncProperty(drawn, async (samples) => {
        const bank = await bankOf(fresh(), [samples]);
        const plans = [{ strategy: "majority" }, { strategy: "best-of-n" }];
        const n = [samples.length, samples.length + 1];
        const { rows } = await replay({ bank, plans, n, subsets: 2, verifier: "made-up" });
        await bank.close();
        const covered = samples.some(({ answer }) => answer === "2") ? 1 : 0;
        expect(rows).toHaveLength(2);
        for (const { accuracy, coverage } of rows) {
          expect(coverage).toEqual({ mean: covered, low: undefined, high: undefined });
          expect(accuracy.mean).toBeLessThanOrEqual(covered);
        }
      }),
      { numRuns: 10 },
    );
  });

  it("estimates pass@k as all subsets of k samples have it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
        fc.integer({ min: 1, max: 7 }),
        (right, k) => {
          const subsets = Array.from({ length: 2 ** right.length }, (_, mask) =>
            right.filter((_, place) => (mask >> place) & 1),
          );
          const fitting = subsets.filter((some) => some.length === k);
          const hits = fitting.filter((some) => some.includes(true)).length;
          const found = passAtK(right.length, right.filter(Boolean).length, k);
          if (fitting.length === 0) expect(found).toBeUndefined();
          else expect(found).toBeCloseTo(hits / fitting.length, 10);
        },
      ),
    );
  });
});

describe("a bank", () => {
  it("sells no sample twice: a second run buys nothing and ends the same, a longer one buys the rest", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 6 }),
        fc.nat(99),
        async (n, more, seed) => {
          const place = fresh();
          const bought: string[] = [];
          const run = async (count: number) => {
            const bank = await openBank(place);
            const model = scripted(({ seed: own }) => `step ${own}\n#### ${own % 3}`);
            const counted = wrap(model, (requests, options) => {
              bought.push(...requests.map(({ position }) => position));
              return model.generate(requests, options);
            });
            const scorer = custom((text) => (text.length % 7) / 7);
            const { free: _, ...paid } = {
              ...scorer,
              score: async (...[requests]: Parameters<typeof scorer.score>) => {
                bought.push(...requests.map(({ position }) => position));
                const scores = await scorer.score(requests);
                return scores.map((score) => ({ ...score, usage: { inputTokens: 5, outputTokens: 1 } }));
              },
            };
            const { answer, text, trace, receipt } = await solve({
              problem: PROBLEM,
              strategy: weightedBestOfN({ n: count }),
              model: banked(counted, bank),
              verifier: bankedVerifier(paid, bank),
              seed,
            });
            await bank.close();
            return {
              answer,
              text,
              trace,
              total: { ...receipt.total, modelMs: 0 },
              replayed: receipt.replayedCalls,
            };
          };
          const { replayed: none, ...first } = await run(n);
          expect(none).toBe(0);
          bought.length = 0;
          const { replayed, ...second } = await run(n);
          expect(second).toEqual(first);
          expect(bought).toEqual([]);
          expect(replayed).toBe(first.total.calls);
          await run(n + more);
          expect(bought.filter((position) => position.startsWith("sample/"))).toHaveLength(more);
        },
      ),
      { numRuns: 10 },
    );
  });

  it("keeps what it acknowledged when two writers are killed", async () => {
    const { lost, damage, acknowledged } = await tortureBank(2, rng("small torture"));
    expect({ lost, damage }).toEqual({ lost: [], damage: [] });
    expect(acknowledged).toBeGreaterThan(0);
  });
});
