import fc from "fast-check";
import { expect, test } from "vitest";
import { scripted } from "../../src/models/scripted.ts";
import { historyText } from "../../src/strategies/attempts.ts";
import { faultOf, stepEnds } from "../../src/strategies/faults.ts";
import {
  critiqueRevise,
  majority,
  revisionChanges,
  revisionSearch,
  revisions,
  weightedBestOfN,
} from "../../src/strategies/index.ts";
import { chainBests } from "../../src/strategies/revisions.ts";
import { choose } from "../../src/strategies/select.ts";
import { custom } from "../../src/verifiers/custom.ts";
import { author, constant, critic, PROBLEM, play, replayed, worlds } from "./worlds.ts";

const sizes = fc.integer({ min: 1, max: 9 });
const chains = fc.record({ n: sizes, chain: sizes, history: fc.integer({ min: 1, max: 4 }) });

test("a chain of one attempt is one sample", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.nat(99), async (world, seed) => {
      const one = await play(revisions({ n: 1, chain: 1 }), author(world), undefined, seed);
      const sample = await play(majority({ n: 1 }), author(world), undefined, seed);
      expect(one).toEqual(sample);
    }),
  );
});

test("chains of one attempt are parallel sampling", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, sizes, async (world, n) => {
      const strategy = revisions({ n, chain: 1 });
      expect(await play(strategy, author(world))).toEqual(await play(majority({ n }), author(world)));
      expect(await play(strategy, author(world), critic(world))).toEqual(
        await play(weightedBestOfN({ n }), author(world), critic(world)),
      );
    }),
  );
});

test("N attempts are dealt evenly to the chains, and each is revised from the one before", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, chains, async (world, knobs) => {
      const { trace, candidates } = await play(revisions(knobs), author(world));
      expect(candidates).toHaveLength(knobs.n);
      const lengths = Map.groupBy(candidates, ({ id }) => id.split("/")[1]);
      const sizes = [...lengths.values()].map((chain) => chain.length);
      expect(sizes).toHaveLength(Math.ceil(knobs.n / knobs.chain));
      expect(Math.max(...sizes)).toBeLessThanOrEqual(knobs.chain);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      const revised = trace.filter((event) => event.type === "revised");
      expect(revised).toHaveLength(knobs.n - sizes.length);
      for (const { id, parent } of revised) {
        const [, chain, , link] = id.split("/");
        expect(parent).toBe(
          link === "1" ? `sample/${chain}` : `sample/${chain}/revision/${Number(link) - 1}`,
        );
      }
    }),
  );
});

test("the model and a verifier with history see the last attempts, in order", async () => {
  const texts = (ids: readonly string[]) => ids.map((id) => `I say ${id}.\n#### ${id}`);
  await fc.assert(
    fc.asyncProperty(chains, async (knobs) => {
      const asked = new Map<string, string>();
      const model = scripted(
        ({ prefix = "", position }) => {
          asked.set(position, prefix);
          return ` I say ${position}.\n#### ${position}\n`;
        },
        { revises: true },
      );
      const read: string[] = [];
      const verifier = custom((text) => read.push(text) && 0.5, { seesHistory: true });
      const { candidates } = await play(revisions(knobs), model, verifier);
      for (const { id, text } of candidates) {
        const own = candidates.filter((one) => one.id.split("/")[1] === id.split("/")[1]);
        const earlier = own
          .slice(
            0,
            own.findIndex((one) => one.id === id),
          )
          .slice(-knobs.history);
        expect(asked.get(id)).toBe(
          texts(earlier.map((one) => one.id))
            .map((said) => `${said}\n`)
            .join(""),
        );
        expect(read).toContain(asked.get(id)! + text);
      }
    }),
  );
});

test("with constant scores, the winner holds the commonest answer among the chains' commonest", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, chains, async (world, knobs) => {
      const { selected, candidates } = await play(revisions(knobs), author(world), constant(0.4));
      const bests = [...Map.groupBy(candidates, ({ id }) => id.split("/")[1]).values()].map(
        (chain) => choose(chain, "majority").selected!,
      );
      expect(selected!.answer).toBe(choose(bests, "majority").selected!.answer);
    }),
  );
});

test("a trace holds all that the choice depends on", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, chains, async (world, knobs) => {
      const { trace, selected, why } = await play(revisions(knobs), author(world), critic(world));
      const attempts = replayed(trace);
      const judged = attempts.some(({ score }) => score !== undefined);
      const again = choose(judged ? chainBests(attempts) : attempts, "weighted");
      expect([again.selected?.id, again.why]).toEqual([selected!.id, why]);
    }),
  );
});

test("what changed adds up, and undoing right and wrong swaps what turned", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, chains, async (world, knobs) => {
      const { trace, candidates } = await play(revisions(knobs), author(world));
      const changes = revisionChanges(trace, (answer) => answer === "1");
      const opposite = revisionChanges(trace, (answer) => answer !== "1");
      const total = changes.reduce((sum, one) => sum + one.revisions, 0);
      expect(total).toBe(candidates.length - Math.ceil(knobs.n / knobs.chain));
      for (const [index, one] of changes.entries()) {
        expect(one.link).toBe(index + 1);
        expect(one.right + one.wrong).toBe(one.revisions);
        expect(one.rightToWrong + one.wrongToRight).toBeLessThanOrEqual(one.changed);
        expect(opposite[index]).toMatchObject({
          right: one.wrong,
          rightToWrong: one.wrongToRight,
          wrongToRight: one.rightToWrong,
        });
      }
      expect(revisionChanges(trace).every((one) => one.right + one.wrong === 0)).toBe(true);
    }),
  );
});

