import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { always, policyOf, ruleOf } from "../../test/policy-world.ts";
import { UsageError } from "../types.ts";
import { formatPolicy, parsePolicy } from "./file.ts";
import type { Policy } from "./policy.ts";
import { priceFor, usualPrice } from "./policy.ts";

const POLICY = policyOf(
  ruleOf({
    blocks: [{ m: 4, gain: always(0.2) }],
    searches: [{ plan: { strategy: "beam", params: { n: 4, topP: 0.9 } }, gain: always(0.1) }],
  }),
  { verifier: { name: "prm", fingerprint: "prm/1" } },
);

type Node = Record<string, unknown>;

/** The policy's text with another value at a place. */
function changed(place: string, to: (value: unknown) => unknown): string {
  const policy = JSON.parse(formatPolicy(POLICY)) as Node;
  const keys = place.split(".");
  const last = keys.pop()!;
  const parent = keys.reduce<Node>((node, key) => node[key] as Node, policy);
  parent[last] = to(parent[last]);
  return JSON.stringify(policy);
}

const list = (value: unknown) => value as unknown[];

describe("a policy file", () => {
  it("gives back the policy that was written", async () => {
    expect(await parsePolicy(formatPolicy(POLICY), "policy.json")).toEqual(POLICY);
  });

  it("leaves out what it does not know", async () => {
    const { rule } = POLICY;
    const [first, ...rest] = rule.actions;
    const actions = [{ ...first, extra: {} }, ...rest];
    const text = JSON.stringify({ ...POLICY, extra: 1, rule: { ...rule, actions, run: "rm" } });
    expect(await parsePolicy(text, "policy.json")).toEqual(POLICY);
  });

  it.each<[string, string, RegExp]>([
    ["no JSON", "policy:", /^p\.json is not a policy: it is not JSON\. Write one with bedacht calibrate\.$/],
    ["nothing", "", /it is not JSON/],
    ["a list", "[]", /^p\.json is not a policy: it does not say "bedacht"\./],
    ["null", "null", /does not say "bedacht"/],
    ["something else", '{"name":"x"}', /does not say "bedacht"/],
    [
      "another version",
      JSON.stringify({ ...POLICY, bedacht: "policy/0", rule: "as it was then" }),
      /^p\.json is a policy of another version of bedacht \(policy\/0, and this one reads policy\/1\): learn it again/,
    ],
    [
      "weights too few",
      changed("rule.value.weights", (all) => list(all).slice(1)),
      /is not a policy at rule\.value\.weights: /,
    ],
    [
      "weights too many",
      changed("rule.actions.0.gain.weights", (all) => [...list(all), 1]),
      /at rule\.actions\.0\.gain\.weights/,
    ],
    ["a scale too short", changed("rule.scale.mean", (all) => list(all).slice(1)), /at rule\.scale\.mean/],
    [
      "a weight that JSON cannot say",
      changed("rule.value.weights.3", () => Number.NaN),
      /at rule\.value\.weights\.3/,
    ],
    [
      "an infinite weight",
      changed("rule.actions.0.loss.weights.0", () => Number.POSITIVE_INFINITY),
      /at rule\.actions\.0\.loss\.weights\.0/,
    ],
    ["a deviation of 0", changed("rule.scale.deviation.1", () => 0), /at rule\.scale\.deviation\.1/],
    ["no actions", changed("rule.actions", () => []), /at rule\.actions/],
    ["an unknown action", changed("rule.actions.0.kind", () => "run"), /at rule\.actions\.0\.kind/],
    ["half a sample", changed("rule.actions.0.m", () => 0.5), /at rule\.actions\.0\.m/],
    [
      "code for a knob",
      changed("rule.actions.1.plan.params.n", () => ({ run: "rm" })),
      /at rule\.actions\.1\.plan\.params\.n/,
    ],
    ["a price of 0", changed("price", () => 0), /at price/],
    ["no provenance", changed("learnedOn.generator", () => undefined), /at learnedOn\.generator/],
  ])("refuses %s in one sentence", async (_, text, message) => {
    const refused = parsePolicy(text, "p.json");
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toBeInstanceOf(UsageError);
    await refused.catch(({ message: said }) => expect(said).not.toContain("\n"));
  });

  it("never throws anything else, whatever the text", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((one) => `{"bedacht":"policy/1","rule":${one}}`),
        ),
        async (text) => {
          await parsePolicy(text, "p.json").catch((error) => expect(error).toBeInstanceOf(UsageError));
        },
      ),
    );
  });
});

describe("the price", () => {
  const point = (price: number, accuracy: number, tokens: number): Policy["measured"]["policy"][number] => ({
    price,
    accuracy: { mean: accuracy, low: undefined, high: undefined },
    samples: tokens / 10,
    tokens,
  });
  const points = [point(0.04, 0.5, 10), point(0.02, 0.7, 20), point(0.01, 0.8, 80), point(0.005, 0.804, 320)];

  it("that is usual is the dearest within half a point of the best", () => {
    expect(usualPrice(points)).toBe(0.01);
    expect(usualPrice(points.slice(0, 1))).toBe(0.04);
  });

  it("of a mean lies between those of its neighbours, and never beyond the ends", () => {
    expect(priceFor(points, 20)).toBeCloseTo(0.02, 12);
    expect(priceFor(points, 40)).toBeCloseTo(0.02 / Math.SQRT2, 12);
    expect(priceFor(points, 1)).toBe(0.04);
    expect(priceFor(points, 1e9)).toBe(0.005);
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 1000, noNaN: true }),
        fc.double({ min: 1, max: 2, noNaN: true }),
        (tokens, times) => {
          expect(priceFor(points, tokens * times)).toBeLessThanOrEqual(priceFor(points, tokens));
        },
      ),
    );
  });
});
