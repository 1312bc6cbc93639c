import fc from "fast-check";
import type { Model } from "../../src/models/model.ts";
import { scripted } from "../../src/models/scripted.ts";
import { rng } from "../../src/random.ts";
import type { Context, Outcome, Strategy } from "../../src/strategies/index.ts";
import type { Candidate, Problem, TraceEvent } from "../../src/types.ts";
import { custom } from "../../src/verifiers/custom.ts";
import type { Verifier } from "../../src/verifiers/verifier.ts";

/** Random but reproducible worlds in which the laws must hold. */

export const PROBLEM: Problem = { id: "p", prompt: "How many?" };

/** What a world's model and verifier are like. */
export interface World {
  readonly seed: number;
  /** Different next steps: few make equal beams. */
  readonly words: number;
  readonly steps: number;
  readonly answers: number;
  /** Different scores: few make ties. */
  readonly grades: number;
  /** Chance that the verifier cannot say. */
  readonly silence: number;
}

export const worlds: fc.Arbitrary<World> = fc.record({
  seed: fc.nat(1e6),
  words: fc.integer({ min: 1, max: 3 }),
  steps: fc.integer({ min: 0, max: 4 }),
  answers: fc.integer({ min: 1, max: 4 }),
  grades: fc.integer({ min: 1, max: 50 }),
  silence: fc.constantFrom(0, 0, 0.3, 1),
});

/**
 * Writes up to `steps` steps and then an answer; after whole solutions, another one. At temperature 0 the text
 * alone says what comes next.
 */
export function author(world: World, delays = 0): Model {
  return scripted(
    async ({ prefix = "", seed, temperature }) => {
      const source = rng(world.seed).split("author", temperature === 0 ? "greedy" : seed);
      for (let turn = source.split("delay").int(0, delays); turn > 0; turn -= 1) await undefined;
      const earlier = /^.*####[^\n]*\n/s.exec(prefix)?.[0].length ?? 0;
      let text = prefix;
      while (!text.includes("####", earlier)) {
        const next = source.split(text);
        const written = text.slice(earlier).split("\n").length - 1;
        const last = written >= world.steps || next.next() < 0.25;
        text += last ? `#### ${next.int(1, world.answers)}` : `step w${next.int(1, world.words)}\n`;
      }
      return text.slice(prefix.length);
    },
    { revises: true },
  );
}

/** Scores every text by chance, but the same text always the same. */
export function critic(world: World): Verifier {
  return custom(
    (text) => {
      const drawn = rng(world.seed).split("critic", text);
      return drawn.next() < world.silence ? undefined : drawn.int(0, world.grades) / world.grades;
    },
    { scoresPartial: true },
  );
}

/** Gives every text the same score. */
export function constant(score: number): Verifier {
  return custom(() => score, { scoresPartial: true });
}

export interface Played extends Outcome {
  readonly trace: readonly TraceEvent[];
}

/** Runs a strategy without budget. */
export async function play(
  strategy: Strategy,
  model: Model,
  verifier?: Verifier,
  seed = 1,
  signal = new AbortController().signal,
): Promise<Played> {
  const trace: TraceEvent[] = [];
  const context: Context = {
    model,
    ...(verifier && { verifier }),
    rng: rng(seed),
    signal,
    emit: (event) => trace.push(event),
  };
  return { ...(await strategy(PROBLEM, context)), trace };
}

/** Completed candidates with few different answers and scores. */
export const candidates: fc.Arbitrary<readonly Candidate[]> = fc
  .array(
    fc.record({
      answer: fc.option(fc.constantFrom("1", "2", "3", "1.0", "x+1", "1+x"), { nil: undefined }),
      score: fc.option(
        fc.integer({ min: 0, max: 5 }).map((grade) => grade / 5),
        { nil: undefined },
      ),
      count: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 20 },
  )
  .map((drawn) =>
    drawn.map(({ answer, score, count }, index) => ({
      id: `sample/${index}`,
      text: `text ${index}`,
      complete: true,
      outputTokens: 1,
      count,
      ...(answer === undefined ? {} : { answer }),
      ...(score === undefined ? {} : { score }),
    })),
  );

/** A random order, as a function, so that what it orders shrinks too. */
export const shuffling = fc.nat(1e6).map((seed) => {
  return <T>(items: readonly T[]): T[] => rng(seed).shuffle(items);
});

/** The completed candidates that a trace tells of, put together again from its events alone. */
export function replayed(trace: readonly TraceEvent[]): readonly Candidate[] {
  const all = new Map<string, Candidate>();
  for (const event of trace) {
    if (event.type === "proposed") {
      const { id, parent = "", text, outputTokens, complete, answer } = event;
      const from = all.get(parent);
      all.set(id, {
        id,
        text: (from?.text ?? "") + text,
        complete,
        outputTokens: (from?.outputTokens ?? 0) + outputTokens,
        count: 1,
        ...(answer === undefined ? {} : { answer }),
      });
    } else if (event.type === "merged") {
      const [into, one] = [all.get(event.into)!, all.get(event.id)!];
      all.set(event.into, { ...into, count: into.count! + one.count! });
      all.delete(event.id);
    } else if (event.type === "resampled") {
      for (const { id, complete } of all.values()) {
        const count = event.copies[id];
        if (count !== undefined) all.set(id, { ...all.get(id)!, count });
        else if (complete) all.delete(id);
      }
    } else if (event.type === "scored") {
      const { id, score, stepScores } = event;
      const scored = { ...(score === undefined ? {} : { score }), ...(stepScores && { stepScores }) };
      all.set(id, { ...all.get(id)!, ...scored });
    }
  }
  return [...all.values()].filter(({ complete }) => complete);
}
