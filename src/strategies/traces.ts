import type { Completion, GenerateRequest, TokenLogprob } from "../models/model.ts";
import type { Candidate, Problem } from "../types.ts";
import { extractAnswer } from "../verifiers/answer.ts";
import { CUT, lossOf, statesAnswer } from "./samples.ts";
import { type FullSampling, seedOf } from "./sampling.ts";
import type { Context } from "./strategy.ts";

/** A solution that is written piece by piece, with what the model says of its tokens. */
export interface Trace {
  /** The number of the sample: its first call is at the position `sample/index`. */
  readonly index: number;
  /** Position of the last call; "" before the first. */
  readonly id: string;
  readonly text: string;
  readonly outputTokens: number;
  readonly logprobs: readonly TokenLogprob[];
  /** Present once it is complete. */
  readonly candidate?: Candidate;
}

/** `n` traces that are yet to be written, from the sample `first` on. */
export function begin(first: number, n: number): readonly Trace[] {
  return Array.from({ length: n }, (_, place) => ({
    index: first + place,
    id: "",
    text: "",
    outputTokens: 0,
    logprobs: [],
  }));
}

/** How traces are written on. */
export interface Writing extends FullSampling, Pick<GenerateRequest, "logprobs" | "topLogprobs"> {
  /** 0 for the first call of a trace; the second is at `sample/index/part/1`. */
  readonly round: number;
  /** Most tokens of this call. Default: all that `maxTokens` leaves. */
  readonly step?: number;
}

/** What became of traces in one round; those that were lost or cut are in neither list. */
interface Written {
  readonly done: readonly Trace[];
  readonly open: readonly Trace[];
  readonly refused: boolean;
}

/**
 * Writes every trace on by one call, all in one batch, and tells the trace of the search in order of position. One
 * that has reached `maxTokens` is cut, and so is one that got fewer tokens than asked for: the context is full.
 */
export async function writeOn(
  problem: Problem,
  context: Context,
  traces: readonly Trace[],
  { round, step = Infinity, ...sampling }: Writing,
): Promise<Written> {
  const requests = traces.map((trace): GenerateRequest => {
    const position = `sample/${trace.index}${round === 0 ? "" : `/part/${round}`}`;
    return {
      ...sampling,
      prompt: problem.prompt,
      ...(trace.text === "" ? {} : { prefix: trace.text }),
      maxTokens: Math.min(step, sampling.maxTokens - trace.outputTokens),
      seed: seedOf(context, position),
      position,
    };
  });
  const arrived: Completion[] = [];
  const written: Trace[] = [];
  const take = (place: number, completion: Completion) => {
    arrived[place] ??= completion;
    for (let one = arrived[written.length]; one !== undefined; one = arrived[written.length])
      written.push(grown(problem, context, traces[written.length]!, requests[written.length]!, one));
  };
  const completions = await context.model.generate(requests, { signal: context.signal, onCompletion: take });
  completions.forEach((completion, place) => void take(place, completion));
  const unended = written.filter(
    ({ candidate }, place) => !candidate && lossOf(arrived[place]!) === undefined,
  );
  const isCut = ({ outputTokens }: Trace, place: number) =>
    outputTokens >= sampling.maxTokens || arrived[place]!.usage.outputTokens < requests[place]!.maxTokens;
  const cut = unended.filter((trace) => isCut(trace, written.indexOf(trace)));
  for (const { id, outputTokens } of cut)
    context.emit({ type: "pruned", id, reason: `cut after ${outputTokens} tokens` });
  if (cut.length > 0) context.emit({ type: "note", text: CUT });
  return {
    done: written.filter(({ candidate }) => candidate),
    open: unended.filter((trace) => !cut.includes(trace)),
    refused: arrived.some(({ finish }) => finish === "refused"),
  };
}

/** The trace after a call; writes to the trace of the search what became of the call. */
function grown(
  problem: Problem,
  { emit }: Context,
  trace: Trace,
  { position: id }: GenerateRequest,
  completion: Completion,
): Trace {
  const { finish, usage, logprobs = [] } = completion;
  const text = trace.text + completion.text;
  const complete = finish === "end" || finish === "stop" || statesAnswer(text);
  const loss = complete ? undefined : lossOf(completion);
  if (loss !== undefined) {
    emit({ type: "lost", id, reason: loss, outputTokens: usage.outputTokens });
    return trace;
  }
  const answer = complete ? extractAnswer(problem, text) : undefined;
  const ending = { complete, ...(answer === undefined ? {} : { answer }) };
  const origin = trace.id === "" ? {} : { parent: trace.id };
  emit({
    type: "proposed",
    id,
    ...origin,
    text: completion.text,
    outputTokens: usage.outputTokens,
    ...ending,
  });
  const outputTokens = trace.outputTokens + usage.outputTokens;
  const candidate = complete ? { candidate: { id, text, outputTokens, ...ending } } : {};
  return {
    index: trace.index,
    id,
    text,
    outputTokens,
    logprobs: [...trace.logprobs, ...logprobs],
    ...candidate,
  };
}
