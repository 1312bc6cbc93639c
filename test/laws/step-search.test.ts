import fc from "fast-check";
import { expect, test } from "vitest";
import type { Model } from "../../src/models/model.ts";
import { scripted } from "../../src/models/scripted.ts";
import { rng } from "../../src/random.ts";
import { keepBest } from "../../src/strategies/beam.ts";
import { beam, dvts, lookahead, particles, rebase, type Strategy } from "../../src/strategies/index.ts";
import { balanced } from "../../src/strategies/rebase.ts";
import { rounds, type Select } from "../../src/strategies/rounds.ts";
import { effectiveSize, resample, shares, type Weighed, weighed } from "../../src/strategies/select.ts";
import { type Beam, fullStepSampling, mergeEqual } from "../../src/strategies/steps.ts";
import type { Candidate, TraceEvent } from "../../src/types.ts";
import { UsageError } from "../../src/types.ts";
import { custom } from "../../src/verifiers/custom.ts";
import type { Verifier } from "../../src/verifiers/verifier.ts";
import { author, constant, critic, PROBLEM, play, type World, worlds } from "./worlds.ts";

const sizes = fc.integer({ min: 1, max: 9 });
const widths = fc.tuple(sizes, sizes).map(([a, b]) => ({ n: Math.max(a, b), width: Math.min(a, b) }));
const four: readonly Strategy[] = [
  lookahead({ n: 4, width: 2, steps: 2 }),
  dvts({ n: 4, width: 2 }),
  rebase({ n: 4 }),
  particles({ n: 4 }),
];
const total = (counts: Iterable<number>) => [...counts].reduce((sum, one) => sum + one, 0);
const eventsOf = <T extends TraceEvent["type"]>(trace: readonly TraceEvent[], type: T) =>
  trace.filter((event): event is Extract<TraceEvent, { type: T }> => event.type === type);

/** The text of every candidate of a trace, partial ones too. */
function textsOf(trace: readonly TraceEvent[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const { id, parent = "", text } of eventsOf(trace, "proposed"))
    texts.set(id, (texts.get(parent) ?? "") + text);
  return texts;
}

/** Open beams; few different texts and scores make equal beams and ties. */
const open: fc.Arbitrary<readonly Beam[]> = fc
  .array(fc.tuple(fc.nat(5), fc.nat(2)), { minLength: 1, maxLength: 12 })
  .map((drawn) =>
    drawn.map(([grade, variant], index) => ({
      id: `round/0/beam/0/child/${index}`,
      text: `${grade} ${variant}\n`,
      complete: false,
      outputTokens: 1,
      count: 1,
      tree: 0,
      ...(grade > 0 && { score: grade / 5 }),
    })),
  );

test("lookahead by no step is beam search", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, widths, async (world, knobs) => {
      const searches = [lookahead({ ...knobs, steps: 0 }), beam(knobs)];
      const [ahead, plain] = await Promise.all(
        searches.map((strategy) => play(strategy, author(world), critic(world))),
      );
      expect(ahead).toEqual(plain);
    }),
  );
});

test("lookahead scores a prefix by what the greedy steps after it make of it", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, widths, fc.integer({ min: 1, max: 3 }), async (world, knobs, steps) => {
      const [model, verifier] = [author(world), critic(world)];
      const { trace } = await play(lookahead({ ...knobs, steps }), model, verifier);
      const greedy = { prompt: "", maxTokens: 99, temperature: 0, seed: 1, position: "greedy" };
      const texts = textsOf(trace);
      const complete = new Set(eventsOf(trace, "proposed").flatMap((one) => (one.complete ? [one.id] : [])));
      for (const { id, score } of eventsOf(trace, "scored")) {
        const prefix = texts.get(id)!;
        const [rest] = await model.generate([{ ...greedy, prefix }]);
        const written = complete.has(id) ? [] : rest!.text.split(/(?<=\n)/).slice(0, steps);
        const [wanted] = await verifier.score([
          { problem: PROBLEM, text: prefix + written.join(""), position: "wanted" },
        ]);
        expect(score).toBe(wanted!.value);
      }
    }),
  );
});

