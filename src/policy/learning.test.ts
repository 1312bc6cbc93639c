import { beforeAll, describe, expect, it } from "vitest";
import { KINDS, type Kind, type Recording, world } from "../../test/policy-world.ts";
import { rng } from "../random.ts";
import { calibrationError } from "../stats/calibration.ts";
import { chanceOf } from "../stats/logistic.ts";
import type { Rule } from "./decide.ts";
import { expanded, featuresOf } from "./features.ts";
import { BLOCKS, learn } from "./learning.ts";
import { simulate, simulateUniform } from "./simulating.ts";
import { permutation, type Recorded, walkOver } from "./walk.ts";

const ALL = Object.values(KINDS);
const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
const PRICES = Array.from({ length: 22 }, (_, step) => 0.025 * 2 ** (-0.7 * step));

/** The chances of a rule at random moments of fresh problems, and what came of them. */
function moments(rule: Rule, problems: readonly Recorded[], seed: number) {
  return problems.map((recorded, number) => {
    const random = rng(seed).split(number);
    const walk = walkOver(recorded, permutation(recorded.answer.length, rule.most, random));
    walk.draw(random.int(1, rule.most / 2));
    const features = expanded(featuresOf(walk.standing(), recorded.promptLength), rule.scale);
    return { features, value: chanceOf(rule.value, features), right: walk.right() === 1 };
  });
}

/** Accuracy of the same N for every problem, at any mean number of samples, linear in between. */
function uniformAt(problems: readonly Recorded[], samples: number, most: number): number {
  const ns = Array.from({ length: most }, (_, index) => index + 1);
  const { accuracy } = simulateUniform(problems, ns, rng("uniform"), { orders: 4 });
  const place = samples - 1;
  const [low, high] = [Math.floor(place), Math.ceil(place)].map((at) => mean(accuracy[at]!));
  return low! + (high! - low!) * (place % 1);
}

describe("what is learned from easy, hopeless and middling problems", () => {
  const recording: Recording = { samples: 24 };
  const fresh = world(ALL, 240, recording, 2);
  let rule: Rule;
  beforeAll(() => {
    rule = learn(world(ALL, 150, recording, 1), rng(1), { orders: 2 });
  });

  it("spends on those in between", () => {
    const { samples, accuracy } = simulate(rule, fresh, PRICES, rng(3), { orders: 2 });
    const of = (kind: number, row: Float64Array) => mean(row.filter((_, problem) => problem % 3 === kind));
    const [easy, , middle] = [0, 1, 2];
    const size = samples.findIndex((row) => mean(row) >= 5);
    expect(of(easy, samples[size]!)).toBeLessThan(6);
    expect(of(middle, samples[size]!)).toBeGreaterThan(1.5 * of(easy, samples[size]!));
    expect(of(middle, accuracy[size]!)).toBeGreaterThan(KINDS.middle.right + 0.2);
  });

  it("beats the same N for every problem at equal cost, on problems it never saw", () => {
    const { samples, accuracy } = simulate(rule, fresh, PRICES, rng(3), { orders: 4 });
    const size = samples.findIndex((row) => mean(row) >= 5);
    const gain = mean(accuracy[size]!) - uniformAt(fresh, mean(samples[size]!), rule.most);
    expect(gain).toBeGreaterThan(0.02);
    const prices = samples.map((row, place) => ({ place, samples: mean(row) }));
    for (const one of prices.filter(({ samples: n }) => n > 2 && n < 12))
      expect(mean(accuracy[one.place]!)).toBeGreaterThan(uniformAt(fresh, one.samples, rule.most) - 0.01);
  });

  it("looks more than one sample ahead, since one more vote overturns nothing", () => {
    const short = { ...rule, actions: rule.actions.filter(({ samples }) => samples === 1) };
    const price = [PRICES[8]!];
    const [one, all] = [short, rule].map((each) => simulate(each, fresh, price, rng(3), { orders: 2 }));
    expect(mean(one!.samples[0]!)).toBe(1);
    expect(mean(all!.samples[0]!)).toBeGreaterThan(5);
    expect(mean(all!.accuracy[0]!) - mean(one!.accuracy[0]!)).toBeGreaterThan(0.1);
  });

  it("knows how often it is right, within the error of sampling", () => {
    const many = moments(rule, world(ALL, 1200, recording, 5), 7);
    const graded = { scores: many.map(({ value }) => value), right: many.map(({ right }) => right) };
    const expected = mean(graded.scores);
    const share = mean(graded.right.map(Number));
    expect(Math.abs(expected - share)).toBeLessThan(4 * Math.sqrt(0.25 / many.length));
    expect(calibrationError(graded, { bins: 5, by: "mass" })).toBeLessThan(0.05);
  });

  it("gives chances from 0 to 1, which no more than add up to what can happen", () => {
    for (const { features, value } of moments(rule, fresh, 9))
      for (const { gain, loss } of rule.actions) {
        const chances = [value, chanceOf(gain, features), chanceOf(loss, features)];
        for (const chance of chances) {
          expect(chance).toBeGreaterThanOrEqual(0);
          expect(chance).toBeLessThanOrEqual(1);
        }
      }
  });

  it("is the same from the same seed", () => {
    const few = world(ALL, 24, { samples: 6 }, 1);
    expect(learn(few, rng(4))).toEqual(learn(few, rng(4)));
    expect(learn(few, rng(5))).not.toEqual(learn(few, rng(4)));
  });
});

