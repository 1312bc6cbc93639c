import { describe, expect, it } from "vitest";
import { virtualClock } from "../../test/virtual-clock.ts";
import type { Role } from "../types.ts";
import { type Actual, createLedger, type Ledger } from "./ledger.ts";
import { createReceipt, formatReceipt } from "./receipt.ts";

function estimate(tokens: number, role: Role = "generator", position = "sample/0") {
  return { role, position, most: { tokens, flops: tokens * 10, usd: tokens / 1e6 } };
}

function actual(inputTokens: number, outputTokens: number, more: Partial<Actual> = {}): Actual {
  const tokens = inputTokens + outputTokens;
  return {
    usage: { inputTokens, cachedTokens: 0, outputTokens },
    cost: { tokens, flops: tokens * 10, usd: tokens / 1e6 },
    ms: 5,
    outcome: "answered",
    retries: 0,
    ...more,
  };
}

const facts = {
  plan: { strategy: "majority", params: { n: 2 }, generator: "m", verifier: "v" },
  reason: "asked for",
  seed: 1,
  stop: "budget" as const,
  stoppedBy: "tokens" as const,
  selectedTokens: 5,
  pricesVersion: "test",
  wallMs: 1234,
};

const receiptOf = (ledger: Ledger) => createReceipt(ledger.entries, { ...facts, budget: ledger.budget });

describe("ledger", () => {
  it("reserves up to the limit of every unit, and not one more", () => {
    for (const budget of [{ tokens: 10 }, { flops: 100 }, { usd: 0.00001 }]) {
      const ledger = createLedger({ budget, clock: virtualClock() });
      expect(ledger.reserve(estimate(6))).toBeDefined();
      expect(ledger.reserve(estimate(5))).toBeUndefined();
      expect(ledger.lacking(estimate(5).most)).toBe(Object.keys(budget)[0]);
      expect(ledger.reserve(estimate(4))).toBeDefined();
      expect(ledger.reserve(estimate(1))).toBeUndefined();
      expect(ledger.reserve(estimate(0))).toBeDefined();
    }
  });

  it("gives back what a call did not need", () => {
    const ledger = createLedger({ budget: { tokens: 10 }, clock: virtualClock() });
    const held = ledger.reserve(estimate(10))!;
    ledger.settle(held, actual(2, 1));
    expect(ledger.spent().tokens).toBe(3);
    expect(ledger.lacking(estimate(7).most)).toBeUndefined();
    expect(() => ledger.settle(held, actual(1, 1))).toThrow(/settled already/);
  });

  it("counts within another ledger, and needs room in both", () => {
    const clock = virtualClock();
    const pool = createLedger({ budget: { tokens: 10 }, clock });
    const [one, other] = [3, 100].map((tokens) => createLedger({ budget: { tokens }, clock, within: pool }));
    expect(one!.reserve(estimate(4))).toBeUndefined();
    expect(pool.spent().tokens).toBe(0);
    const held = other!.reserve(estimate(8))!;
    expect(one!.reserve(estimate(3))).toBeUndefined();
    expect(one!.lacking(estimate(3).most)).toBe("tokens");
    expect(other!.adjust(held, estimate(11).most)).toBeUndefined();
    expect(other!.adjust(held, estimate(7).most)).toBeDefined();
    expect(one!.reserve(estimate(3))).toBeDefined();
    expect(one!.refuse(estimate(1))).toBe("tokens");
    other!.settle(held, actual(2, 1));
    expect([pool.spent().tokens, other!.spent().tokens]).toEqual([3, 3]);
    expect(one!.limits).toEqual({ tokens: 3 });
  });

  it("waits for the calls of the others, and ends with the deadline around", async () => {
    const clock = virtualClock();
    const pool = createLedger({ budget: { tokens: 10, ms: 50 }, clock });
    const [one, other] = [1, 2].map(() => createLedger({ clock, within: pool }));
    const held = other!.reserve(estimate(10))!;
    const settled = one!.nextSettlement()!;
    other!.settle(held, actual(1, 1));
    await settled;
    expect(one!.nextSettlement()).toBeUndefined();
    expect(one!.signal.aborted).toBe(false);
    await clock.advance(51);
    expect(one!.signal.aborted).toBe(true);
  });

  it("raises a reservation only into free room", () => {
    const ledger = createLedger({ budget: { tokens: 10 }, clock: virtualClock() });
    const held = ledger.reserve(estimate(4))!;
    ledger.reserve(estimate(2));
    expect(ledger.adjust(held, estimate(9).most)).toBeUndefined();
    const raised = ledger.adjust(held, estimate(8).most)!;
    expect(ledger.lacking(estimate(1).most)).toBe("tokens");
    ledger.settle(raised, actual(6, 2, { retries: 1 }));
    expect(receiptOf(ledger)).toMatchObject({ overrunTokens: 0, retries: 1 });
  });

  it("records an overrun in full and refuses everything that costs anything after it", () => {
    const ledger = createLedger({ budget: { tokens: 100 }, clock: virtualClock() });
    ledger.settle(ledger.reserve(estimate(10))!, actual(8, 5));
    expect(ledger.reserve(estimate(1))).toBeUndefined();
    expect(ledger.reserve(estimate(0))).toBeDefined();
    const receipt = receiptOf(ledger);
    expect(receipt.overrunTokens).toBe(3);
    expect(receipt.notes.join()).toMatch(/3 tokens beyond/);
  });

  it("lowers a reservation, which leaves room", () => {
    const ledger = createLedger({ budget: { tokens: 10 }, clock: virtualClock() });
    const held = ledger.reserve(estimate(10))!;
    expect(ledger.adjust(held, estimate(4).most)).toBeDefined();
    expect(ledger.reserve(estimate(6))).toBeDefined();
  });

  it("aborts and refuses when its milliseconds are over", () => {
    const clock = virtualClock();
    const ledger = createLedger({ budget: { ms: 50 }, clock });
    clock.advance(49);
    expect(ledger.reserve(estimate(1))).toBeDefined();
    expect(ledger.signal.aborted).toBe(false);
    clock.advance(1);
    expect(ledger.signal.aborted).toBe(true);
    expect(ledger.reserve(estimate(0))).toBeUndefined();
    expect(ledger.refuse(estimate(0))).toBe("ms");
  });

  it("stops its timer when closed", () => {
    const clock = virtualClock();
    const ledger = createLedger({ budget: { ms: 50 }, clock });
    ledger.close();
    clock.advance(100);
    expect(ledger.signal.aborted).toBe(false);
  });
});

