import fc from "fast-check";
import { expect, test } from "vitest";
import { always, KINDS, recordedOf, ruleOf, TOKENS, threshold, world } from "../../test/policy-world.ts";
import { rng } from "../random.ts";
import { simulate, simulateUniform } from "./simulating.ts";
import { permutation, type Recorded, walkOver } from "./walk.ts";

const ALL = Object.values(KINDS);
/** Buys single samples at a gain that falls with every sample, and blocks of four at a smaller one. */
const falling = ruleOf({
  blocks: [
    { m: 1, gain: threshold("log2 samples", 1, -2) },
    { m: 4, gain: threshold("log2 samples", 2, -2) },
  ],
  searches: [{ plan: { strategy: "beam", params: { n: 4 } }, gain: threshold("log2 samples", 3, -1) }],
  most: 16,
});
const searched = { samples: 16, verifier: 0.8, searches: [{ cost: 4, finds: 1 }] };
const prices = Array.from({ length: 12 }, (_, step) => 0.1 / 3 ** step);

test("a price that nothing brings draws one sample, price 0 all that may be bought", () => {
  const problems = world(ALL, 9, searched, 1);
  const { samples, searches, cost } = simulate(falling, problems, [Number.POSITIVE_INFINITY, 0], rng(1));
  expect([...samples[0]!]).toEqual(problems.map(() => 1));
  expect([...searches[0]!]).toEqual(problems.map(() => 0));
  for (const one of cost[0]!) expect(one).toBeCloseTo(TOKENS, 9);
  expect([...samples[1]!]).toEqual(problems.map(() => 16));
  for (const one of cost[1]!) expect(one).toBeCloseTo((16 + 4) * TOKENS, 9);
});

test("a lower price never spends less, on any problem in any order, and stops where it would by itself", () => {
  fc.assert(
    fc.property(fc.nat(1e6), (seed) => {
      const problems = world(ALL, 6, searched, seed);
      const all = simulate(falling, problems, prices, rng(seed), { orders: 1 });
      for (let size = 1; size < prices.length; size += 1)
        for (let problem = 0; problem < problems.length; problem += 1)
          expect(all.cost[size]![problem]).toBeGreaterThanOrEqual(all.cost[size - 1]![problem]!);
      const one = simulate(falling, problems, [prices[5]!], rng(seed), { orders: 1 });
      for (const key of ["accuracy", "samples", "searches", "cost"] as const)
        expect([...one[key][0]!]).toEqual([...all[key][5]!]);
    }),
    { numRuns: 40 },
  );
});

test("ends where a problem has fewer samples than the rule may draw", () => {
  const problems = world(ALL, 3, { ...searched, samples: 6 }, 1);
  const { samples } = simulate(falling, problems, [0], rng(1), { orders: 1 });
  expect([...samples[0]!]).toEqual([6, 6, 6]);
  expect([...simulateUniform(problems, [4, 16], rng(1)).samples[1]!]).toEqual([6, 6, 6]);
});

test("refuses prices and Ns in another order", () => {
  const problems = world(ALL, 3, searched, 1);
  expect(() => simulate(falling, problems, [0.1, 0.2], rng(1))).toThrow("from the highest to the lowest");
  expect(() => simulateUniform(problems, [4, 2], rng(1))).toThrow("in ascending order");
  expect(() => simulateUniform(problems, [0], rng(1))).toThrow("in ascending order");
});

/** Two samples right, one wrong, and their scores. */
const tiny = (score: readonly number[]): Recorded => ({
  ...recordedOf(KINDS.easy, { samples: 3 }, rng(1)),
  answer: [0, 1, 1],
  right: [1, 0, 0],
  score,
});

/** Mean over all orders of three samples. */
function overOrders(right: (order: readonly number[]) => number): number {
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ];
  return orders.reduce((sum, order) => sum + right(order), 0) / orders.length;
}

test("the same N is majority, or the weighted vote, as counting all orders by hand gives it", () => {
  const none = [Number.NaN, Number.NaN, Number.NaN];
  const scores = [0.9, 0.3, 0.4];
  const vote = (weights: readonly number[]) => (n: number) =>
    overOrders((order) => {
      const drawn = order.slice(0, n);
      const weight = (wanted: (one: number) => boolean) =>
        drawn.filter(wanted).reduce((sum, one) => sum + weights[one]!, 0);
      const [right, wrong] = [weight((one) => one === 0), weight((one) => one > 0)];
      return right === wrong ? Number(order[0] === 0) : Number(right > wrong);
    });
  const orders = 4000;
  const within = 4 * Math.sqrt(0.25 / orders);
  for (const [score, weights] of [
    [none, [1, 1, 1]],
    [scores, scores],
  ] as const) {
    const { accuracy, cost } = simulateUniform([tiny(score)], [1, 2, 3], rng(5), { orders });
    for (const [place, n] of [1, 2, 3].entries()) {
      expect(Math.abs(accuracy[place]![0]! - vote(weights)(n))).toBeLessThan(within);
      expect(cost[place]![0]).toBeCloseTo(n * TOKENS, 6);
    }
  }
});

test("a verifier reads every piece once, in whatever order samples come", () => {
  const recorded: Recorded = {
    ...recordedOf(KINDS.middle, { samples: 3 }, rng(1)),
    start: 7,
    cost: [10, 20, 30],
    reading: { pieces: [1, 2, 1, 3, 1], cost: [100, 200, 100, 400, 100], ends: [2, 4, 5] },
  };
  const total = 7 + 60 + 100 + 200 + 400;
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
  ]) {
    const walk = walkOver(recorded, Int32Array.from(order));
    for (let draw = 0; draw < 3; draw += 1) walk.draw(1);
    expect(walk.cost).toBe(total);
    expect(walk.left).toBe(0);
    walk.draw(4);
    expect({ cost: walk.cost, drawn: walk.drawn }).toEqual({ cost: total, drawn: 3 });
  }
  const first = walkOver(recorded, Int32Array.of(2, 0));
  first.draw(1);
  expect(first.cost).toBe(7 + 30 + 100);
  first.draw(1);
  expect(first.cost).toBe(7 + 30 + 100 + 10 + 200);
});

test("a permutation has every thing once, and its beginning is a fair draw", () => {
  const counts = [0, 0, 0, 0];
  for (let seed = 0; seed < 4000; seed += 1) {
    const drawn = [...permutation(4, 2, rng(seed))];
    expect(new Set(drawn).size).toBe(2);
    for (const one of drawn) counts[one]! += 1;
  }
  for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(4 * Math.sqrt(1000));
  expect([...permutation(3, 10, rng(1))].sort()).toEqual([0, 1, 2]);
});

test("a search's solutions count as often as they stand for, and it is bought once", () => {
  const [problem] = world([KINDS.middle], 1, { samples: 4, searches: [{ cost: 4, finds: 1 }] }, 3);
  const rule = ruleOf({
    blocks: [{ m: 1, gain: always(1e-9) }],
    searches: [{ plan: { strategy: "beam", params: {} }, gain: always(0.5) }],
    most: 4,
  });
  const { accuracy, searches, samples } = simulate(rule, [problem!], [0.001], rng(1));
  expect([accuracy[0]![0], searches[0]![0], samples[0]![0]]).toEqual([1, 1, 1]);
});
