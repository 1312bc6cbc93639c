import type { Candidate, Problem } from "../types.ts";
import type { Score, Verifier } from "../verifiers/verifier.ts";
import type { Context } from "./strategy.ts";

/** Where a verifier finds fault with an attempt. */
export interface Fault {
  /** The text before the fault; "" when nothing is worth keeping. */
  readonly kept: string;
  /** Score of the last step that is kept, or of the whole attempt when nothing is; 0 when it is unknown. */
  readonly value: number;
}

/** How faults are found. */
export interface FaultFinding {
  readonly verifier: Verifier;
  readonly threshold: number;
  readonly separator: string;
  /** Step by step, or with the whole attempt. */
  readonly stepwise: boolean;
}

/** The offsets at which the steps of a text end, their separators included; steps without text are none. */
export function stepEnds(text: string, separator: string): readonly number[] {
  const ends: number[] = [];
  let at = 0;
  for (const step of text.split(separator)) {
    at = Math.min(text.length, at + step.length + separator.length);
    if (step.trim() !== "") ends.push(at);
  }
  return ends;
}

/**
 * The first step that scores below the threshold, or the whole attempt where there are no scores of its steps. A
 * score that is unknown, or not a number, is below.
 */
export function faultOf(
  { text, score, stepScores }: Candidate,
  { threshold, separator, stepwise }: FaultFinding,
): Fault | undefined {
  const whole = { kept: "", value: score ?? 0 };
  const ends = stepEnds(text, separator);
  if (!stepwise || stepScores?.length !== ends.length)
    return score !== undefined && score >= threshold ? undefined : whole;
  const at = stepScores.findIndex((one) => !(one >= threshold));
  if (at < 0) return undefined;
  return at === 0 ? whole : { kept: text.slice(0, ends[at - 1]), value: stepScores[at - 1]! };
}

/**
 * Candidates with a score for each step. Those that a verifier gave without are scored prefix by prefix, all in
 * one batch; what comes is told to the trace. A candidate with a prefix that has no score stays without.
 */
export async function withStepScores(
  problem: Problem,
  context: Context,
  candidates: readonly Candidate[],
  { verifier, separator }: FaultFinding,
  known: Map<string, Score | undefined>,
): Promise<readonly Candidate[]> {
  const bare = candidates.filter(({ stepScores, score }) => stepScores === undefined && score !== undefined);
  const asked = new Map<string, string>();
  for (const { id, text } of bare) {
    for (const [step, end] of stepEnds(text, separator).entries()) {
      const prefix = text.slice(0, end);
      if (!known.has(prefix) && !asked.has(prefix)) asked.set(prefix, `score/${id}/step/${step}`);
    }
  }
  if (asked.size > 0) {
    const requests = [...asked].map(([text, position]) => ({ problem, text, position }));
    const scores = await verifier.score(requests, { signal: context.signal });
    requests.forEach(({ text }, index) => void known.set(text, scores[index]));
  }
  return candidates.map((candidate) => {
    if (!bare.includes(candidate)) return candidate;
    const { id, text, score } = candidate;
    const stepScores = stepEnds(text, separator).map(
      (end) => known.get(text.slice(0, end))?.value ?? Number.NaN,
    );
    if (!stepScores.every(Number.isFinite)) return candidate;
    context.emit({ type: "scored", id, score, stepScores });
    return { ...candidate, stepScores };
  });
}
