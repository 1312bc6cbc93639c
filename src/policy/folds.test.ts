import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rng } from "../random.ts";
import { foldsOf } from "./folds.ts";

describe("foldsOf", () => {
  it("splits evenly, by its seed alone", () => {
    const fold = foldsOf(7, 2, rng(1));
    expect([0, 1].map((one) => fold.filter((other) => other === one).length)).toEqual([4, 3]);
    expect(foldsOf(7, 2, rng(1))).toEqual(fold);
    const seeds = Array.from({ length: 9 }, (_, seed) => foldsOf(7, 2, rng(seed)).join());
    expect(new Set(seeds).size).toBeGreaterThan(3);
  });

  it("gives every fold its share of a stratum, and keeps a cluster in one", () => {
    const world = fc.array(fc.record({ cluster: fc.nat(9), stratum: fc.nat(2) }), { minLength: 20 });
    fc.assert(
      fc.property(world, fc.integer({ min: 2, max: 4 }), fc.nat(), (all, folds, seed) => {
        const clusters = all.map(({ cluster }) => cluster);
        fc.pre(new Set(clusters).size >= folds);
        // A cluster has one stratum.
        const strata = clusters.map((cluster) => all[clusters.indexOf(cluster)]!.stratum);
        const fold = foldsOf(all.length, folds, rng(seed), { clusters, strata });
        for (const cluster of new Set(clusters))
          expect(new Set(fold.filter((_, problem) => clusters[problem] === cluster)).size).toBe(1);
        for (const stratum of new Set(strata)) {
          const firsts = [...fold].filter(
            (_, problem) => strata[problem] === stratum && clusters.indexOf(clusters[problem]!) === problem,
          );
          const counts = Array.from({ length: folds }, (_, one) => firsts.filter((f) => f === one).length);
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it("refuses fewer clusters than folds, and lists of another length", () => {
    expect(() => foldsOf(1, 2, rng(1))).toThrow(
      "2 folds need as many problems, or clusters of them: there are 1.",
    );
    expect(() => foldsOf(3, 2, rng(1), { clusters: ["a", "a", "a"] })).toThrow("there are 1.");
    expect(() => foldsOf(3, 2, rng(1), { strata: [1] })).toThrow("1 strata are given for 3 problems.");
  });
});
