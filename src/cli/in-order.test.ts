import { describe, expect, it } from "vitest";
import { inOrder } from "./in-order.ts";

async function* count(to: number) {
  for (let item = 0; item < to; item += 1) yield item;
}

const never = new AbortController().signal;

describe("inOrder", () => {
  it("hands over in order, however long each item takes", async () => {
    const taken: number[] = [];
    let running = 0;
    let most = 0;
    await inOrder(
      count(20),
      { atOnce: 4, signal: never },
      async (item) => {
        running += 1;
        most = Math.max(most, running);
        for (let turn = 0; turn < (item * 7) % 5; turn += 1) await new Promise(setImmediate);
        running -= 1;
        return item;
      },
      async (item) => void taken.push(item),
    );
    expect(taken).toEqual(Array.from({ length: 20 }, (_, item) => item));
    expect(most).toBe(4);
  });

  it("takes no more items once it is stopped, and finishes what is begun", async () => {
    const stop = new AbortController();
    const taken: number[] = [];
    await inOrder(
      count(100),
      { atOnce: 2, signal: stop.signal },
      async (item) => {
        if (item === 5) stop.abort();
        return item;
      },
      async (item) => void taken.push(item),
    );
    expect(taken.slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(taken.length).toBeLessThan(10);
  });

  it("throws the first error, after what came before it", async () => {
    const taken: number[] = [];
    const run = inOrder(
      count(10),
      { atOnce: 3, signal: never },
      async (item) => {
        if (item === 4) throw new Error("broken");
        return item;
      },
      async (item) => void taken.push(item),
    );
    await expect(run).rejects.toThrow("broken");
    expect(taken).toEqual([0, 1, 2, 3]);
  });
});