test("lookahead pays for at most N(k+1) steps a round, and writes no step after a text twice", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, widths, fc.nat(3), async (world, knobs, steps) => {
      const inner = author(world);
      const perRound = new Map<string, number>();
      const greedy: string[] = [];
      const model: Model = {
        ...inner,
        generate: (requests, options) => {
          for (const { position, temperature, prefix = "" } of requests) {
            const round = position.split("/")[1]!;
            perRound.set(round, (perRound.get(round) ?? 0) + 1);
            if (temperature === 0) greedy.push(prefix);
          }
          return inner.generate(requests, options);
        },
      };
      await play(lookahead({ ...knobs, steps }), model, critic(world));
      expect(Math.max(...perRound.values())).toBeLessThanOrEqual(knobs.n * (steps + 1));
      expect(new Set(greedy).size).toBe(greedy.length);
    }),
  );
});

test("a rollout that ends, is lost or is endless is scored as far as it came, and told with its cost", async () => {
  const odd: Model = scripted(({ prefix = "", position }) => {
    if (!position.includes("look")) return prefix === "" ? `${position.at(-1)}\n` : "#### 1";
    if (prefix.startsWith("0")) return { text: "half a", error: new Error("The line broke.") };
    if (prefix.startsWith("1")) return "on and on and on and on";
    return prefix.includes("####") ? "more" : "#### 9";
  });
  const scored: string[] = [];
  const verifier = custom((text) => (scored.push(text) > 0 ? 0.5 : 0), { scoresPartial: true });
  const strategy = lookahead({ n: 3, width: 1, steps: 2, stepTokens: 4 });
  const { trace, selected } = await play(strategy, odd, verifier);
  expect(scored.slice(0, 3)).toEqual(["0\n", "1\n", "2\n#### 9"]);
  const look = "round/0/beam/0/child/0/look/0";
  expect(trace).toContainEqual({ type: "lost", id: look, reason: "The line broke.", outputTokens: 2 });
  const endless = { type: "lookedAhead", id: "round/0/beam/0/child/1", text: "", outputTokens: 4 };
  expect(trace).toContainEqual(endless);
  expect(selected?.answer).toBe("1");
});

test("nothing more is proposed once a rollout was refused, and what is complete is chosen", async () => {
  const inner = scripted(({ prefix = "", position }) =>
    prefix === "" && position.endsWith("child/0") ? "#### 1" : "on\n",
  );
  const model: Model = {
    ...inner,
    generate: async (requests, options) => {
      const completions = await inner.generate(requests, options);
      const refuse = requests[0]!.position.includes("look");
      return refuse
        ? completions.map((one) => ({ ...one, text: "", finish: "refused" as const }))
        : completions;
    },
  };
  const strategy = lookahead({ n: 4, width: 2, steps: 2 });
  const { selected, trace } = await play(strategy, model, constant(0.5));
  expect(eventsOf(trace, "proposed")).toHaveLength(4);
  expect(eventsOf(trace, "lost")).toHaveLength(1);
  expect(selected?.answer).toBe("1");
});

test("DVTS with one subtree is beam search with one place", async () => {
  const one = fc.tuple(sizes, fc.nat(8)).map(([width, more]) => ({ n: width + (more % width), width }));
  await fc.assert(
    fc.asyncProperty(worlds, one, async (world, knobs) => {
      const [tree, plain] = await Promise.all(
        [dvts(knobs), beam(knobs)].map((strategy) => play(strategy, author(world), critic(world))),
      );
      expect(tree).toEqual(plain);
    }),
  );
});

test("every DVTS subtree goes on with one prefix, whatever the others score", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, widths, async (world, { n, width }) => {
      const { trace } = await play(dvts({ n, width }), author(world), critic(world));
      const trees = Math.floor(n / width);
      const proposed = eventsOf(trace, "proposed");
      const parents = Map.groupBy(proposed, ({ id }) => id.split("/").slice(0, 4).join("/"));
      for (const [place, children] of parents) {
        const dealt = place.startsWith("round/0/") ? [width, Math.ceil(n / trees)] : [width, width];
        expect(children.length).toBeGreaterThanOrEqual(dealt[0]!);
        expect(children.length).toBeLessThanOrEqual(dealt[1]!);
      }
      const rounds = Map.groupBy(parents.keys(), (place) => place.split("/")[1]);
      expect(rounds.get("0")).toHaveLength(trees);
      for (const places of rounds.values()) expect(places.length).toBeLessThanOrEqual(trees);
    }),
  );
});

