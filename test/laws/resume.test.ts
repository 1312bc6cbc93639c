import { expect, it } from "vitest";
import { rng } from "../../src/random.ts";
import { killBatch } from "../kill.ts";

it("gives the same answer and receipt after any number of kills, and buys no completed call twice", async () => {
  const { trials, kills, boughtTwice, changed } = await killBatch(
    Array.from({ length: 12 }, (_, i) => i + 1),
    rng("resume"),
  );
  expect(boughtTwice).toEqual([]);
  expect(changed).toEqual([]);
  expect(trials).toBe(12);
  expect(kills).toBeGreaterThan(0);
});
