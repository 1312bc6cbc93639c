import type { Candidate, Problem } from "../types.ts";
import { UsageError } from "../types.ts";
import type { Score, Verifier } from "../verifiers/verifier.ts";
import { drawSamples } from "./samples.ts";
import type { FullSampling } from "./sampling.ts";
import type { Context } from "./strategy.ts";

/** The verifier, or a `UsageError` that names what is missing and the nearest strategy that works without it. */
export function needVerifier(context: Context, strategy: string, partial: boolean): Verifier {
  const { verifier } = context;
  if (verifier === undefined)
    throw new UsageError(`${strategy} needs a verifier: give one, or use majority, which needs none.`);
  if (partial && !verifier.scoresPartial)
    throw new UsageError(
      `${strategy} needs a verifier that scores partial solutions, and ${verifier.name} scores only whole ones: use weighted-best-of-n.`,
    );
  return verifier;
}

/** The verifier of a step-by-step search, or a `UsageError` when it or the model cannot do what that takes. */
export function needSteps(context: Context, strategy: string): Verifier {
  const verifier = needVerifier(context, strategy, true);
  if (context.model.can.prefix) return verifier;
  throw new UsageError(
    `${strategy} needs a model that continues a given text, and ${context.model.name} does not: use weighted-best-of-n.`,
  );
}

/** Scored candidates, in the order given, and whether a scoring was refused for lack of budget. */
export interface Scored<C extends Candidate> {
  readonly candidates: readonly C[];
  readonly refused: boolean;
}

/**
 * Scores candidates in one batch. Equal texts are scored once, and not again when `known` has them. A candidate
 * whose score is unknown, failed or not a number keeps `score` undefined. `texts` replaces what is scored,
 * candidate by candidate.
 */
export async function scoreAll<C extends Candidate>(
  problem: Problem,
  context: Context,
  verifier: Verifier,
  candidates: readonly C[],
  { texts = candidates.map(({ text }) => text), known = new Map() }: ScoringOptions = {},
): Promise<Scored<C>> {
  const first = new Map<string, string>();
  texts.forEach((text, index) => {
    if (!known.has(text) && !first.has(text)) first.set(text, `score/${candidates[index]!.id}`);
  });
  const requests = [...first].map(([text, position]) => ({ problem, text, position }));
  const scores = requests.length === 0 ? [] : await verifier.score(requests, { signal: context.signal });
  requests.forEach(({ text }, index) => void known.set(text, scores[index]));
  const scored = candidates.map((candidate, index) => {
    const said = reading(known.get(texts[index]!));
    context.emit({ type: "scored", id: candidate.id, score: undefined, ...said });
    return { ...candidate, ...said };
  });
  return { candidates: scored, refused: scores.some(({ refused }) => refused === true) };
}

export interface ScoringOptions {
  readonly texts?: readonly string[] | undefined;
  /** Scores by text; new ones are added. */
  readonly known?: Map<string, Score | undefined>;
}

/**
 * Draws `n` full solutions and scores them. Under a budget it does so in eight waves: a sample that is bought
 * when nothing is left to score it is worth little.
 */
export async function drawScored(
  problem: Problem,
  context: Context,
  verifier: Verifier,
  n: number,
  sampling: FullSampling,
): Promise<readonly Candidate[]> {
  const wave = context.budgeted && !verifier.free ? Math.ceil(n / 8) : n;
  const known = new Map<string, Score | undefined>();
  const all: Candidate[] = [];
  for (let first = 0; first < n; first += wave) {
    const draw = { first, n: Math.min(wave, n - first) };
    const drawn = await drawSamples(problem, context, draw, sampling);
    const scored = await scoreAll(problem, context, verifier, drawn.candidates, { known });
    all.push(...scored.candidates);
    if (drawn.refused || scored.refused || context.signal.aborted) break;
  }
  return all;
}

function reading(score: Score | undefined): Pick<Candidate, "score" | "stepScores"> {
  return {
    ...(Number.isFinite(score?.value) ? { score: score!.value! } : {}),
    ...(score?.steps === undefined ? {} : { stepScores: score.steps }),
  };
}
