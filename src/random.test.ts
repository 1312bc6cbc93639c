import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rng, threefry } from "./random.ts";

describe("threefry", () => {
  it.each([
    [0, 0, 0, 0, 0x6b200159, 0x99ba4efe],
    [-1, -1, -1, -1, 0x1cb996fc, 0xbb002be7],
    [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3, 0xc4923a9c, 0x483df7a0],
  ])("gives the published answer of 20 rounds for key %i %i and counter %i %i", (k0, k1, c0, c1, x0, x1) => {
    const out: [number, number] = [0, 0];
    threefry(k0 | 0, k1 | 0, c0 | 0, c1 | 0, out);
    expect(out.map((word) => word >>> 0)).toEqual([x0, x1]);
  });
});

describe("rng", () => {
  it("gives equal streams for equal seeds and different ones otherwise", () => {
    const draw = (seed: number | string) => Array.from({ length: 5 }, rng(seed).next);
    expect(draw(7)).toEqual(draw(7));
    for (const other of [8, -7, 7.5, "7", ""]) expect(draw(other)).not.toEqual(draw(7));
  });

  it("splits by label alone, whatever was drawn before", () => {
    const used = rng(1);
    for (let draws = 0; draws < 10; draws += 1) used.next();
    expect(used.split("a", 1).next()).toBe(rng(1).split("a", 1).next());
    expect(rng(1).split("a", 1).next()).toBe(rng(1).split("a").split(1).next());
  });

  it("keeps labels apart", () => {
    const labels = [
      ["a"],
      ["b"],
      ["a", ""],
      ["", "a"],
      ["ab"],
      ["a", "b"],
      [1],
      ["1"],
      [1, 1],
      [11],
      [0],
      [],
      ["abcd"],
      ["abcde"],
    ];
    const first = labels.map((label) =>
      rng(1)
        .split(...label)
        .next(),
    );
    expect(new Set(first).size).toBe(labels.length);
    expect(rng(1).split(-0).next()).toBe(rng(1).split(0).next());
  });

  it("draws evenly and within bounds", () => {
    const stream = rng("even");
    const seen = [0, 0, 0, 0, 0, 0];
    for (let draws = 0; draws < 60_000; draws += 1) {
      const at = stream.int(0, 5);
      seen[at] = seen[at]! + 1;
    }
    for (const count of seen) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    let sum = 0;
    for (let draws = 0; draws < 60_000; draws += 1) {
      const number = stream.next();
      expect(number >= 0 && number < 1).toBe(true);
      sum += number;
    }
    expect(sum / 60_000).toBeCloseTo(0.5, 2);
  });

  it("shuffles into a permutation and leaves its argument alone", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const before = [...items];
        const mixed = rng(seed).shuffle(items);
        expect(items).toEqual(before);
        expect([...mixed].sort()).toEqual([...items].sort());
      }),
    );
  });

  it("picks one of the elements and refuses an empty list", () => {
    expect(["x", "y"]).toContain(rng(3).pick(["x", "y"]));
    expect(() => rng(3).pick([])).toThrow(RangeError);
  });
});
