import { describe, expect, it } from "vitest";
import type { Choice } from "./choice.ts";
import { checkPolicyFlags, plannedCandidates, type SolveFlags, strategyOf } from "./flags.ts";

const server = { kind: "openai", model: "m", baseUrl: "http://127.0.0.1:1/v1" } as const;
const choice = (strategy: string, generator: Choice["generator"] = server): Choice => ({
  strategy,
  generator,
  verifier: { kind: "none" },
  reason: "asked for",
});
const params = (strategy: string, flags: Omit<SolveFlags, "seed">, generator?: Choice["generator"]) =>
  strategyOf(choice(strategy, generator), { seed: 1, ...flags }).plan.params;

describe("the knobs of a strategy", () => {
  it("keep their defaults unless the command line names them", () => {
    expect(params("majority", {})).toEqual({ n: 16, temperature: 1, maxTokens: 1024 });
    expect(params("majority", { n: 8, temperature: 0.5, maxTokens: 9 })).toEqual({
      n: 8,
      temperature: 0.5,
      maxTokens: 9,
    });
    expect(params("greedy", {}, { kind: "embedded", name: "pico-s" })).toEqual({ maxTokens: 256 });
  });

  it("keep the width of a small beam search within its n", () => {
    expect(params("beam", { n: 2 })).toMatchObject({ n: 2, width: 2 });
    expect(params("beam", { n: 8 })).toMatchObject({ n: 8, width: 4 });
    expect(() => params("beam", { n: 2, width: 3 })).toThrow("width (3) must be at most n (2).");
  });

  it("are set by --set, as numbers or as text", () => {
    const set = { maxRounds: "10", separator: "1", topP: "0.9" };
    expect(params("beam", { set })).toMatchObject({ maxRounds: 10, separator: "1", topP: 0.9 });
    expect(params("majority", { n: 4, set: { n: "5" } })).toMatchObject({ n: 5 });
  });

  it("are refused when the strategy does not have them or cannot take the value", () => {
    expect(() => params("majority", { set: { width: "4" } })).toThrow('majority has no parameter "width"');
    expect(() => params("greedy", { n: 4 })).toThrow('greedy has no parameter "n": it takes maxTokens.');
    expect(() => params("majority", { set: { n: "many" } })).toThrow("n must be a whole number");
    expect(() => params("majority", { set: { n: "true" } })).toThrow("n must be a whole number");
  });

  it("say how many candidates to expect", () => {
    expect(plannedCandidates(choice("beam"), { seed: 1, n: 8 })).toBe(8);
    expect(plannedCandidates(choice("greedy"), { seed: 1 })).toBe(1);
  });
});

describe("the flags of a policy", () => {
  const refused = (flags: Omit<SolveFlags, "seed">) => () => checkPolicyFlags({ seed: 1, ...flags });
  const policy = "p.json";

  it.each([
    ["strategy", { strategy: "majority" }],
    ["n", { n: 4 }],
    ["width", { width: 4 }],
    ["temperature", { temperature: 0.5 }],
    ["set", { set: { topP: "0.5" } }],
  ] as const)("leave nothing to decide for --%s", (name, flags) => {
    expect(refused({ policy, ...flags })).toThrow(`--policy decides what --${name} would: leave one of them`);
  });

  it.each([
    ["average", { average: 9 }],
    ["pool", { pool: "tokens=9" }],
    ["insist", { insist: true }],
  ] as const)("mean nothing without one: --%s", (name, flags) => {
    expect(refused(flags)).toThrow(`--${name} needs a --policy FILE`);
  });

  it("cannot ask for an average of a pool, nor for a time limit of problems that wait for their turns", () => {
    const pool = "tokens=100";
    expect(refused({ policy, pool, average: 9 })).toThrow("there is no --average");
    expect(refused({ policy, pool, budget: "tokens=9,ms=9" })).toThrow("--budget cannot have ms");
    expect(refused({ policy, pool, budget: "tokens=9" })).not.toThrow();
    expect(refused({ policy, average: 9, budget: "ms=9" })).not.toThrow();
    expect(refused({})).not.toThrow();
  });
});