test("REBASE gives out all that is left of its budget, each sample's quota rounded", () => {
  fc.assert(
    fc.property(open, sizes, fc.double({ min: 0.01, max: 10, noNaN: true }), (beams, left, balance) => {
      const done = beams.slice(0, 3).map((one) => ({ ...one, complete: true }));
      const kept = balanced(left + done.length, balance)([...beams, ...done], {
        round: 0,
        rng: rng(1),
        completed: done,
      });
      expect(kept.every(({ beam, width }) => !beam.complete && width > 0)).toBe(true);
      expect(total(kept.map(({ width }) => width))).toBe(left);
      const known = beams.some(({ score }) => score !== undefined);
      const weight = ({ score }: Candidate) =>
        known ? (score === undefined ? 0 : Math.exp(score / balance)) : 1;
      const all = total(beams.map(weight));
      const quotas = beams.map((one) => (left * weight(one)) / all);
      const got = beams.map((one) => kept.find(({ beam }) => beam === one)?.width ?? 0);
      for (const [at, quota] of quotas.entries()) expect(Math.abs(got[at]! - quota)).toBeLessThan(1 + 1e-9);
      const nearest = quotas.map(Math.round);
      const tied = quotas.some((quota) => Math.abs((quota % 1) - 0.5) < 1e-9);
      if (!tied && total(nearest) === left) expect(got).toEqual(nearest);
    }),
  );
});

test("REBASE at infinite temperature spreads evenly, and near zero it follows the best", () => {
  fc.assert(
    fc.property(open, sizes, (drawn, left) => {
      const beams = drawn.map((one) => ({ ...one, score: one.score ?? 0 }));
      const widthsAt = (balance: number) => {
        const kept = balanced(left, balance)(beams, { round: 0, rng: rng(1), completed: [] });
        return beams.map((one) => kept.find(({ beam }) => beam === one)?.width ?? 0);
      };
      const even = widthsAt(Infinity);
      expect(Math.max(...even) - Math.min(...even)).toBeLessThanOrEqual(1);
      const best = Math.max(...beams.map(({ score }) => score));
      const sharp = widthsAt(1e-6);
      expect(total(sharp.filter((_, at) => beams[at]!.score === best))).toBe(left);
    }),
  );
});

test("REBASE completes at most N solutions, and N of them when nothing is lost", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, sizes, async (world, n) => {
      const { candidates } = await play(rebase({ n }), author(world), critic(world));
      expect(total(candidates.map(({ count = 1 }) => count))).toBe(n);
    }),
  );
});

test("REBASE draws a lost sample again while there is a prefix to draw it from", async () => {
  const losing = scripted(({ prefix = "", position }) => {
    if (position === "round/0/beam/0/child/1") return { text: "", error: new Error("The line broke.") };
    return prefix === "" ? "on\n" : "#### 1";
  });
  const { candidates } = await play(rebase({ n: 4 }), losing, constant(0.5));
  expect(candidates.map(({ count }) => count)).toEqual([4]);
});

test("with constant scores, particles are independent samples", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, sizes, fc.constantFrom(0, 0.3, 1), async (world, n, score) => {
      const played = await play(particles({ n }), author(world), constant(score));
      const context = {
        model: author(world),
        rng: rng(1),
        signal: new AbortController().signal,
        emit: () => {},
      };
      const all: Select = (beams) => beams.map((one) => ({ beam: one, width: one.count }));
      const sampling = fullStepSampling({});
      const options = { first: n, sampling, verifier: constant(score), select: all };
      const { completed } = await rounds(PROBLEM, context, options);
      expect(played.candidates).toEqual(completed);
      expect(total(completed.map(({ count }) => count))).toBe(n);
      for (const { ess, copies } of eventsOf(played.trace, "resampled")) {
        expect(ess).toBeCloseTo(n, 9);
        expect(total(Object.values(copies))).toBe(n);
      }
    }),
  );
});

