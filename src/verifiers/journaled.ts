import { addUsage } from "../budget/cost.ts";
import type { Journal } from "../budget/journal.ts";
import { throughJournal } from "../budget/journaling.ts";
import type { Score, Scoring, Verifier } from "./verifier.ts";
import { wrap } from "./wrap.ts";

export interface JournaledVerifierOptions {
  readonly journal: Journal;
  /** As for a journaled model. Default none. */
  readonly scope?: string;
}

/**
 * A verifier that never buys a score twice: see the journaled model. A free verifier (a rule) is returned as it
 * is, since there is nothing to save.
 */
export function journaled(verifier: Verifier, options: JournaledVerifierOptions): Verifier {
  if (verifier.free) return verifier;
  const { journal, scope = "" } = options;
  const through =
    <Request extends { readonly position: string }>(
      kind: "score" | "compare",
      scoring: Scoring<Request>,
    ): Scoring<Request>["score"] =>
    (requests, call = {}) =>
      throughJournal<Request, Score>(
        {
          journal,
          identity: [kind, verifier.fingerprint, scope],
          model: verifier.name,
          signal: call.signal,
          send: (rest, index, tell) =>
            scoring.score(rest, {
              ...(call.signal && { signal: call.signal }),
              onScore: tell,
              mayRetry: (place, attempts) => call.mayRetry?.(index(place), attempts) ?? Promise.resolve(true),
            }),
          ending: ({ error, unreadable }) => {
            if (!error || unreadable) return "answered";
            return call.signal?.aborted ? "cancelled" : "lost";
          },
          attempts: (result) => result.attempts,
          mayRetry: (index, attempts) => call.mayRetry?.(index, attempts) ?? Promise.resolve(true),
          cut: (attempts, error) => ({
            value: undefined,
            error,
            usage: addUsage(attempts),
            attempts,
            retries: attempts.length - 1,
          }),
          mark: (score, origin) => ({ ...score, journal: origin }),
          tell: call.onScore,
        },
        requests,
      );
  return wrap(verifier, through("score", verifier), verifier.pairs && through("compare", verifier.pairs));
}
