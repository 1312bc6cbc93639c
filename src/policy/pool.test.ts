import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { always, policyOf, ruleOf, threshold } from "../../test/policy-world.ts";
import { virtualClock } from "../../test/virtual-clock.ts";
import { createLedger } from "../budget/ledger.ts";
import { scripted } from "../models/scripted.ts";
import { rng } from "../random.ts";
import { solve } from "../solve.ts";
import { BudgetTooSmallError, type Result } from "../types.ts";
import { allocated } from "./allocated.ts";
import type { Decision } from "./decide.ts";
import { createPool } from "./pool.ts";

const wanting = (index: number) => ({ index }) as Decision;
/** Lets everything that can go on do so. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a pool", () => {
  it("grants the largest gain per token first, of equal ones the first to ask", async () => {
    const pool = createPool(1);
    const order: string[] = [];
    const problem = async (name: string, index: number) => {
      await pool.enter();
      if (await pool.ask(wanting(index))) order.push(name);
      await settled();
      pool.leave();
    };
    await pool.enter();
    const all = [problem("low", 1), problem("high", 3), problem("middle", 2), problem("high too", 3)];
    await settled();
    pool.leave();
    await Promise.all(all);
    expect(order).toEqual(["high", "high too", "middle", "low"]);
  });

  it("lets problems that have no sample go before all others", async () => {
    const pool = createPool(1);
    const order: string[] = [];
    await pool.enter();
    const asked = pool.enter().then(async () => {
      order.push("entered");
      pool.leave();
    });
    await pool.ask(wanting(1e9)).then(() => order.push("asked"));
    pool.leave();
    await asked;
    expect(order).toEqual(["entered", "asked"]);
  });

  it("lets problems enter in the order in which they come", async () => {
    const pool = createPool(1);
    const order: number[] = [];
    await pool.enter();
    const all = [0, 1, 2, 3].map((number) =>
      pool.enter().then(() => {
        order.push(number);
        pool.leave();
      }),
    );
    pool.leave();
    await Promise.all(all);
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it.each([0, -1, Number.NaN])("refuses what gains nothing: %d", async (index) => {
    const pool = createPool(1);
    await pool.enter();
    expect(await pool.ask(wanting(index))).toBe(false);
    pool.leave();
    await pool.enter();
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses %d at a time", (atOnce) => {
    expect(() => createPool(atOnce)).toThrow("atOnce must be a whole number of at least 1");
  });

  it("never lets more than so many draw at a time, and loses nobody", async () => {
    const plan = fc.array(fc.array(fc.integer({ min: -1, max: 5 }), { maxLength: 6 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), plan, fc.nat(1e6), async (atOnce, plans, seed) => {
        const pool = createPool(atOnce);
        const pause = rng(seed);
        let drawing = 0;
        let done = 0;
        const draw = async (random: ReturnType<typeof rng>) => {
          drawing += 1;
          expect(drawing).toBeLessThanOrEqual(atOnce);
          for (let turn = random.int(0, 3); turn > 0; turn -= 1) await undefined;
          drawing -= 1;
        };
        await Promise.all(
          plans.map(async (indices, number) => {
            const random = pause.split(number);
            await pool.enter();
            await draw(random);
            for (const index of indices) {
              if (!(await pool.ask(wanting(index)))) break;
              await draw(random);
            }
            pool.leave();
            done += 1;
          }),
        );
        expect(done).toBe(plans.length);
      }),
    );
  });
});

describe("problems under one budget", () => {
  const rule = ruleOf({
    blocks: [
      { m: 1, gain: threshold("log2 samples", 2, -2) },
      { m: 4, gain: always(0.2) },
    ],
    most: 16,
  });

  /** Solves problems with a pool, and tells what became of each. */
  async function together(tokens: number, problems: number, seed: number) {
    const clock = virtualClock();
    const random = rng(seed);
    const model = scripted(
      ({ position, seed: own }) => ({
        text: `${"word ".repeat(random.split(own).int(0, 12))}#### ${random.split(own, "answer").int(1, 3)}`,
        delayMs: random.split(own, position).int(0, 50),
      }),
      { clock },
    );
    const ledger = createLedger({ budget: { tokens }, clock });
    const pool = createPool(random.int(1, 5));
    const strategy = allocated({ policy: policyOf(rule), ask: pool.ask });
    const run = Promise.all(
      Array.from({ length: problems }, async (_, number): Promise<Result | Error> => {
        await pool.enter();
        try {
          const problem = { id: `p${number}`, prompt: "How many?" };
          return await solve({ problem, strategy, model, pool: ledger, clock });
        } catch (error) {
          return error as Error;
        } finally {
          pool.leave();
        }
      }),
    );
    const outcomes = await clock.run(run);
    return { outcomes, spent: ledger.spent().tokens!, entries: ledger.entries };
  }

  it("never spend more than it, whoever comes first", async () => {
    const totals = { answered: 0, without: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3000 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(1e6),
        async (tokens, problems, seed) => {
          const { outcomes, spent } = await together(tokens, problems, seed);
          expect(spent).toBeLessThanOrEqual(tokens);
          let sum = 0;
          for (const one of outcomes) {
            if (one instanceof Error) {
              expect(one).toBeInstanceOf(BudgetTooSmallError);
              totals.without += 1;
            } else {
              sum += one.receipt.total.inputTokens + one.receipt.total.outputTokens;
              totals.answered += 1;
            }
          }
          expect(sum).toBe(spent);
        },
      ),
      { numRuns: 60 },
    );
    expect(totals.answered).toBeGreaterThan(0);
    expect(totals.without).toBeGreaterThan(0);
  });

  it("get a sample each before any gets a second, where there is not more", async () => {
    const { outcomes } = await together(10 * 24, 10, 3);
    const drawn = outcomes.map((one) => (one instanceof Error ? 0 : one.receipt.total.calls));
    expect(Math.min(...drawn)).toBeGreaterThan(0);
  });
});