test("systematic resampling rounds every expected number of copies down or up", () => {
  const weights = fc.array(
    fc.oneof(fc.constant(0), fc.constant(1), fc.double({ min: 1e-7, max: 1e7, noNaN: true })),
    { minLength: 1, maxLength: 20 },
  );
  const start = fc.oneof(fc.constantFrom(0, 1 - 2 ** -53), fc.double({ min: 0, max: 0.999, noNaN: true }));
  fc.assert(
    fc.property(weights, sizes, start, (drawn, n, at) => {
      fc.pre(drawn.some((weight) => weight > 0));
      const samples = drawn.map((weight, index): Weighed<Candidate> => {
        return { weight, of: { id: `sample/${index}`, text: "", complete: false, outputTokens: 1 } };
      });
      const copies = resample(samples, n, at);
      expect(total(copies.values())).toBe(n);
      const all = total(drawn);
      for (const { of, weight } of samples) {
        const got = copies.get(of) ?? 0;
        expect(Math.abs(got - (n * weight) / all)).toBeLessThan(1 + 1e-9);
        if (weight === 0) expect(got).toBe(0);
      }
      const size = effectiveSize(samples);
      expect(size).toBeGreaterThanOrEqual(1 - 1e-9);
      expect(size).toBeLessThanOrEqual(samples.length + 1e-9);
    }),
  );
});

test("the trace tells how many particles each candidate is in every round", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, sizes, async (world, n) => {
      const { trace, selected } = await play(particles({ n }), author(world), critic(world));
      const drawn = eventsOf(trace, "resampled");
      expect(drawn.map(({ round }) => round)).toEqual([...drawn.keys()]);
      for (const { ess, copies, round } of drawn) {
        expect(total(Object.values(copies))).toBe(n);
        expect(ess).toBeGreaterThanOrEqual(1 - 1e-9);
        expect(ess).toBeLessThanOrEqual(n + 1e-9);
        const continued = eventsOf(trace, "proposed").filter(({ id }) =>
          id.startsWith(`round/${round + 1}/`),
        );
        const children = new Map<string, number>();
        for (const { parent } of continued) children.set(parent!, (children.get(parent!) ?? 0) + 1);
        for (const [id, count] of children) expect(copies[id]).toBe(count);
      }
      expect(Object.keys(drawn.at(-1)!.copies)).toContain(selected!.id);
    }),
  );
});

test("particles are weighed by the odds of their scores, and stay as they are when all are complete", async () => {
  const lasting = scripted(({ prefix = "", position }) =>
    prefix === "" ? `${position.at(-1)}\n` : `#### ${position.split("/")[3]}`,
  );
  const scores: Readonly<Record<string, number>> = { "0\n": 0.5, "1\n": 0.8, "2\n": 0.5, "3\n": 0.8 };
  const verifier = custom((text) => scores[text] ?? Number(text.endsWith("1")), { scoresPartial: true });
  const { trace, candidates } = await play(particles({ n: 4 }), lasting, verifier);
  const [first, last] = eventsOf(trace, "resampled");
  expect(first!.ess).toBeCloseTo((1 + 4 + 1 + 4) ** 2 / (1 + 16 + 1 + 16), 9);
  expect(last!.copies).toEqual(Object.fromEntries(candidates.map(({ id, count }) => [id, count])));
  expect(candidates.length).toBeGreaterThan(1);
});

test("a solution that was not drawn answers when none that is left does", async () => {
  const unlucky = scripted(({ prefix = "", position }) => {
    if (prefix !== "") return "I do not know";
    return position.endsWith("child/0") ? "#### 1" : "on\n";
  });
  const verifier = custom((text) => (text.startsWith("on") ? 1 : 0), { scoresPartial: true });
  const { selected, candidates } = await play(particles({ n: 3 }), unlucky, verifier);
  expect(selected?.answer).toBe("1");
  expect(candidates).toHaveLength(2);
});

test("merging equal beams never changes the best score", () => {
  const best = (kept: readonly { beam: Beam }[]) =>
    Math.max(...kept.map(({ beam }) => beam.score ?? Number.NEGATIVE_INFINITY));
  fc.assert(
    fc.property(open, sizes, sizes, (beams, places, width) => {
      const merged = mergeEqual(beams, { emit: () => {} });
      const state = { round: 0, rng: rng(1), completed: [] };
      for (const select of [keepBest(places, width), balanced(places, 0.2), balanced(places, Infinity)]) {
        expect(best(select(merged, state))).toBe(best(select(beams, state)));
        expect(best(select(merged, state))).toBe(best(beams.map((one) => ({ beam: one }))));
      }
    }),
  );
});

