import { expect, test } from "vitest";
import { custom } from "./custom.ts";

const requests = ["0.25", "1", "2", "-1", "none", "throw"].map((text, index) => ({
  problem: { id: "p", prompt: "?" },
  text,
  position: `score/${index}`,
}));

const verifier = custom(
  (text) => {
    if (text === "throw") throw new Error("No grade today.");
    return text === "none" ? undefined : Number(text);
  },
  { name: "mine" },
);

test("scores with your function; what is not a score is unknown, and says why", async () => {
  const told: number[] = [];
  const scores = await verifier.score(requests, { onScore: (index) => told.push(index) });
  expect(scores.map(({ value }) => value)).toEqual([0.25, 1, undefined, undefined, undefined, undefined]);
  expect(scores.map(({ error }) => error?.message)).toEqual([
    undefined,
    undefined,
    "The score 2 of mine is not in [0, 1].",
    "The score -1 of mine is not in [0, 1].",
    undefined,
    "No grade today.",
  ]);
  expect(told.sort()).toEqual([0, 1, 2, 3, 4, 5]);
});

test("costs nothing and scores whole solutions unless it says otherwise", async () => {
  expect(await verifier.countTokens(requests.slice(0, 1))).toEqual([{ input: 0, output: 0 }]);
  expect(verifier).toMatchObject({ name: "mine", fingerprint: "mine", free: true, scoresPartial: false });
  expect(custom(() => 1, { fingerprint: "v2", scoresPartial: true })).toMatchObject({
    name: "custom",
    fingerprint: "v2",
    scoresPartial: true,
  });
});
