import { expect, it } from "vitest";
import { rng } from "../random.ts";
import { openPurse } from "./purse.ts";

const nothing = { tokens: 0, flops: 0, usd: 0 };

it("never lets lanes spend more than the budget together, and spends it as far as cells fit", async () => {
  for (let trial = 0; trial < 200; trial += 1) {
    const random = rng("purse").split(trial);
    const limit = random.int(10, 1000);
    const lanes = random.int(1, 4);
    const purse = openPurse({ tokens: limit }, lanes, { ...nothing, tokens: 5 });
    let spent = 5;
    let held = 0;
    let short: number | undefined;
    const lane = async (own: typeof random) => {
      while (short === undefined) {
        const needed = own.int(1, 120);
        const paid = await purse.pay(async ({ tokens = 0 }) => {
          held += tokens;
          expect(spent + held).toBeLessThanOrEqual(limit);
          for (let wait = own.int(0, 3); wait > 0; wait -= 1) await Promise.resolve();
          held -= tokens;
          return { spent: { ...nothing, tokens: Math.min(needed, tokens) }, short: needed > tokens };
        });
        spent += paid.spent.tokens;
        if (paid.short) short ??= needed - paid.spent.tokens;
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, index) => lane(random.split(index))));
    expect(spent).toBeLessThanOrEqual(limit);
    expect(limit - spent).toBeLessThan(120);
    expect(purse.unspent()).toEqual({ tokens: limit - spent });
    expect([
      purse.affords({ ...nothing, tokens: limit - spent }),
      purse.affords({ ...nothing, tokens: limit }),
    ]).toEqual([true, false]);
  }
});

it("gives everything to everybody without a budget", async () => {
  const purse = openPurse({}, 2, nothing);
  const budgets = await Promise.all(
    [1, 2].map((n) => purse.pay(async (budget) => ({ budget, n, spent: nothing, short: false }))),
  );
  expect(budgets.map(({ budget }) => budget)).toEqual([{}, {}]);
});
