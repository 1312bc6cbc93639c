import { describe, expect, it } from "vitest";
import { UsageError } from "../types.ts";
import { checkBudget, parseBudget } from "./budget.ts";
import { addAmounts, costOf } from "./cost.ts";
import { flops } from "./flops.ts";
import { defaultPrices, parsePrices, priceOf } from "./prices.ts";

describe("parseBudget", () => {
  it("reads any mix of units", () => {
    expect(parseBudget("tokens=20000,flops=1e12,usd=0.01,ms=5000")).toEqual({
      tokens: 20000,
      flops: 1e12,
      usd: 0.01,
      ms: 5000,
    });
    expect(parseBudget(" usd = .5 ")).toEqual({ usd: 0.5 });
  });

  it.each([
    ["tokens=0", /zero/],
    ["tokens=-5", /negative/],
    ["tokens=NaN", /not a number/],
    ["tokens=1e999", /not a number/],
    ["tokens=0x10", /not a number/],
    ["tokens=1.5", /whole number/],
    ["tokens=", /Cannot read "tokens="/],
    ["tokens", /Cannot read "tokens"/],
    ["", /Cannot read ""/],
    ["tokens=5,", /Cannot read ""/],
    ["token=5", /Unknown budget unit "token"/],
    ["__proto__=5", /Unknown budget unit/],
    ["tokens=5,tokens=6", /twice/],
  ])("refuses %j in one sentence", (text, message) => {
    expect(() => parseBudget(text)).toThrow(UsageError);
    expect(() => parseBudget(text)).toThrow(message);
  });

  it("checks budgets that were not parsed", () => {
    expect(checkBudget({ ms: 5 })).toEqual({ ms: 5 });
    expect(() => checkBudget({ ms: Number.NaN })).toThrow(UsageError);
    expect(() => checkBudget({ seconds: 5 } as never)).toThrow(/Unknown budget unit "seconds"/);
  });
});

describe("flops", () => {
  const shape = { layers: 3, attentionWidth: 10, activeParameters: 1000 };

  it("sums attention over every evaluated position", () => {
    let expected = 0;
    for (let position = 4; position <= 12; position += 1) expected += 2 * 1000 + 4 * 3 * 10 * position;
    expect(flops(shape, { inputTokens: 7, cachedTokens: 3, outputTokens: 5 })).toBe(expected);
  });

  it("counts everything as evaluated when reuse is unknown", () => {
    const usage = { inputTokens: 7, outputTokens: 5 };
    expect(flops(shape, usage)).toBe(flops(shape, { ...usage, cachedTokens: 0 }));
  });

  it("is split into calls without loss when the second call reuses the first", () => {
    const whole = flops(shape, { inputTokens: 7, outputTokens: 5 });
    const first = flops(shape, { inputTokens: 7, outputTokens: 2 });
    const second = flops(shape, { inputTokens: 9, cachedTokens: 9, outputTokens: 3 });
    expect(first + second).toBe(whole);
  });
});

describe("prices and costs", () => {
  const prices = parsePrices(
    JSON.stringify({
      version: "test",
      models: { m: { inputPerMillion: 1, cachedInputPerMillion: 0.1, outputPerMillion: 10 } },
    }),
  );

  it("finds a model by its name with and without the server", () => {
    expect(priceOf(prices, "m@127.0.0.1:8080")?.outputPerMillion).toBe(10);
    expect(priceOf(prices, "other")).toBeUndefined();
    expect(priceOf(prices, "constructor")).toBeUndefined();
    expect(priceOf(defaultPrices, "pico-s")?.outputPerMillion).toBe(0);
  });

  it.each(["{", "[]", '{"version":"x"}', '{"version":"x","models":{"m":{"inputPerMillion":-1}}}'])(
    "refuses the table %s",
    (text) => expect(() => parsePrices(text)).toThrow(UsageError),
  );

  it("charges reused input at its own price and never less than the worst case", () => {
    const cost = costOf({ name: "m", role: "generator" }, { usd: 1 }, prices);
    expect(cost.of([{ inputTokens: 100, cachedTokens: 50, outputTokens: 10 }]).usd).toBe(0.000155);
    expect(cost.most(100, 10).usd).toBe(0.0002);
  });

  it("says what to give when a limited unit cannot be known", () => {
    const model = { name: "mystery", role: "verifier" as const };
    expect(() => costOf(model, { flops: 1 }, prices)).toThrow(/shape of the verifier mystery/);
    expect(() => costOf(model, { usd: 1 }, prices)).toThrow(/price of the verifier mystery/);
    expect(costOf(model, { tokens: 1 }, prices).most(1, 1)).toEqual({
      tokens: 2,
      flops: undefined,
      usd: undefined,
    });
    expect(costOf({ ...model, free: true }, { flops: 1, usd: 1 }, prices).most(1, 1).tokens).toBe(0);
  });

  it("adds dollars exactly", () => {
    const dime = { tokens: 1, flops: 1, usd: 0.1 };
    expect(addAmounts([dime, dime, dime]).usd).toBe(0.3);
  });
});
