import type { Candidate, Problem } from "../types.ts";
import { UsageError } from "../types.ts";
import type { Score, Verifier } from "../verifiers/verifier.ts";
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

/** Scored candidates, in the order given, and whether a scoring was refused for lack of budget. */
export interface Scored<C extends Candidate> {
  readonly candidates: readonly C[];
  readonly refused: boolean;
}

/**
 * Scores candidates in one batch. Equal texts are scored once. A candidate whose score is unknown, failed or
 * not a number keeps `score` undefined. `texts` replaces what is scored, candidate by candidate.
 */
export async function scoreAll<C extends Candidate>(
  problem: Problem,
  context: Context,
  verifier: Verifier,
  candidates: readonly C[],
  texts: readonly string[] = candidates.map(({ text }) => text),
): Promise<Scored<C>> {
  const first = new Map<string, string>();
  texts.forEach((text, index) => {
    if (!first.has(text)) first.set(text, `score/${candidates[index]!.id}`);
  });
  if (first.size === 0) return { candidates, refused: false };
  const requests = [...first].map(([text, position]) => ({ problem, text, position }));
  const scores = await verifier.score(requests, { signal: context.signal });
  const byText = new Map(requests.map(({ text }, index) => [text, scores[index]]));
  const scored = candidates.map((candidate, index) => {
    const known = reading(byText.get(texts[index]!));
    context.emit({ type: "scored", id: candidate.id, score: undefined, ...known });
    return { ...candidate, ...known };
  });
  return { candidates: scored, refused: scores.some(({ refused }) => refused === true) };
}

function reading(score: Score | undefined): Pick<Candidate, "score" | "stepScores"> {
  return {
    ...(Number.isFinite(score?.value) ? { score: score!.value! } : {}),
    ...(score?.steps === undefined ? {} : { stepScores: score.steps }),
  };
}