test("a small context keeps the latest attempts and leaves room for another", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, fc.integer({ min: 24, max: 80 }), async (world, contextLength) => {
      const shown: string[] = [];
      const inner = author(world);
      const model = {
        ...inner,
        contextLength,
        generate: (requests: Parameters<typeof inner.generate>[0]) => {
          shown.push(...requests.map(({ prefix = "" }) => prefix));
          return inner.generate(requests);
        },
      };
      const { candidates } = await play(revisions({ n: 6, chain: 6 }), model);
      expect(candidates).toHaveLength(6);
      for (const [link, prefix] of shown.entries()) {
        const earlier = candidates.slice(0, link);
        const latest = earlier.some((_, from) => historyText(earlier.slice(from)) === prefix);
        expect(latest || prefix === "").toBe(true);
        const [input] = await inner.countTokens([
          { prompt: PROBLEM.prompt, prefix, maxTokens: 1, temperature: 1, seed: 1, position: "p" },
        ]);
        expect(input).toBeLessThan(contextLength);
      }
    }),
  );
});

const searches = fc.record({
  n: sizes,
  rounds: fc.integer({ min: 1, max: 4 }),
  width: fc.integer({ min: 1, max: 3 }),
  threshold: fc.constantFrom(0.3, 0.5, 0.9),
});

test("search over revisions in one round, and where nothing is at fault, is weighted best-of-N", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, searches, async (world, knobs) => {
      const best = await play(weightedBestOfN({ n: knobs.n }), author(world), critic(world));
      const one = await play(revisionSearch({ ...knobs, rounds: 1 }), author(world), critic(world));
      expect(one).toEqual(best);
      const sound = await play(revisionSearch(knobs), author(world), constant(1));
      expect(sound.candidates).toEqual(
        (await play(weightedBestOfN({ n: knobs.n }), author(world), constant(1))).candidates.map(({ id }) =>
          expect.objectContaining({ id }),
        ),
      );
    }),
  );
});

test("search over revisions draws N attempts, and revises none more than M times", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, searches, fc.boolean(), async (world, knobs, trained) => {
      const inner = author(world);
      const model = trained ? inner : { ...inner, can: { ...inner.can, revise: false } };
      const { candidates, trace } = await play(revisionSearch(knobs), model, critic(world));
      expect(candidates).toHaveLength(knobs.n);
      const revised = trace.filter((event) => event.type === "revised");
      const counts = Map.groupBy(revised, ({ parent }) => parent);
      for (const children of counts.values()) expect(children.length).toBeLessThanOrEqual(knobs.width);
      const texts = new Map(candidates.map(({ id, text }) => [id, text]));
      for (const { id, parent, kept = 0 } of revised) {
        expect(trained || kept > 0).toBe(true);
        expect(texts.get(id)!.slice(0, kept)).toBe(texts.get(parent)!.slice(0, kept));
        expect(kept).toBeLessThan(texts.get(parent)!.length);
      }
    }),
  );
});

test("a fault lies in the first step below the threshold, and all before it is kept", () => {
  const scores = fc.array(fc.constantFrom(0, 0.2, 0.5, 0.8, 1, Number.NaN), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(scores, fc.constantFrom("\n", "\n\n"), (stepScores, separator) => {
      const text = stepScores.map((_, step) => `step ${step}${separator}`).join("");
      const candidate = { id: "c", text, complete: true, outputTokens: 1, score: 0.4, stepScores };
      const finding = { verifier: constant(1), threshold: 0.5, separator, stepwise: true };
      const fault = faultOf(candidate, finding);
      const sound = stepScores.findIndex((one) => !(one >= 0.5));
      expect(fault === undefined).toBe(sound < 0);
      if (fault === undefined) return;
      expect(stepEnds(fault.kept, separator)).toHaveLength(sound);
      expect(text.startsWith(fault.kept)).toBe(true);
      expect(fault.value).toBe(sound === 0 ? 0.4 : stepScores[sound - 1]);
      const { stepScores: _, ...whole } = candidate;
      expect(faultOf(whole, finding)).toEqual({ kept: "", value: 0.4 });
    }),
  );
});

test("critique and revision end with the approval, and choose the last answer", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 5 }), async (good, rounds) => {
      const asked: string[] = [];
      const model = scripted(({ position }) => {
        asked.push(position);
        const [, , turn = "revision", round = "0"] = position.split("/");
        if (turn === "revision") return `#### ${round}`;
        return Number(round) > good
          ? "Fine.\nVERDICT: no mistake"
          : "Say no mistake? No.\n**Verdict:** mistake";
      });
      const { selected, why } = await play(critiqueRevise({ rounds }), model);
      const revised = Math.min(good, rounds);
      expect(selected!.answer).toBe(String(revised));
      expect(asked).toHaveLength(1 + 2 * revised + Number(good < rounds));
      expect(why.includes("no mistake")).toBe(good < rounds);
    }),
  );
});
