import { expect, it } from "vitest";
import { AGGREGATIONS, aggregate } from "./aggregate.ts";

it("aggregates by hand-computed values", () => {
  const steps = [0.9, 0.2, 0.5];
  expect(aggregate(steps)).toBe(0.5);
  expect(aggregate(steps, "min")).toBe(0.2);
  expect(aggregate(steps, "prod")).toBeCloseTo(0.09, 12);
  expect(aggregate(steps, "mean")).toBeCloseTo(1.6 / 3, 12);
});

it("has nothing to say without a step", () => {
  for (const aggregation of AGGREGATIONS) expect(aggregate([], aggregation)).toBeUndefined();
});

it("is the score itself for a single step", () => {
  for (const aggregation of AGGREGATIONS) expect(aggregate([0.7], aggregation)).toBe(0.7);
});
