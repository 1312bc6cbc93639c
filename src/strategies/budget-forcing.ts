import type { Finish, GenerateRequest } from "../models/model.ts";
import { type Candidate, type Problem, UsageError } from "../types.ts";
import { extractAnswer } from "../verifiers/answer.ts";
import { conclude } from "./conclude.ts";
import { lossOf, statesAnswer } from "./samples.ts";
import { type FullSampling, fullSampling, type Sampling, seedOf, wholeNumber } from "./sampling.ts";
import { type Context, type PlannedStrategy, planned } from "./strategy.ts";

/** Knobs of budget forcing; `maxTokens` bounds the answer behind the thinking. */
export interface BudgetForcingOptions extends Sampling {
  /** Times that the end of the thinking is suppressed. Default 1; 0 only ends it at `thinkingTokens`. */
  readonly extensions?: number;
  /** Most tokens of thinking, extensions included. Default 4096. */
  readonly thinkingTokens?: number;
  /** What thinking begins with, as the model or its chat template writes it. Default "<think>". */
  readonly open?: string;
  /** What ends it. Default "</think>". */
  readonly close?: string;
  /** Written in the place of a suppressed end. Default "Wait". */
  readonly wait?: string;
  /** What the answer begins with when the thinking was cut, so that the model does not think on. Default "Final Answer:". */
  readonly answerPrefix?: string;
}

/**
 * **Budget forcing** (s1; Muennighoff et al. 2025, arXiv:2501.19393, section 3.1): one chain of visible thinking
 * whose length is controlled. Longer: where the model would end its thinking, the end marker is suppressed and
 * "Wait" written instead. Shorter: at `thinkingTokens` the end marker and "Final Answer:" are written for it.
 *
 * - Cost: 1 chain of at most `thinkingTokens` + `maxTokens` generated tokens, in `extensions` + 2 calls, each of
 *   which sends the prompt and the thinking so far again (a prefix cache has them). One call less where the server
 *   ends thinking at a limit itself (llama.cpp, vLLM with a reasoning parser): there "Final Answer:" is not written.
 * - Knobs: `extensions` 1 (s1: 1; 2, 4 and 6 on AIME24), `thinkingTokens` 4096 (s1: 32000), `temperature` 0 (s1),
 *   `maxTokens` 1024 for the answer, and the marks `open`, `close`, `wait`, `answerPrefix`.
 * - Pays on models trained to think in one long span that end it too early (AIME24 50 to 57%), and wherever a hard
 *   limit of the thinking must still give an answer. It is not monotone: more extensions can lose answers that
 *   were right, and after about six the curve is flat, the model turning in circles. Fails on models without a
 *   thinking span, which it leaves alone.
 *
 * The model or its template opens the span, not this strategy, so hybrids that were told not to think do not. A
 * solution that ends without the end marker and states an answer is taken as it is. Where the server hides thinking
 * (a reasoning parser on the chat endpoint) there is nothing to extend: its answer is asked for as it comes.
 * Anytime: what is refused or lost ends the thinking, and the answer is asked for with the thinking so far.
 */
export function budgetForcing(options: BudgetForcingOptions = {}): PlannedStrategy {
  const knobs = fullKnobs(options);
  return planned("budget-forcing", { ...knobs }, async (problem, context) => {
    const { can, name } = context.model;
    if (!can.prefix && !can.thinking) {
      throw new UsageError(
        `budget-forcing needs a model that continues a given text or ends its thinking at a limit, and ${name} does neither: use majority.`,
      );
    }
    if (!can.prefix) {
      const text = `${name} does not continue a given text: its thinking is ended at the limit, not extended.`;
      if (knobs.extensions > 0) context.emit({ type: "note", text });
    }
    const thought = await think(problem, context, knobs);
    const { finish: _, hidden: __, ...whole } = await answer(problem, context, thought, knobs);
    return conclude(context, whole.complete ? [whole] : [], "majority");
  });
}

type Knobs = FullSampling & Required<Omit<BudgetForcingOptions, keyof Sampling>>;

function fullKnobs({
  extensions = 1,
  thinkingTokens = 4096,
  open = "<think>",
  close = "</think>",
  wait = "Wait",
  answerPrefix = "Final Answer:",
  ...sampling
}: BudgetForcingOptions): Knobs {
  wholeNumber("extensions", extensions, 0);
  wholeNumber("thinkingTokens", thinkingTokens);
  for (const [knob, mark] of Object.entries({ open, close, wait }))
    if (typeof mark !== "string" || mark === "") throw new UsageError(`${knob} must not be empty.`);
  const own = { extensions, thinkingTokens, open, close, wait, answerPrefix };
  return { ...fullSampling({ temperature: 0, ...sampling }), ...own };
}

/** A candidate as it grows. */
interface Chain extends Candidate {
  /** How its last call ended; absent before the first, and when the last was lost. */
  readonly finish?: Finish;
  /** True when the server keeps the thinking to itself: its tokens count, its text is not there. */
  readonly hidden?: boolean;
}

