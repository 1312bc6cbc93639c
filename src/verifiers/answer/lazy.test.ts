import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { equivalent } from "../answer.ts";

it("loads the mathematics library only for formulas", () => {
  const loaded = () =>
    Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes("compute-engine"));
  const plain = [
    ["63", "64"],
    ["0.5", "\\frac{1}{2}"],
    ["5 cm", "5 m"],
    ["(A)", "B"],
    ["yes", "no"],
    ["(1,2)", "(2,1)"],
    ["1,234", "1234"],
  ] as const;
  for (const [a, b] of plain) equivalent(a, b);
  expect(loaded()).toBe(false);
  expect(equivalent("2\\sqrt{3}", "\\sqrt{12}")).toBe(true);
  expect(loaded()).toBe(true);
});
