import type { Verifier } from "./verifier.ts";

/** A verifier that calls `inner` for all but `score`. */
export function wrap(inner: Verifier, score: Verifier["score"]): Verifier {
  return {
    name: inner.name,
    fingerprint: inner.fingerprint,
    scoresPartial: inner.scoresPartial,
    ...(inner.seesHistory && { seesHistory: true }),
    ...(inner.free !== undefined && { free: inner.free }),
    ...(inner.model !== undefined && { model: inner.model }),
    ...(inner.shape && { shape: inner.shape }),
    countTokens: (requests) => inner.countTokens(requests),
    score,
    notes: () => inner.notes?.() ?? [],
    close: () => inner.close(),
  };
}
