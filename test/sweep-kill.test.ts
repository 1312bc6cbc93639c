import { expect, it } from "vitest";
import { rng } from "../src/random.ts";
import { tortureSweep } from "./sweep-torture.ts";

it("a sweep that is killed at random moments ends as an unbroken one, and buys no completed call twice", async () => {
  const random = rng("sweep kill");
  const result = await tortureSweep(3, { kills: 3, problems: 4, random });
  expect(result).toMatchObject({ boughtTwice: [], changed: [] });
  expect(result.kills).toBeGreaterThan(0);
}, 180_000);
