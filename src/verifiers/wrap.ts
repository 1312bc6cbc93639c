import type { Verifier } from "./verifier.ts";

/** A verifier that calls `inner` for all but `score` and, where it compares pairs, the scoring of these. */
export function wrap(inner: Verifier, score: Verifier["score"], pairs = inner.pairs?.score): Verifier {
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
    ...(inner.pairs && pairs && { pairs: { ...inner.pairs, score: pairs } }),
    notes: () => inner.notes?.() ?? [],
    close: () => inner.close(),
  };
}
