import type { Completion, GenerateRequest } from "../models/model.ts";
import { type Candidate, type Problem, UsageError } from "../types.ts";
import { extractAnswer } from "../verifiers/answer.ts";
import { lossOf, statesAnswer } from "./samples.ts";
import { type FullSampling, fullSampling, type Sampling, seedOf, wholeNumber } from "./sampling.ts";
import { byPosition } from "./select.ts";
import type { Context } from "./strategy.ts";

/** A candidate of a step-by-step search. */
export interface Beam extends Candidate {
  readonly count: number;
  /** Which of the independent searches it belongs to; 0 when there is one. */
  readonly tree: number;
}

/** A beam that survives, and its width: how many next steps to sample from it; if complete, its next count. */
export interface Kept {
  readonly beam: Beam;
  readonly width: number;
}

/** Knobs of every step-by-step search. */
export interface StepSampling extends Sampling {
  /** Ends a step. Default "\n"; "\n\n" for models that leave blank lines. A step without text ends a solution. */
  readonly separator?: string;
  /** Most tokens of one step. Default 256. A beam whose step is cut there is given up. */
  readonly stepTokens?: number;
  /** Default 40 (Snell et al.). */
  readonly maxRounds?: number;
}

/** `StepSampling` with its defaults filled in. */
export type FullStepSampling = FullSampling & Required<Omit<StepSampling, keyof Sampling>>;

/** Fills in the defaults and checks the ranges; throws `UsageError`. */
export function fullStepSampling(knobs: StepSampling): FullStepSampling {
  const { separator = "\n", stepTokens = 256, maxRounds = 40, ...sampling } = knobs;
  if (typeof separator !== "string" || separator === "") throw new UsageError("separator must not be empty.");
  wholeNumber("stepTokens", stepTokens);
  wholeNumber("maxRounds", maxRounds);
  return { ...fullSampling(sampling), separator, stepTokens, maxRounds };
}

/** Next steps in order of position, and whether a call was refused for lack of budget. */
export interface Proposed {
  readonly beams: readonly Beam[];
  readonly refused: boolean;
}

/**
 * Samples the next steps of all incomplete beams in one batch, at the positions `round/R/beam/B/child/C`.
 * A step that ends, an empty one, and one that states a final answer complete their beam; a cut one gives it up.
 */
export async function proposeSteps(
  problem: Problem,
  context: Context,
  kept: readonly Kept[],
  round: number,
  sampling: FullStepSampling,
): Promise<Proposed> {
  const growing = kept.filter(({ beam }) => !beam.complete);
  const children = growing.flatMap(({ beam: parent, width }, index) =>
    Array.from({ length: width }, (_, child) => ({
      parent,
      id: `round/${round}/beam/${index}/child/${child}`,
    })),
  );
  const requests = children.map(({ parent, id }) => stepRequest(problem, context, parent, id, sampling));
  const completions = await context.model.generate(requests, { signal: context.signal });
  const beams = completions.flatMap((completion, index) => {
    const { parent, id } = children[index]!;
    return grow(problem, context, parent, id, completion, sampling) ?? [];
  });
  return { beams, refused: completions.some(({ finish }) => finish === "refused") };
}

/** Asks for one step after what is written. */
export function stepRequest(
  problem: Problem,
  context: Context,
  written: Pick<Beam, "text" | "outputTokens">,
  position: string,
  { temperature, topP, separator, stepTokens, maxTokens }: FullStepSampling,
): GenerateRequest {
  return {
    prompt: problem.prompt,
    prefix: written.text,
    maxTokens: Math.min(stepTokens, maxTokens - written.outputTokens),
    temperature,
    ...(topP === undefined ? {} : { topP }),
    stop: [separator],
    seed: seedOf(context, position),
    position,
  };
}

/** A step that a model wrote. */
export interface Step {
  /** With its separator when more may follow. */
  readonly added: string;
  /** The solution ends with it. */
  readonly complete: boolean;
  /** It was not written to its end, or nothing fits after it. */
  readonly cut: boolean;
}

/** Reads the step that a completion, which was not lost, writes after `written`. */
export function readStep(
  written: Pick<Beam, "text" | "outputTokens">,
  { finish, text: step, usage }: Completion,
  { separator, maxTokens }: FullStepSampling,
): Step {
  const ended = finish === "end" || (finish === "stop" && step.trim() === "");
  const complete = ended || (finish === "stop" && statesAnswer(written.text + step + separator, separator));
  const added = complete || finish === "length" ? step : step + separator;
  const full = finish === "length" || written.outputTokens + usage.outputTokens >= maxTokens;
  return { added, complete, cut: !complete && full };
}

function grow(
  problem: Problem,
  { emit }: Context,
  parent: Beam,
  id: string,
  completion: Completion,
  sampling: FullStepSampling,
): Beam | undefined {
  const { outputTokens } = completion.usage;
  const loss = lossOf(completion);
  if (loss !== undefined) {
    emit({ type: "lost", id, reason: loss, outputTokens });
    return undefined;
  }
  const { added, complete, cut } = readStep(parent, completion, sampling);
  const text = parent.text + added;
  const answer = complete ? extractAnswer(problem, text) : undefined;
  const found = answer === undefined ? {} : { answer };
  const origin = parent.id === "" ? {} : { parent: parent.id };
  emit({ type: "proposed", id, ...origin, text: added, outputTokens, complete, ...found });
  const total = parent.outputTokens + outputTokens;
  if (cut) {
    emit({ type: "pruned", id, reason: `cut after ${total} tokens` });
    return undefined;
  }
  return { id, text, complete, ...found, outputTokens: total, count: 1, tree: parent.tree };
}

/** Merges beams of equal text within a tree into the first of them by position, and adds up their counts. */
export function mergeEqual(beams: readonly Beam[], { emit }: Pick<Context, "emit">): readonly Beam[] {
  const merged = new Map<string, Beam>();
  for (const beam of [...beams].sort(byPosition)) {
    const key = JSON.stringify([beam.tree, beam.complete, beam.text]);
    const first = merged.get(key);
    merged.set(key, first === undefined ? beam : { ...first, count: first.count + beam.count });
    if (first !== undefined) emit({ type: "merged", id: beam.id, into: first.id });
  }
  return [...merged.values()];
}
