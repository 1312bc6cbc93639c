import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bestOfK, passAtK, rightAmong } from "./subsets.ts";

/** All subsets of `k` of the numbers below `total`. */
function subsets(total: number, k: number, from = 0): number[][] {
  if (k === 0) return [[]];
  const all: number[][] = [];
  for (let first = from; first <= total - k; first += 1)
    for (const rest of subsets(total, k - 1, first + 1)) all.push([first, ...rest]);
  return all;
}

const samples = fc.array(fc.record({ score: fc.nat(4), right: fc.boolean() }), {
  minLength: 1,
  maxLength: 9,
});

describe("rightAmong", () => {
  it("is the hypergeometric distribution", () => {
    // SciPy 1.17.1: hypergeom(10, 4, 3).pmf(range(4))
    const expected = [0.16666666666666666, 0.5, 0.3, 0.03333333333333333];
    for (const [found, chance] of rightAmong(10, 4, 3)!.entries())
      expect(chance).toBeCloseTo(expected[found]!, 14);
  });

  it("sums to 1, averages k times the share, and leaves pass@k where none is right", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(200),
        (total, share, k) => {
          const right = Math.round(share * total);
          const chances = rightAmong(total, right, k);
          if (k > total) {
            expect(chances).toBeUndefined();
            return;
          }
          const sum = (weigh: (found: number) => number) =>
            chances!.reduce((all, chance, found) => all + weigh(found) * chance, 0);
          expect(chances).toHaveLength(k + 1);
          expect(sum(() => 1)).toBeCloseTo(1, 10);
          expect(sum((found) => found)).toBeCloseTo((k * right) / total, 8);
          expect(1 - chances![0]!).toBeCloseTo(passAtK(total, right, k)!, 10);
        },
      ),
    );
  });
});

describe("bestOfK", () => {
  it("is the average over all subsets, equal scores sharing the choice", () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 1, max: 9 }), (drawn, k) => {
        const best = bestOfK(
          drawn.map(({ score }) => score),
          drawn.map(({ right }) => right),
          k,
        );
        if (k > drawn.length) {
          expect(best).toBeUndefined();
          return;
        }
        const accuracies = subsets(drawn.length, k).map((places) => {
          const subset = places.map((place) => drawn[place]!);
          const top = Math.max(...subset.map(({ score }) => score));
          const chosen = subset.filter(({ score }) => score === top);
          return chosen.filter(({ right }) => right).length / chosen.length;
        });
        expect(best).toBeCloseTo(accuracies.reduce((sum, one) => sum + one, 0) / accuracies.length, 12);
      }),
    );
  });

  it("is pass@k with a perfect verifier", () => {
    const right = [true, false, false, true, false, false, false];
    for (let k = 1; k <= 7; k += 1)
      expect(bestOfK(right.map(Number), right, k)).toBeCloseTo(passAtK(7, 2, k)!, 14);
  });

  it("refuses what it cannot rank", () => {
    expect(() => bestOfK([1, Number.NaN], [true, false], 1)).toThrow(RangeError);
    expect(() => bestOfK([1], [true, false], 1)).toThrow(RangeError);
    expect(() => bestOfK([1], [true], 0)).toThrow(RangeError);
  });
});
