import type { Completion, GenerateRequest, Model } from "../models/model.ts";
import { rng } from "../random.ts";
import type { PlannedStrategy } from "../strategies/index.ts";
import { type Problem, UsageError } from "../types.ts";
import type { Score, Verifier } from "../verifiers/verifier.ts";
import type { Drawn } from "./reading.ts";

/** What a strategy came to, on samples that were drawn long ago. */
export interface Played {
  /** The selected sample; -1 when there is none. */
  readonly chosen: number;
  /** Samples that it asked for. */
  readonly asked: readonly number[];
}

/**
 * Carries out a real strategy on banked samples, with no new call: the sample at `sample/i` is `order[i]`. For
 * strategies that no running tally plays: those that stop early, or look at more than answers and scores.
 * @throws UsageError when it asks for more than whole, independent samples
 */
export async function play(
  strategy: PlannedStrategy,
  problem: Problem,
  samples: readonly Drawn[],
  order: Int32Array,
  scores: Float64Array,
): Promise<Played> {
  const asked: number[] = [];
  const name = strategy.plan.strategy;
  const { selected } = await strategy(problem, {
    model: replayedModel(name, samples, order, asked),
    verifier: replayedVerifier(samples, scores),
    rng: rng(1),
    signal: new AbortController().signal,
    // One by one: what is in flight when a strategy stops belongs to a server, not to its rule.
    concurrency: 1,
    emit: () => {},
  });
  const place = selected === undefined ? undefined : placeOf(selected.id);
  return { chosen: place === undefined ? -1 : order[place]!, asked };
}

function placeOf(position: string): number | undefined {
  const [, place] = /^sample\/(\d+)$/.exec(position) ?? [];
  return place === undefined ? undefined : Number(place);
}

function replayedModel(
  strategy: string,
  samples: readonly Drawn[],
  order: Int32Array,
  asked: number[],
): Model {
  const one = ({ position, prompt, prefix = "", stop = [] }: GenerateRequest): Completion => {
    const place = placeOf(position);
    if (place === undefined || typeof prompt !== "string" || prefix !== "" || stop.length > 0)
      throw new UsageError(
        `${strategy} cannot be replayed, because it asks for more than whole samples: run bedacht solve --strategy ${strategy}.`,
      );
    const sample = order[place];
    if (sample === undefined)
      throw new UsageError(`${strategy} asks for more samples than its n: it cannot be replayed.`);
    asked.push(sample);
    const { whole, outputTokens = 0 } = samples[sample]!;
    const { text, finish, inputTokens, logprobs } = whole!;
    return { text, finish, usage: { inputTokens, outputTokens }, ...(logprobs && { logprobs }) };
  };
  return {
    name: "bank",
    fingerprint: "bank",
    can: { prefix: false, logprobs: samples.every(({ whole }) => whole?.logprobs !== undefined), seed: true },
    countTokens: async (requests) => requests.map(() => 0),
    generate: async (requests, { onCompletion, signal } = {}) =>
      requests.map((request, index) => {
        const usage = { inputTokens: 0, outputTokens: 0 };
        const completion: Completion = signal?.aborted
          ? { text: "", finish: "cancelled", usage }
          : one(request);
        onCompletion?.(index, completion);
        return completion;
      }),
    close: async () => {},
  };
}

function replayedVerifier(samples: readonly Drawn[], scores: Float64Array): Verifier {
  const byText = new Map<string, Score>();
  for (const [index, { whole, steps }] of samples.entries()) {
    const value = scores[index]!;
    byText.set(whole!.text, { value: Number.isNaN(value) ? undefined : value, ...(steps && { steps }) });
  }
  return {
    name: "bank",
    fingerprint: "bank",
    scoresPartial: false,
    free: true,
    countTokens: async (requests) => requests.map(() => ({ input: 0, output: 0 })),
    score: async (requests) => requests.map(({ text }) => byText.get(text) ?? { value: undefined }),
    close: async () => {},
  };
}
