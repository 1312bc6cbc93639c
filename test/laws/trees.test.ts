import fc from "fast-check";
import { expect, test } from "vitest";
import { scripted } from "../../src/models/scripted.ts";
import { rng } from "../../src/random.ts";
import { type AbMctsOptions, abMcts, bestOfN, type MctsOptions, mcts } from "../../src/strategies/index.ts";
import type { Beam } from "../../src/strategies/steps.ts";
import { backUp, chooseLeaves, isOpen, type Node, plant, settle } from "../../src/strategies/uct.ts";
import type { TraceEvent } from "../../src/types.ts";
import { custom } from "../../src/verifiers/custom.ts";
import type { Verifier } from "../../src/verifiers/verifier.ts";
import { author, constant, critic, play, worlds } from "./worlds.ts";

const sizes = fc.integer({ min: 1, max: 9 });
const mctsKnobs: fc.Arbitrary<MctsOptions> = fc.record({
  n: sizes,
  width: fc.integer({ min: 1, max: 4 }),
  parallel: fc.integer({ min: 1, max: 5 }),
  exploration: fc.constantFrom(0, 0.7, 5),
});
const abKnobs: fc.Arbitrary<AbMctsOptions> = fc.record({
  n: sizes,
  parallel: fc.integer({ min: 1, max: 5 }),
  depth: fc.integer({ min: 1, max: 9 }),
  prior: fc.constantFrom("gaussian", "beta"),
});

/** Writes a step that no other has, and never an answer. */
const endless = scripted(({ position }) => `${position}\n`.repeat(100));
const silent = (value: number | undefined): Verifier => ({
  ...constant(0.5),
  score: async (requests) => requests.map(() => ({ value })),
});

/** Samples at or below each node of a search without rollouts, and its children, as the trace tells them. */
function visitsOf(trace: readonly TraceEvent[]) {
  const into = new Map(trace.flatMap((one) => (one.type === "merged" ? [[one.id, one.into] as const] : [])));
  const parents = new Map<string, string>();
  const visits = new Map<string, number>();
  for (const one of trace) {
    if (one.type !== "proposed") continue;
    const own = into.get(one.id) ?? one.id;
    if (own === one.id) parents.set(own, one.parent ?? "");
    for (let at: string | undefined = own; at !== undefined; at = parents.get(at))
      visits.set(at, (visits.get(at) ?? 0) + 1);
  }
  return { visits, siblings: [...Map.groupBy(parents.keys(), (id) => parents.get(id)!).values()] };
}

/** Calls of the generator, by the position that each ends in. */
function callsOf(trace: readonly TraceEvent[]) {
  const ids = trace.flatMap((one) => (one.type === "proposed" || one.type === "lost" ? [one.id] : []));
  expect(new Set(ids).size).toBe(ids.length);
  return ids.length;
}

test("AB-MCTS that only goes wider is best-of-N on the same samples", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, abKnobs, fc.nat(99), async (world, knobs, seed) => {
      const wide = await play(abMcts({ ...knobs, depth: 1 }), author(world), critic(world), seed);
      const best = await play(bestOfN({ n: knobs.n! }), author(world), critic(world), seed);
      expect(wide.candidates).toEqual(best.candidates);
      expect(wide.selected).toEqual(best.selected);
      expect(wide.why).toBe(best.why);
    }),
  );
});

test("AB-MCTS writes N solutions, none deeper than it may, each below one that was there before", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, abKnobs, async (world, knobs) => {
      const { trace } = await play(abMcts(knobs), author(world), critic(world));
      expect(callsOf(trace)).toBe(knobs.n);
      const seen = new Set<string>();
      let batch: string[] = [];
      for (const one of trace) {
        if (one.type === "scored") {
          for (const id of batch) seen.add(id);
          batch = [];
        }
        if (one.type !== "proposed") continue;
        batch.push(one.id);
        const path = one.id.split("/revision/");
        expect(path.length).toBeLessThanOrEqual(knobs.depth!);
        if (path.length > 1) expect(seen).toContain(path.slice(0, -1).join("/revision/"));
      }
    }),
  );
});