test("equal beams are dealt and drawn what their samples would get apart", () => {
  fc.assert(
    fc.property(open, sizes, fc.double({ min: 0, max: 0.999, noNaN: true }), (beams, n, start) => {
      const apart = [...beams].sort((a, b) => (a.text < b.text ? -1 : 1));
      const merged = [...Map.groupBy(apart, ({ text }) => text).values()].map((equal) => {
        return { ...equal[0]!, count: equal.length };
      });
      const byText = (widths: ReadonlyMap<Beam, number>) => {
        const sums = new Map<string, number>();
        for (const [{ text }, width] of widths) sums.set(text, (sums.get(text) ?? 0) + width);
        return Object.fromEntries([...sums].filter(([, sum]) => sum > 0));
      };
      const [one, each] = [merged, apart].map((all) => weighed(all, (score) => score));
      expect(byText(resample(one!, n, start))).toEqual(byText(resample(each!, n, start)));
      const perScore = (widths: ReadonlyMap<Beam, number>) => {
        const sums = new Map<number | undefined, number>();
        for (const [{ score }, width] of widths) sums.set(score, (sums.get(score) ?? 0) + width);
        return sums;
      };
      expect(perScore(shares(one!, n))).toEqual(perScore(shares(each!, n)));
    }),
  );
});

test("the four refuse, before anything is spent, what cannot work", async () => {
  const sent: string[] = [];
  const model = scripted(({ position }) => {
    sent.push(position);
    return "#### 1";
  });
  for (const strategy of four) {
    const { strategy: name } = strategy.plan!;
    const forgetful = { ...model, can: { ...model.can, prefix: false } };
    const cases = [
      [model, undefined, `${name} needs a verifier: give one, or use majority, which needs none.`],
      [model, custom(() => 1), `${name} needs a verifier that scores partial solutions, and custom scores`],
      [
        forgetful,
        constant(1),
        `${name} needs a model that continues a given text, and scripted does not: use`,
      ],
    ] as const;
    for (const [given, verifier, message] of cases) {
      const refused = play(strategy, given, verifier);
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toBeInstanceOf(UsageError);
    }
  }
  expect(sent).toEqual([]);
});

test("knobs out of range are refused", () => {
  expect(() => lookahead({ steps: -1 })).toThrow("steps must be a whole number of at least 0, not -1.");
  expect(() => lookahead({ n: 2, width: 3 })).toThrow("width (3) must be at most n (2).");
  expect(() => dvts({ n: 2 })).toThrow("width (4) must be at most n (2).");
  expect(() => rebase({ n: 0 })).toThrow("n must be a whole number of at least 1, not 0.");
  expect(() => rebase({ balance: 0 })).toThrow("balance must be a number above 0, not 0.");
  expect(() => rebase({ balance: Number.NaN })).toThrow("balance must be a number above 0, not NaN.");
  const rule = "majority" as "best";
  expect(() => particles({ rule })).toThrow('rule must be "best" or "weighted", not "majority".');
});

/** What a broken verifier may give for a batch. */
const broken: readonly ((texts: readonly string[]) => readonly { value: number | undefined }[])[] = [
  (texts) => texts.map(() => ({ value: Number.NaN })),
  (texts) => texts.map((_, index) => ({ value: index % 2 === 0 ? Number.NaN : 0.5 })),
  (texts) => texts.slice(1).map(() => ({ value: 0.5 })),
  (texts) => [...texts, ...texts].map(() => ({ value: 0.5 })),
  () => [],
];

test.each(four)("a verifier that gives no number, or too few or many, is borne with %#", async (strategy) => {
  const world: World = { seed: 7, words: 3, steps: 3, answers: 2, grades: 5, silence: 0 };
  for (const say of broken) {
    const verifier: Verifier = {
      ...constant(1),
      score: async (requests) => say(requests.map(({ text }) => text)),
    };
    const { selected, trace } = await play(strategy, author(world), verifier);
    expect(selected?.answer).toBeDefined();
    const silent = say(["one", "two"]).every(({ value }) => !Number.isFinite(value));
    if (silent) expect(eventsOf(trace, "note").length).toBeGreaterThan(0);
  }
});

test.each(four)("a model that never ends a step, or a solution, is borne with %#", async (strategy) => {
  const endless = await play(
    strategy,
    scripted(() => "word ".repeat(999)),
    constant(0.5),
  );
  expect(endless.selected).toBeUndefined();
  expect(eventsOf(endless.trace, "proposed")).toHaveLength(4);
  const winding = await play(
    strategy,
    scripted(({ position }) => (position.endsWith("child/0") ? "on\n" : "#### 1")),
    constant(0.5),
  );
  expect(winding.selected?.answer).toBe("1");
});