/** A call that goes on with a chain. */
interface Call extends Pick<GenerateRequest, "maxTokens" | "stop" | "thinking"> {
  readonly position: string;
  /** What is written for the model before it goes on. */
  readonly added: string;
}

/** Thinks until the thinking may end: stretches at the positions `think/0`, `think/1`, ... */
async function think(problem: Problem, context: Context, knobs: Knobs): Promise<Chain> {
  const { thinkingTokens, maxTokens, open, close, wait } = knobs;
  const { can } = context.model;
  const extensions = can.prefix ? knobs.extensions : 0;
  let chain: Chain = { id: "", text: "", complete: false, outputTokens: 0 };
  for (let stretch = 0; stretch <= extensions; stretch += 1) {
    const left = thinkingTokens - chain.outputTokens;
    const limit = { open, close, tokens: left, before: chain.outputTokens };
    const call = { position: `think/${stretch}`, added: stretch === 0 ? "" : onNewLine(chain.text, wait) };
    const own = stretch === extensions && can.thinking === true;
    const most = own ? { maxTokens: left + maxTokens, thinking: limit } : { maxTokens: left, stop: [close] };
    chain = await goOn(problem, context, chain, knobs, { ...call, ...most });
    if (answered(chain, close) || !endedThinking(chain) || chain.outputTokens >= thinkingTokens) break;
  }
  if (chain.complete && !chain.text.includes(close)) {
    const text = `The solution holds no ${close}: there was no thinking to extend or end.`;
    context.emit({ type: "note", text });
  }
  return chain;
}

/** True when the model would end its thinking, or its whole text, here. */
function endedThinking({ finish, hidden }: Chain): boolean {
  return !hidden && (finish === "stop" || finish === "end");
}

/** True when the thinking is over and an answer begun. */
function answered({ complete, text }: Pick<Chain, "complete" | "text">, close: string): boolean {
  return complete || text.includes(close);
}

/** Ends the thinking, if it is not over, and asks for the answer. */
async function answer(problem: Problem, context: Context, chain: Chain, knobs: Knobs): Promise<Chain> {
  const { close, answerPrefix, maxTokens, thinkingTokens } = knobs;
  const { model, signal, emit } = context;
  const over = answered(chain, close) || !model.can.prefix || signal.aborted;
  const added = endedThinking(chain) ? close : onNewLine(chain.text, `${close}\n\n${answerPrefix}`);
  const call = chain.hidden
    ? { position: "answer", added: "", maxTokens: thinkingTokens + maxTokens }
    : { position: "answer", added, maxTokens };
  const text = `${model.name} hides its thinking, which is neither extended nor ended.`;
  if (chain.hidden && !over) emit({ type: "note", text });
  const last = over ? chain : await goOn(problem, context, chain, knobs, call);
  if (last.complete || last.id === "") return last;
  const cut = last.finish === "length";
  const reason = cut ? `cut after ${last.outputTokens} tokens` : "the search ended";
  emit({ type: "pruned", id: last.id, reason });
  if (cut) emit({ type: "note", text: "The answer was cut before it ended: raise maxTokens." });
  return last;
}

/** The chain after one more call; itself, without `finish`, when the call was lost. */
async function goOn(
  problem: Problem,
  context: Context,
  chain: Chain,
  { temperature, topP, open, close }: Knobs,
  { position: id, added, ...most }: Call,
): Promise<Chain> {
  const { model, signal, emit } = context;
  const request: GenerateRequest = {
    ...most,
    prompt: problem.prompt,
    prefix: chain.text + added,
    temperature,
    ...(topP === undefined ? {} : { topP }),
    seed: seedOf(context, id),
    position: id,
  };
  const [completion] = await model.generate([request], { signal });
  const { finish, usage } = completion!;
  const { outputTokens } = usage;
  const loss = lossOf(completion!);
  if (loss !== undefined) {
    emit({ type: "lost", id, reason: loss, outputTokens });
    const { finish: _, ...before } = chain;
    return before;
  }
  const text = chain.text + added + completion!.text;
  const found = extractAnswer(problem, text);
  const over = text.includes(close);
  const hidden = text === "" && (usage.reasoningTokens ?? 0) > 0;
  const plain = found !== undefined && !text.includes(open);
  const last = over || plain || !model.can.prefix || chain.hidden === true;
  const complete = (finish === "end" && last) || (over && statesAnswer(text));
  const known = complete && found !== undefined ? { answer: found } : {};
  const origin = chain.id === "" ? {} : { parent: chain.id };
  emit({ type: "proposed", id, ...origin, text: added + completion!.text, outputTokens, complete, ...known });
  const all = chain.outputTokens + outputTokens;
  return { id, text, complete, ...known, outputTokens: all, finish, ...(hidden && { hidden }) };
}

/** `addition`, on a line of its own when it is not at the beginning of one. */
function onNewLine(text: string, addition: string): string {
  return text === "" || text.endsWith("\n") ? addition : `\n${addition}`;
}
