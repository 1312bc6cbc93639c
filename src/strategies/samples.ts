import type { Completion, GenerateRequest } from "../models/model.ts";
import type { Candidate, Problem } from "../types.ts";
import { extractAnswer } from "../verifiers/answer.ts";
import { type FullSampling, seedOf } from "./sampling.ts";
import type { Context } from "./strategy.ts";

/**
 * True when the text, up to its last closed step, states a final answer: a `####` line that goes on like a
 * number (a Markdown heading does not), or `\boxed{}`. A step is closed by `separator`.
 */
export function statesAnswer(text: string, separator = "\n"): boolean {
  const closed = text.slice(0, text.lastIndexOf(separator) + separator.length);
  return /^####[ \t]*[-+$(\\.\d]/m.test(closed) || /\\boxed\s*\{/.test(closed);
}

/** Why a call gave no candidate, or `undefined` when it gave one. */
export function lossOf({ finish, error }: Completion): string | undefined {
  if (finish === "refused") return error?.message ?? "refused: it did not fit the budget";
  if (finish === "error") return error?.message ?? "failed";
  return finish === "cancelled" ? "cancelled" : undefined;
}

/**
 * Draws `n` full solutions in one batch, at the positions `sample/0` to `sample/n-1`, and returns the completed
 * ones. A solution is complete when the model ended it, or when it states a final answer and was cut afterwards.
 */
export async function drawSamples(
  problem: Problem,
  context: Context,
  n: number,
  sampling: FullSampling,
): Promise<readonly Candidate[]> {
  const { model, signal, emit } = context;
  const maxTokens = Math.min(sampling.maxTokens, model.contextLength ?? Number.POSITIVE_INFINITY);
  const requests = Array.from({ length: n }, (_, index): GenerateRequest => {
    const position = `sample/${index}`;
    return { ...sampling, maxTokens, prompt: problem.prompt, seed: seedOf(context, position), position };
  });
  const completions = await model.generate(requests, { signal });
  const candidates: Candidate[] = [];
  let cut = 0;
  for (const [index, completion] of completions.entries()) {
    const { text, finish, usage } = completion;
    const { outputTokens } = usage;
    const id = `sample/${index}`;
    const complete = finish === "end" || finish === "stop" || statesAnswer(text);
    const loss = complete ? undefined : lossOf(completion);
    if (loss !== undefined) {
      emit({ type: "lost", id, reason: loss, outputTokens });
      continue;
    }
    const answer = complete ? extractAnswer(problem, text) : undefined;
    const found = answer === undefined ? {} : { answer };
    emit({ type: "proposed", id, text, outputTokens, complete, ...found });
    if (complete) {
      candidates.push({ id, text, complete, outputTokens, ...found });
      continue;
    }
    cut += 1;
    emit({ type: "pruned", id, reason: `cut at ${maxTokens} tokens` });
  }
  if (cut > 0) {
    const text = `${cut} of ${n} solutions were cut at ${maxTokens} tokens and have no answer: raise maxTokens.`;
    emit({ type: "note", text });
  }
  return candidates;
}
