import { type Amounts, addAmounts, type Cost, costOf } from "../budget/cost.ts";
import type { PriceTable } from "../budget/prices.ts";
import type { CallOptions, Completion, GenerateRequest, Model } from "../models/model.ts";
import { wrap as wrapModel } from "../models/wrap.ts";
import type { Problem, TraceEvent } from "../types.ts";
import { extractAnswer } from "../verifiers/answer.ts";
import type { Verifier } from "../verifiers/verifier.ts";
import { wrap as wrapVerifier } from "../verifiers/wrap.ts";
import type { Spent } from "./progress.ts";

/** Follows the calls of one search for the live display; the receipt comes from the ledger alone. */
export interface Watch {
  /** What is used so far; calls in flight count by the pieces of text that have come. */
  spent(): Spent;
  model(inner: Model): Model;
  verifier(inner: Verifier): Verifier;
}

/** Watches a search. Whole solutions are announced as they come, before their batch is done. */
export function watch(problem: Problem, prices: PriceTable, announce: (event: TraceEvent) => void): Watch {
  const start = performance.now();
  const open = new Set<Tally>();
  let settled: Amounts = { tokens: 0, flops: 0, usd: 0 };
  let scoring = 0;
  return {
    spent() {
      const { flops, usd } = settled;
      return {
        tokens: [...open].reduce((sum, tally) => sum + tally.pieces(), settled.tokens),
        ms: performance.now() - start,
        scoring,
        ...(flops ? { flops } : {}),
        ...(usd ? { usd } : {}),
      };
    },
    model(inner) {
      const cost = costOf({ ...costed(inner), role: "generator" }, {}, prices);
      return wrapModel(inner, async (requests, options = {}) => {
        const tally = createTally(requests, options, cost, (request, completion, amounts) => {
          settled = addAmounts([settled, amounts]);
          const asked = request.prompt === problem.prompt && (request.prefix ?? "") === "";
          const whole = asked && completion.finish === "end";
          if (whole) announce(solution(problem, request.position, completion));
        });
        open.add(tally);
        try {
          const completions = await inner.generate(requests, tally.options);
          completions.forEach(tally.settle);
          return completions;
        } finally {
          open.delete(tally);
        }
      });
    },
    verifier(inner) {
      const cost = costOf({ ...costed(inner), role: "verifier", free: inner.free ?? false }, {}, prices);
      return wrapVerifier(inner, async (requests, options) => {
        scoring += requests.length;
        try {
          const scores = await inner.score(requests, options);
          const usages = scores.flatMap(({ usage }) => (usage === undefined ? [] : [usage]));
          settled = addAmounts([settled, cost.of(usages)]);
          return scores;
        } finally {
          scoring -= requests.length;
        }
      });
    },
  };
}

function costed({ name, model, shape }: Pick<Verifier, "name" | "model" | "shape">) {
  return { name: model ?? name, ...(shape === undefined ? {} : { shape }) };
}

/** The calls of one batch. */
interface Tally {
  readonly options: CallOptions;
  /** Pieces of text of calls that are not settled. */
  pieces(): number;
  settle(completion: Completion, index: number): void;
}

function createTally(
  requests: readonly GenerateRequest[],
  options: CallOptions,
  cost: Cost,
  told: (request: GenerateRequest, completion: Completion, amounts: Amounts) => void,
): Tally {
  const waiting = new Map(requests.map((_, index) => [index, 0]));
  const settle = (completion: Completion, index: number) => {
    if (waiting.delete(index)) told(requests[index]!, completion, cost.of([completion.usage]));
  };
  return {
    pieces: () => [...waiting.values()].reduce((sum, pieces) => sum + pieces, 0),
    settle,
    options: {
      ...options,
      onText(index, delta) {
        const pieces = waiting.get(index);
        if (pieces !== undefined) waiting.set(index, pieces + 1);
        options.onText?.(index, delta);
      },
      onCompletion(index, completion) {
        settle(completion, index);
        options.onCompletion?.(index, completion);
      },
    },
  };
}

function solution(problem: Problem, id: string, { text, usage }: Completion): TraceEvent {
  const answer = extractAnswer(problem, text);
  return {
    type: "proposed",
    id,
    text,
    outputTokens: usage.outputTokens,
    complete: true,
    ...(answer === undefined ? {} : { answer }),
  };
}
