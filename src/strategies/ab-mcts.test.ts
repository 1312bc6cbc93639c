import { expect, test } from "vitest";
import { PROBLEM, stage } from "../../test/stage.ts";
import type { GenerateRequest } from "../models/model.ts";
import { scripted } from "../models/scripted.ts";
import { rng } from "../random.ts";
import { custom } from "../verifiers/custom.ts";
import { type AbMctsOptions, abMcts } from "./index.ts";

const SEEDS = 30;

/** Which solutions are refined when the score depends on the position: the parents of all refinements. */
async function refined(
  knobs: AbMctsOptions,
  score: (position: string) => number,
): Promise<readonly string[]> {
  const parents: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { context, trace } = stage(
      ({ position }) => `${position}\n#### 1`,
      (text) => score(text.split("\n")[0]!),
    );
    await abMcts({ parallel: 1, ...knobs })(PROBLEM, { ...context, rng: rng(seed) });
    parents.push(...trace.flatMap((one) => (one.type === "revised" ? [one.parent] : [])));
  }
  return parents;
}
const isRefined = (position: string) => position.includes("revision");
const times = (parents: readonly string[], id: string) => parents.filter((parent) => parent === id).length;
const priors = ["gaussian", "beta"] as const;

test.each(priors)("it goes deeper where refining helps, and wider where it spoils (%s)", async (prior) => {
  const knobs = { n: 16, prior };
  const helping = await refined(knobs, (position) => (isRefined(position) ? 0.9 : 0.4));
  const spoiling = await refined(knobs, (position) => (isRefined(position) ? 0.1 : 0.4));
  expect(helping.length).toBeGreaterThan(1.5 * spoiling.length);
});

test.each(priors)("it refines the better of two solutions (%s)", async (prior) => {
  const parents = await refined({ n: 8, depth: 2, parallel: 2, prior }, (position) =>
    position === "sample/1" ? 0.9 : position === "sample/0" ? 0.1 : 0.5,
  );
  expect(times(parents, "sample/1")).toBeGreaterThan(1.5 * times(parents, "sample/0"));
});

test.each(priors)("it goes on where what lies below was good (%s)", async (prior) => {
  const parents = await refined({ n: 20, depth: 2, prior }, (position) =>
    position.startsWith("sample/1/") ? 0.9 : isRefined(position) ? 0.1 : 0.5,
  );
  expect(times(parents, "sample/1")).toBeGreaterThan(1.5 * times(parents, "sample/0"));
});

test("a solution without an answer is not refined, but its score is known", async () => {
  const { context, trace } = stage(
    () => "no idea",
    () => 0.9,
  );
  const { candidates } = await abMcts({ n: 12 })(PROBLEM, context);
  expect(candidates.map(({ id }) => id)).toEqual(candidates.map((_, index) => `sample/${index}`));
  expect(trace.filter(({ type }) => type === "scored")).toHaveLength(12);
});

test("a reviser is given the solutions of its path, and so is a verifier that sees history", async () => {
  const requests: GenerateRequest[] = [];
  const { context } = stage(() => "");
  const model = scripted(
    (request) => {
      requests.push(request);
      return `after ${(request.prefix ?? "").split("#").length}\n#### 1`;
    },
    { revises: true },
  );
  const texts: string[] = [];
  const verifier = custom(
    (text) => {
      texts.push(text);
      return 0.9;
    },
    { seesHistory: true },
  );
  await abMcts({ n: 12, parallel: 1 })(PROBLEM, { ...context, model, verifier });
  const second = requests.find(({ position }) => position === "sample/0/revision/0");
  expect(second?.prefix).toBe("after 1\n#### 1\n");
  expect(texts).toContain("after 1\n#### 1\nafter 5\n#### 1");
});

test("refuses, before anything is spent, what cannot work", async () => {
  const { context, trace } = stage(() => "#### 1");
  const verifier = custom(() => 1);
  const wordless = { ...context.model, can: { ...context.model.can, chat: false } };
  await expect(abMcts()(PROBLEM, context)).rejects.toThrow(
    "ab-mcts needs a verifier: give one, or use majority",
  );
  await expect(abMcts()(PROBLEM, { ...context, verifier, model: wordless })).rejects.toThrow(
    "ab-mcts needs a model that refines solutions, and scripted neither is trained to revise nor follows a chat: use best-of-n.",
  );
  expect(trace).toEqual([]);
  const wide = await abMcts({ depth: 1 })(PROBLEM, { ...context, verifier, model: wordless });
  expect(wide.candidates).toHaveLength(16);
  expect(() => abMcts({ prior: "flat" as "beta" })).toThrow("prior must be gaussian or beta, not flat.");
  expect(() => abMcts({ depth: 0 })).toThrow("depth must be a whole number of at least 1, not 0.");
});
