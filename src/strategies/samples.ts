import type { Completion, GenerateRequest } from "../models/model.ts";
import type { Candidate, Problem } from "../types.ts";
import { extractAnswer, hasFinalAnswer } from "../verifiers/answer.ts";
import { type FullSampling, seedOf } from "./sampling.ts";
import type { Context } from "./strategy.ts";

/** True when the steps that `separator` has closed state a final answer with a marker (`####`, `\boxed{}`). */
export function statesAnswer(text: string, separator = "\n"): boolean {
  return hasFinalAnswer(text.slice(0, text.lastIndexOf(separator) + separator.length));
}

/** Why a call gave no candidate, or `undefined` when it gave one. */
export function lossOf({ finish, error }: Completion): string | undefined {
  if (finish === "refused") return error?.message ?? "refused: it did not fit the budget";
  if (finish === "error") return error?.message ?? "failed";
  return finish === "cancelled" ? "cancelled" : undefined;
}

/** Which samples to draw: `n` of them, from the position `sample/first`. Default: from 0. */
export interface Draw {
  readonly n: number;
  readonly first?: number;
}

/** Completed solutions, and whether a call was refused for lack of budget. */
export interface Drawn {
  readonly candidates: readonly Candidate[];
  readonly refused: boolean;
}

/**
 * Draws full solutions in one batch, at the positions `sample/0` to `sample/n-1`. A solution is complete when
 * the model ended it, or when it states a final answer and was cut afterwards. The trace is written while they
 * arrive, in order of position.
 */
export async function drawSamples(
  problem: Problem,
  context: Context,
  { n, first = 0 }: Draw,
  sampling: FullSampling,
): Promise<Drawn> {
  const requests = Array.from({ length: n }, (_, index) =>
    sampleRequest(problem, context, first + index, sampling),
  );
  return drawAll(problem, context, requests);
}

/** The request of the full solution at the position `sample/index`. */
export function sampleRequest(
  { prompt }: Problem,
  context: Context,
  index: number,
  sampling: FullSampling,
): GenerateRequest {
  const position = `sample/${index}`;
  return { ...sampling, prompt, seed: seedOf(context, position), position };
}

/** What a request adds to what it is given: the solution begins with `kept`, which its prefix ends with. */
export interface SolutionRequest extends GenerateRequest {
  readonly kept?: string;
}

/**
 * Draws a full solution for each request, all in one batch, as `drawSamples` does. Requests must be in order of
 * position.
 */
export async function drawAll(
  problem: Problem,
  context: Context,
  solutions: readonly SolutionRequest[],
): Promise<Drawn> {
  const { model, signal, emit } = context;
  const requests = solutions.map(({ kept: _, ...request }): GenerateRequest => request);
  const arrived: (Completion | undefined)[] = [];
  const drawn: Candidate[] = [];
  const take = (index: number, completion: Completion) => {
    arrived[index] ??= completion;
    for (let one = arrived[drawn.length]; one !== undefined; one = arrived[drawn.length]) {
      drawn.push(asCandidate(problem, solutions[drawn.length]!, one, emit));
    }
  };
  const completions = await model.generate(requests, { signal, onCompletion: take });
  completions.forEach((completion, index) => void take(index, completion));
  if (completions.some(({ finish }, index) => finish === "length" && !drawn[index]!.complete))
    emit({ type: "note", text: CUT });
  return {
    candidates: drawn.filter(({ complete }) => complete),
    refused: completions.some(({ finish }) => finish === "refused"),
  };
}

/** What the receipt says where solutions reached `maxTokens`. */
export const CUT = "Solutions were cut before they ended and so have no answer: raise maxTokens.";

/** A solution as a candidate, complete or not; writes to the trace what became of the call. */
export function asCandidate(
  problem: Problem,
  { position: id, kept = "" }: SolutionRequest,
  completion: Completion,
  emit: Context["emit"],
): Candidate {
  const { finish, usage } = completion;
  const { outputTokens } = usage;
  const text = kept + completion.text;
  const complete = finish === "end" || finish === "stop" || statesAnswer(completion.text);
  const answer = complete ? extractAnswer(problem, text) : undefined;
  const candidate = { id, text, complete, outputTokens, ...(answer === undefined ? {} : { answer }) };
  const loss = complete ? undefined : lossOf(completion);
  if (loss !== undefined) emit({ type: "lost", id, reason: loss, outputTokens });
  else emit({ type: "proposed", ...candidate });
  if (!complete && loss === undefined) {
    emit({ type: "pruned", id, reason: `cut after ${outputTokens} tokens` });
  }
  return candidate;
}