test("MCTS samples as many steps as N of its solutions have, rounded up to a whole expansion", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, mctsKnobs, async (world, knobs) => {
      const { n = 1, width = 1, parallel = 1 } = knobs;
      const { trace } = await play(mcts(knobs), author(world), critic(world));
      const lengths = new Map([["", 0]]);
      const completed: number[] = [];
      const allowance = () =>
        completed.length === 0
          ? 40 * n
          : (n * completed.reduce((sum, one) => sum + one, 0)) / completed.length;
      const proposed = trace.filter((one) => one.type === "proposed");
      let steps = 0;
      for (const batch of Map.groupBy(proposed, ({ id }) => id.split("/")[1]).values()) {
        const allowed = allowance();
        expect(steps).toBeLessThan(allowed);
        steps += batch.length;
        expect(steps).toBeLessThan(allowed + width);
        expect(batch.length).toBeLessThanOrEqual(parallel * width);
        for (const { id, parent = "", complete } of batch) {
          lengths.set(id, lengths.get(parent)! + 1);
          if (complete) completed.push(lengths.get(id)!);
        }
      }
      expect(steps).toBeGreaterThanOrEqual(allowance());
      expect(steps).toBe(callsOf(trace));
    }),
  );
});

test("the samples of MCTS add up: merged ones are counted, and every completed one votes", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, mctsKnobs, fc.boolean(), async (world, knobs, rollout) => {
      const { trace, candidates } = await play(mcts({ ...knobs, rollout }), author(world), critic(world));
      const complete = trace.filter((one) => one.type === "proposed" && one.complete);
      expect(candidates.reduce((sum, one) => sum + one.count!, 0)).toBe(complete.length);
      if (rollout) return;
      expect(new Set(candidates.map(({ text }) => text)).size).toBe(candidates.length);
      const { visits, siblings } = visitsOf(trace);
      const [first] = siblings;
      expect(first!.reduce((sum, id) => sum + visits.get(id)!, 0)).toBe(visits.get(""));
      expect(visits.get("")).toBe(callsOf(trace));
    }),
  );
});

test("MCTS with constant scores, or none, visits siblings evenly", async () => {
  const scores = fc.constantFrom(0, 0.4, 1, undefined, Number.NaN);
  await fc.assert(
    fc.asyncProperty(mctsKnobs, scores, async (knobs, score) => {
      const width = Math.max(2, knobs.width!);
      const rules = { ...knobs, width, exploration: 0.7, parallel: 1, maxRounds: 12 };
      const { trace } = await play(mcts(rules), endless, silent(score));
      const { visits, siblings } = visitsOf(trace);
      for (const ids of siblings) {
        const counts = ids.map((id) => visits.get(id)!);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(width);
      }
    }),
  );
});

test("MCTS follows the branch that scores always prefer, once it explores little", async () => {
  const branching = scripted(({ prefix = "", position }) =>
    prefix.split("\n").length > 3 ? "#### 1" : `branch ${position.split("/").at(-1)}\n`,
  );
  await fc.assert(
    fc.asyncProperty(mctsKnobs, fc.nat(3), async (knobs, preferred) => {
      const branch = `branch ${preferred % knobs.width!}`;
      const liking = custom(
        (text) => {
          const lines = text.split("\n").filter((line) => line.startsWith("branch"));
          return lines.filter((line) => line === branch).length / lines.length;
        },
        { scoresPartial: true },
      );
      const { selected } = await play(mcts({ ...knobs, exploration: 0, parallel: 1 }), branching, liking);
      expect(selected!.text).toBe(`${`${branch}\n`.repeat(3)}#### 1`);
    }),
  );
});

test("a tree's visits and values add up, whatever is chosen, and virtual losses leave nothing behind", () => {
  const beam: Beam = { id: "", text: "", complete: false, outputTokens: 0, count: 1, tree: 0 };
  const options = [fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })] as const;
  fc.assert(
    fc.property(fc.nat(1e6), ...options, fc.integer({ min: 1, max: 20 }), (seed, width, count, batches) => {
      const random = rng(seed);
      const rules = { exploration: 0.7, most: 4 };
      const root = plant(beam);
      const all: Node[] = [];
      for (let batch = 0; batch < batches && isOpen(root, 1, rules); batch += 1) {
        const leaves = chooseLeaves(root, count, 1, rules);
        expect(leaves.length).toBeLessThanOrEqual(count);
        expect(new Set(leaves).size).toBe(leaves.length);
        for (const leaf of leaves) {
          for (let child = 0; child < width; child += 1) {
            const node = plant({ ...beam, complete: random.next() < 0.2 }, leaf);
            node.value = random.next() < 0.2 ? undefined : random.next();
            leaf.children.push(node);
            all.push(node);
            backUp(node);
          }
          settle(leaf);
        }
      }
      for (const node of [root, ...all]) {
        const below = all.filter((one) => {
          let at: Node | undefined = one;
          while (at !== undefined && at !== node) at = at.parent;
          return at === node;
        });
        const values = below.flatMap(({ value }) => value ?? []);
        expect(node.pending).toBe(0);
        expect(node.visits).toBe(below.length);
        expect(node.valued).toBe(values.length);
        expect(node.total).toBeCloseTo(
          values.reduce((sum, one) => sum + one, 0),
          9,
        );
      }
    }),
  );
});

