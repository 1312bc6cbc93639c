import type { GenerateRequest, Message } from "../models/model.ts";
import type { Candidate, Problem } from "../types.ts";
import type { Verifier } from "../verifiers/verifier.ts";
import { type Drawn, drawAll, type SolutionRequest } from "./samples.ts";
import { type FullSampling, seedOf } from "./sampling.ts";
import type { Context } from "./strategy.ts";

/** Earlier solutions that a revision is shown (Snell et al. 2024, section 6: the last four). */
export const HISTORY = 4;

const INSTRUCTION =
  'Find the mistakes in them, then write a better solution from the beginning. End it with one line "#### ANSWER".';

/** The last `most` solutions that state an answer: one without is nothing to learn from. */
export function historyOf(earlier: readonly Candidate[], most = HISTORY): readonly Candidate[] {
  const answered = earlier.filter(({ answer }) => answer !== undefined);
  return answered.slice(Math.max(0, answered.length - most));
}

/** Solutions in the form that revisers and verifiers with history are trained on. */
export function historyText(history: readonly Candidate[]): string {
  return history.map(({ text }) => `${text.trim()}\n`).join("");
}

/**
 * The request of the next attempt, given the earlier ones of its chain, the oldest first. A model that is
 * trained to revise continues their texts; any other is asked in a chat, which shows the solutions and, where
 * they are known, their scores. Without an earlier attempt that states an answer it is a sample.
 */
export function attemptRequest(
  problem: Problem,
  context: Context,
  earlier: readonly Candidate[],
  position: string,
  sampling: FullSampling,
  most = HISTORY,
): GenerateRequest {
  const history = historyOf(earlier, most);
  const request = { ...sampling, prompt: problem.prompt, seed: seedOf(context, position), position };
  if (history.length === 0) return request;
  if (context.model.can.revise) return { ...request, prefix: historyText(history) };
  return { ...request, prompt: prompted(problem, history) };
}

function prompted({ prompt }: Problem, history: readonly Candidate[]): readonly Message[] {
  const attempts = history.map(({ text, score }, index) => {
    const graded = score === undefined ? "" : `, score ${score.toFixed(2)} of 1`;
    return `Attempt ${index + 1}${graded}:\n${text.trim()}`;
  });
  const content = [
    prompt,
    "These are earlier attempts at this problem. They may be wrong.",
    ...attempts,
    INSTRUCTION,
  ];
  return [{ role: "user", content: content.join("\n\n") }];
}

/** An attempt to draw. */
export interface Attempt {
  readonly position: string;
  /** Of its chain, the oldest first. */
  readonly earlier: readonly Candidate[];
  /** It begins with the text `kept`, the beginning of `parent`. The model must continue a given text. */
  readonly from?: { readonly parent: Candidate; readonly kept: string };
}

/** Completed attempts, and what each was shown. */
export interface Attempted extends Drawn {
  /** For each candidate, the earlier attempts in its request. */
  readonly histories: readonly (readonly Candidate[])[];
}

/**
 * Draws attempts in one batch; they must be in order of position. Each is shown the last `most` earlier ones
 * that state an answer, or fewer: the oldest stay out while the context has no room for an attempt twice as
 * long as the longest of them. Writes to the trace what was revised.
 */
export async function drawAttempts(
  problem: Problem,
  context: Context,
  attempts: readonly Attempt[],
  sampling: FullSampling,
  most = HISTORY,
): Promise<Attempted> {
  const shown = await fitting(problem, context, attempts, sampling, most);
  const drawn = await drawAll(
    problem,
    context,
    shown.map(({ request }) => request),
  );
  const byId = new Map(shown.map((one) => [one.request.position, one]));
  const histories = drawn.candidates.map(({ id }) => byId.get(id)!.history);
  drawn.candidates.forEach(({ id }, index) => {
    const from = byId.get(id)!.attempt.from;
    const parent = from?.parent ?? histories[index]!.at(-1);
    if (parent === undefined) return;
    context.emit({ type: "revised", id, parent: parent.id, ...(from && { kept: from.kept.length }) });
  });
  return { ...drawn, histories };
}

/** What is scored: a verifier that sees history is given the earlier attempts too. */
export function scoredTexts(
  verifier: Verifier,
  { candidates, histories }: Attempted,
): readonly string[] | undefined {
  if (!verifier.seesHistory) return undefined;
  return candidates.map(({ text }, index) => historyText(histories[index]!) + text);
}

interface Shown {
  readonly attempt: Attempt;
  readonly history: readonly Candidate[];
  readonly request: SolutionRequest;
}

async function fitting(
  problem: Problem,
  context: Context,
  attempts: readonly Attempt[],
  sampling: FullSampling,
  most: number,
): Promise<readonly Shown[]> {
  const { contextLength } = context.model;
  const show = (attempt: Attempt, count: number): Shown => {
    const { position, earlier, from } = attempt;
    const plain = attemptRequest(problem, context, earlier, position, sampling, count);
    const { prefix = "" } = plain;
    const request = from === undefined ? plain : { ...plain, prefix: prefix + from.kept, kept: from.kept };
    return { attempt, history: historyOf(earlier, count), request };
  };
  const shown = attempts.map((attempt) => show(attempt, most));
  if (contextLength === undefined) return shown;
  let open = shown.flatMap(({ history }, index) => (history.length > 0 ? [index] : []));
  while (open.length > 0) {
    const requests = open.map((index) => shown[index]!.request);
    const inputs = await context.model.countTokens(requests, { signal: context.signal });
    open = open.filter((index, place) => {
      const { attempt, history } = shown[index]!;
      const room = Math.min(sampling.maxTokens, 2 * Math.max(...history.map((one) => one.outputTokens)));
      if (inputs[place]! + room <= contextLength) return false;
      shown[index] = show(attempt, history.length - 1);
      return history.length > 1;
    });
  }
  return shown;
}