describe("receipt", () => {
  it("is the sum of the ledger", () => {
    const ledger = createLedger({ budget: { tokens: 40 }, clock: virtualClock() });
    ledger.settle(ledger.reserve(estimate(20))!, actual(10, 5));
    ledger.settle(
      ledger.reserve(estimate(9, "verifier"))!,
      actual(8, 0, { usage: { inputTokens: 8, outputTokens: 0 }, outcome: "lost" }),
    );
    ledger.refuse(estimate(30));
    const receipt = receiptOf(ledger);
    expect(receipt.roles.generator).toMatchObject({ calls: 1, inputTokens: 10, cachedTokens: 0 });
    expect(receipt.roles.verifier).toMatchObject({ calls: 1, cachedTokens: undefined });
    expect(receipt.total).toEqual({
      calls: 2,
      inputTokens: 18,
      cachedTokens: undefined,
      outputTokens: 5,
      reasoningTokens: undefined,
      flops: 230,
      usd: 0.000023,
      modelMs: 10,
    });
    expect(receipt).toMatchObject({ discardedTokens: 0, lostCalls: 1, refusedCalls: 1 });
    expect(formatReceipt(receipt)).toMatchInlineSnapshot(`
      "           calls  input (reused)  output  FLOPs         USD  model time
      generator      1          10 (0)       5    150   $0.000015      0.01 s
      verifier       1           8 (?)       0     80  $0.0000080      0.01 s
      total          2          18 (?)       5    230   $0.000023      0.01 s
      plan        majority n=2 on m, scored by v (asked for)
      budget      58% of 40 tokens
      stopped     budget (tokens)
      wall clock  1.23 s
      discarded   0 output tokens
      calls       1 lost, 1 refused for want of budget
      seed        1
      FLOPs       2P per token + 4LW per attended token
      prices      test"
    `);
  });
});
