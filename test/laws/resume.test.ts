import { describe, expect, it } from "vitest";
import { rng } from "../../src/random.ts";
import { killBatch } from "../kill.ts";
import { killTrial, lasting } from "../kill-trial.ts";
import { virtualClock } from "../virtual-clock.ts";

describe("an answer and its receipt", () => {
  it("do not depend on which call comes back first, even where the budget ends", async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const clock = virtualClock();
      const random = rng("pace").split(seed);
      const pace = (position: string, attempt: number) => random.split(position, attempt).int(0, 100);
      const slow = await clock.run(killTrial(seed, { clock, pace }));
      expect(lasting(slow), `seed ${seed}`).toBe(lasting(await killTrial(seed)));
    }
  });

  it("do not depend on kills, and no completed call is bought twice", async () => {
    const { trials, kills, boughtTwice, changed } = await killBatch(
      Array.from({ length: 6 }, (_, i) => i + 1),
      rng("resume"),
    );
    expect(boughtTwice).toEqual([]);
    expect(changed).toEqual([]);
    expect(trials).toBe(6);
    expect(kills).toBeGreaterThan(0);
  });
});