describe("searches as purchases", () => {
  const plan = (n: number) => ({ strategy: "beam", params: { n } });
  const hard: Kind = { right: 0.1, wrong: 6 };
  const searching = (finds: number): Recording => ({ samples: 12, searches: [{ cost: 4, finds }] });
  const bought = (finds: number) => {
    const recording = searching(finds);
    const rule = learn(world([hard, KINDS.easy], 60, recording, 1), rng(1), {
      searches: [plan(4)],
      orders: 2,
    });
    return simulate(rule, world([hard], 40, recording, 2), [0.002], rng(2), { orders: 2 });
  };

  it("buys one that always finds the right answer", () => {
    const { searches, accuracy } = bought(1);
    expect(mean(searches[0]!)).toBeGreaterThan(0.8);
    expect(mean(accuracy[0]!)).toBeGreaterThan(0.7);
  });

  it("buys none that never does", () => {
    expect(mean(bought(0).searches[0]!)).toBeLessThan(0.05);
  });

  it("costs a search in samples of the same problems", () => {
    const problems = world([hard], 20, searching(1), 1);
    const rule = learn(problems, rng(1), { searches: [plan(4)], orders: 1 });
    expect(rule.actions.at(-1)).toMatchObject({ kind: "search", plan: plan(4) });
    expect(rule.actions.at(-1)!.samples).toBeCloseTo(4, 9);
  });
});

describe("the edges of what can be learned", () => {
  it("looks only as far ahead as there are samples, those of the problem with the fewest", () => {
    const problems = world(ALL, 21, { samples: 12 }, 1);
    const short = world(ALL, 1, { samples: 5 }, 2);
    const { actions, most } = learn([...problems, ...short], rng(1), { orders: 1 });
    expect(most).toBe(5);
    expect(actions.map(({ samples }) => samples)).toEqual(BLOCKS.filter((m) => m < 5));
    const two = learn(world(ALL, 20, { samples: 2 }, 1), rng(1));
    expect(two).toMatchObject({ most: 2, actions: [{ m: 1 }] });
  });

  it.each([
    ["all right", [KINDS.easy]],
    ["all wrong", [KINDS.hopeless]],
  ])("is finite where samples are %s", (_, kinds) => {
    const rule = learn(world(kinds, 20, { samples: 4 }, 1), rng(1));
    const numbers = JSON.stringify(rule).match(/null/g);
    expect(numbers).toBeNull();
    const { samples } = simulate(rule, world(kinds, 5, { samples: 4 }, 2), [0.001], rng(1));
    expect([...samples[0]!]).toEqual([1, 1, 1, 1, 1]);
  });

  it("is finite for scores of exactly 0 and 1, and for samples without an answer", () => {
    const problems = world(ALL, 20, { samples: 6 }, 1).map((one, number) => ({
      ...one,
      answer: number < 3 ? one.answer : Array.from(one.answer, (answer, place) => (place % 3 ? answer : -1)),
      right: Array.from(one.right, (right, place) => (number < 3 || place % 3 ? right : 0)),
      score: Array.from(one.answer, (answer) => Number(answer === 0)),
    }));
    expect(JSON.stringify(learn(problems, rng(1)))).not.toContain("null");
  });

  it("refuses what is too little", () => {
    expect(() => learn(world(ALL, 19, { samples: 4 }, 1), rng(1))).toThrow("needs 20 problems");
    expect(() => learn(world(ALL, 20, { samples: 1 }, 1), rng(1))).toThrow("at least 2 samples of each");
    expect(() => learn([], rng(1))).toThrow("needs 20 problems");
  });
});
