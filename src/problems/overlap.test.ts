import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ngramOverlap } from "./overlap.ts";

describe("ngramOverlap", () => {
  it("finds a shared run anywhere, whatever its case and punctuation", () => {
    const train = ["one two three four five", "six seven eight"];
    const test = ["zero Two, three FOUR nine", "seven six eight", "six seven nine"];
    expect(ngramOverlap(train, test, 3)).toEqual([{ test: 0, gram: "two three four" }]);
    expect(ngramOverlap(train, test, 2).map((one) => one.test)).toEqual([0, 2]);
    expect(ngramOverlap(train, test, 4)).toEqual([]);
  });

  it("compares numbers too", () => {
    expect(ngramOverlap(["Tom has 16 pens."], ["Tom has 17 pens."], 4)).toEqual([]);
  });

  it("looks for a short test text as a whole", () => {
    expect(ngramOverlap(["a b c d e f"], ["c d", "d c", ""], 4)).toEqual([{ test: 0, gram: "c d" }]);
  });

  it("agrees with a plain search", () => {
    const words = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(words, { maxLength: 5 }),
        fc.array(words, { maxLength: 5 }),
        fc.integer({ min: 1, max: 6 }),
        (train, test, n) => {
          const runs = (list: string[], size: number) =>
            list.slice(size - 1).map((_, at) => list.slice(at, at + size).join(" "));
          const expected = test.flatMap((list, index) => {
            const size = Math.min(n, list.length);
            const known = new Set(train.flatMap((other) => runs(other, size)));
            return runs(list, size).some((run) => known.has(run)) ? [index] : [];
          });
          const join = (lists: string[][]) => lists.map((list) => list.join(" "));
          expect(ngramOverlap(join(train), join(test), n).map((one) => one.test)).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("refuses a run length below 1", () => {
    expect(() => ngramOverlap([], [], 0)).toThrow(RangeError);
  });
});
