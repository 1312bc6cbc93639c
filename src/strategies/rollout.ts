import type { Completion, GenerateRequest } from "../models/model.ts";
import type { Problem } from "../types.ts";
import { extractAnswer } from "../verifiers/answer.ts";
import { lossOf, statesAnswer } from "./samples.ts";
import { seedOf } from "./sampling.ts";
import type { Beam, FullStepSampling } from "./steps.ts";
import type { Context } from "./strategy.ts";

/** Whole solutions by the position of the beam that they continue, and whether a call was refused. */
export interface RolledOut {
  readonly solutions: ReadonlyMap<string, Beam>;
  readonly refused: boolean;
}

/** Writes each beam to the end in one call, all in one batch; that of the beam P is at the position `rollout/P`. */
export async function rollOut(
  problem: Problem,
  context: Context,
  beams: readonly Beam[],
  sampling: FullStepSampling,
): Promise<RolledOut> {
  if (beams.length === 0) return { solutions: new Map(), refused: false };
  const { temperature, topP, maxTokens } = sampling;
  const requests = beams.map(({ id, text, outputTokens }): GenerateRequest => {
    const position = `rollout/${id}`;
    return {
      prompt: problem.prompt,
      prefix: text,
      maxTokens: maxTokens - outputTokens,
      temperature,
      ...(topP === undefined ? {} : { topP }),
      seed: seedOf(context, position),
      position,
    };
  });
  const completions = await context.model.generate(requests, { signal: context.signal });
  const solutions = new Map<string, Beam>();
  for (const [index, parent] of beams.entries()) {
    const id = requests[index]!.position;
    const solution = finish(problem, context, parent, id, completions[index]!, sampling);
    if (solution !== undefined) solutions.set(parent.id, solution);
  }
  return { solutions, refused: completions.some(({ finish }) => finish === "refused") };
}

function finish(
  problem: Problem,
  { emit }: Context,
  parent: Beam,
  id: string,
  completion: Completion,
  { separator }: FullStepSampling,
): Beam | undefined {
  const { text: added, usage } = completion;
  const { outputTokens } = usage;
  const loss = lossOf(completion);
  if (loss !== undefined) {
    emit({ type: "lost", id, reason: loss, outputTokens });
    return undefined;
  }
  const text = parent.text + added;
  const complete = completion.finish !== "length" || statesAnswer(text, separator);
  const answer = complete ? extractAnswer(problem, text) : undefined;
  const found = answer === undefined ? {} : { answer };
  emit({ type: "proposed", id, parent: parent.id, text: added, outputTokens, complete, ...found });
  const total = parent.outputTokens + outputTokens;
  if (complete) return { id, text, complete, ...found, outputTokens: total, count: 1, tree: parent.tree };
  emit({ type: "pruned", id, reason: `cut after ${total} tokens` });
  return undefined;
}
