import type { TokenLogprob } from "../models/model.ts";

/**
 * What a model's own probabilities say of its text (Fu et al. 2025, arXiv:2508.15260, section 3.1). Confidence is
 * in nats, 0 or more: the more probability one token has, the less the others of the `top` have.
 */

/** The confidence of each token whose alternatives are known. */
export function tokenConfidences(logprobs: readonly TokenLogprob[], top: number): readonly number[] {
  return logprobs.flatMap((place) => {
    const known = (place.top ?? []).slice(0, top).filter(({ logprob }) => Number.isFinite(logprob));
    if (known.length === 0) return [];
    return [-known.reduce((sum, { logprob }) => sum + logprob, 0) / known.length];
  });
}

/**
 * The least mean over `size` neighbours; over all of them where there are fewer. `undefined` without any. Rounded, so
 * that the order of summing decides nothing.
 */
export function lowestGroup(confidences: readonly number[], size: number): number | undefined {
  if (confidences.length === 0) return undefined;
  const width = Math.min(size, confidences.length);
  let sum = 0;
  let lowest = Infinity;
  for (const [index, confidence] of confidences.entries()) {
    sum += confidence - (confidences[index - width] ?? 0);
    if (index >= width - 1) lowest = Math.min(lowest, sum / width);
  }
  return Number(lowest.toPrecision(9));
}

/** The value below which the share `share` of the values lies, between two neighbours in proportion. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low === undefined || high === undefined ? undefined : low + (high - low) * (place % 1);
}
