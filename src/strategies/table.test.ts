import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { UsageError } from "../types.ts";
import { beam, bestOfN, greedy, majority, makeStrategy, strategies, weightedBestOfN } from "./index.ts";

describe("a plan", () => {
  test("becomes the strategy that it names", () => {
    const plans = [greedy(), majority({ n: 3, topP: 0.9 }), bestOfN(), weightedBestOfN(), beam({ n: 8 })];
    for (const { plan } of plans) expect(makeStrategy(plan).plan).toEqual(plan);
    expect(makeStrategy({ strategy: "beam", params: {} }).plan?.params).toEqual({
      n: 16,
      width: 4,
      temperature: 1,
      maxTokens: 1024,
      separator: "\n",
      stepTokens: 256,
      maxRounds: 40,
    });
  });

  test.each(Object.entries(strategies))("of %s with its defaults bears its name", (name, { make }) => {
    const { plan } = make();
    expect(plan.strategy).toBe(name);
    expect(makeStrategy({ strategy: name, params: plan.params }).plan).toEqual(plan);
  });

  test.each(Object.keys(strategies))("of %s is in the documentation", (name) => {
    const rows = readFileSync(new URL("../../docs/strategies.md", import.meta.url), "utf8").split("\n");
    expect(rows.filter((row) => row.startsWith(`| \`${name}\` |`))).toHaveLength(1);
  });

  test.each([
    ["tree", {}, 'Unknown strategy "tree": use greedy, majority, '],
    ["toString", {}, 'Unknown strategy "toString"'],
    [
      "majority",
      { width: 4 },
      'majority has no parameter "width": it takes n, temperature, maxTokens, topP.',
    ],
    ["greedy", { topP: 0.5 }, 'greedy has no parameter "topP": it takes maxTokens.'],
    ["majority", { n: 0 }, "n must be a whole number of at least 1, not 0."],
    ["majority", { n: 1.5 }, "n must be a whole number"],
    ["majority", { n: "many" }, "n must be a whole number of at least 1, not many."],
    ["majority", { temperature: -1 }, "temperature must be a number of at least 0, not -1."],
    ["majority", { temperature: Number.NaN }, "temperature must be a number"],
    ["majority", { topP: 0 }, "topP must be a number above 0 and at most 1, not 0."],
    ["majority", { maxTokens: 0 }, "maxTokens must be"],
    ["beam", { n: 4, width: 5 }, "width (5) must be at most n (4)."],
    ["beam", { separator: "" }, "separator must not be empty."],
    ["beam", { stepTokens: 0 }, "stepTokens must be"],
  ])("%s with %o is refused", (strategy, params, message) => {
    const make = () => makeStrategy({ strategy, params });
    expect(make).toThrow(UsageError);
    expect(make).toThrow(message);
  });
});
