import { expect, it } from "vitest";
import { multiplier } from "./exchange.ts";

it("has the paper's multipliers for 14 times the parameters", () => {
  expect([0.16, 0.79, 22].map((rate) => multiplier(14, rate).toFixed(1))).toEqual(["257.8", "63.4", "15.8"]);
});