/** A tree of two levels below the root, whose values come from the seed. */
function grown(seed: number, branches: number): Node {
  const beam: Beam = { id: "", text: "", complete: false, outputTokens: 0, count: 1, tree: 0 };
  const random = rng(seed);
  const root = plant(beam);
  const branch = (parent: Node) => {
    const node = plant(beam, parent);
    node.value = random.next();
    parent.children.push(node);
    parent.expansions = 1;
    backUp(node);
    return node;
  };
  const boughs = Array.from({ length: branches }, () => branch(root));
  for (const bough of boughs) for (let leaf = 0; leaf < 3; leaf += 1) branch(bough);
  return root;
}

test("a leaf that is pending counts as a visit of value 0, and equal ones are chosen by position", () => {
  const rules = { exploration: 0.7, most: 9 };
  const sizes = [fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 15 })] as const;
  const placeOf = (leaf: Node) => [
    leaf.parent!.parent!.children.indexOf(leaf.parent!),
    leaf.parent!.children.indexOf(leaf),
  ];
  fc.assert(
    fc.property(fc.nat(1e6), ...sizes, (seed, branches, count) => {
      const together = chooseLeaves(grown(seed, branches), count, 1, rules);
      const root = grown(seed, branches);
      const oneByOne: Node[] = [];
      while (oneByOne.length < count && isOpen(root, 1, rules)) {
        const [leaf] = chooseLeaves(root, 1, 1, rules);
        settle(leaf!);
        const { value } = leaf!;
        leaf!.value = 0;
        backUp(leaf!);
        leaf!.value = value;
        oneByOne.push(leaf!);
      }
      expect(together.map(placeOf)).toEqual(oneByOne.map(placeOf));
    }),
  );
  const level = grown(1, 3);
  for (const node of [level, ...level.children]) node.total = 0;
  expect(chooseLeaves(level, 3, 1, rules).map(({ parent }) => level.children.indexOf(parent!))).toEqual([
    0, 1, 2,
  ]);
});

test("solutions that never end, and steps that never do, are bounded", async () => {
  const long = scripted(() => "a step of more words than it may have");
  for (const rollout of [false, true]) {
    const knobs = { n: 12, width: 2, parallel: 2, maxRounds: 3, stepTokens: 4, maxTokens: 12, rollout };
    const open = await play(mcts(knobs), endless, constant(0.5));
    expect(open.why).toBe("no candidate was completed");
    const depths = new Map([["", 0]]);
    for (const one of open.trace)
      if (one.type === "proposed") depths.set(one.id, depths.get(one.parent ?? "")! + 1);
    const steps = [...depths].filter(([id]) => !id.startsWith("rollout"));
    expect(Math.max(...steps.map(([, depth]) => depth))).toBe(knobs.maxRounds);
    const batch = knobs.parallel * knobs.width;
    expect(callsOf(open.trace)).toBeLessThan(knobs.n * knobs.maxRounds + batch * (rollout ? 2 : 1));
    const cut = await play(mcts(knobs), long, constant(0.5));
    expect(callsOf(cut.trace)).toBe(knobs.width);
  }
});

test("without a score the trees fall back to the majority and say so", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.constantFrom(undefined, Number.NaN), async (world, score) => {
      for (const strategy of [mcts({ n: 3 }), abMcts({ n: 3 })]) {
        const { trace, selected } = await play(strategy, author(world), silent(score));
        expect(selected!.answer).toBeDefined();
        expect(trace).toContainEqual(expect.objectContaining({ type: "note" }));
      }
    }),
    { numRuns: 20 },
  );
});
