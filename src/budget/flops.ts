import type { Usage } from "../types.ts";

/** What of a transformer's shape its FLOPs depend on; every `ModelShape` has it. */
export interface FlopsShape {
  readonly layers: number;
  /** Width of the attention output (heads times head size). */
  readonly attentionWidth: number;
  /** Matrix parameters that multiply an activation for every token, the output matrix included. */
  readonly activeParameters: number;
}

/** Name of the formula behind every figure in FLOPs, for receipts. */
export const flopsFormula = "2P per token + 4LW per attended token";

/**
 * Floating-point operations of one call.
 *
 * Each evaluated token passes through every matrix once, one multiplication and one addition per parameter:
 * 2·P. At context position p (from 1) it also attends to p tokens; in each of L layers the scores QK' and the
 * mixture AV take 2·W each per attended token (W: heads times head size): 4·L·W·p. The forward pass is
 * C ≈ 2N + 2·n_layer·n_ctx·d of Kaplan et al. 2020, "Scaling Laws for Neural Language Models", table 1, there
 * without the mixture AV's half and without the output matrix; both are added because a small model at a long
 * context spends much there. Snell et al. 2024, section 7, use the leading term alone (Y = 2·N·D_inference).
 *
 * Evaluated are all input tokens that were not reused, and all output tokens (so the last one too, which a
 * server samples and need not evaluate: at most one token per call too many). Reused tokens cost nothing but
 * are attended to. When the server does not say what it reused, nothing counts as reused.
 *
 * The sum over evaluated positions c+1..n is exact, with c the reused and n all tokens:
 * 4·L·W·(n(n+1) − c(c+1))/2.
 */
export function flops(
  shape: FlopsShape,
  usage: Pick<Usage, "inputTokens" | "cachedTokens" | "outputTokens">,
): number {
  const reused = Math.min(usage.cachedTokens ?? 0, usage.inputTokens);
  const all = usage.inputTokens + usage.outputTokens;
  const attended = (all * (all + 1) - reused * (reused + 1)) / 2;
  return 2 * shape.activeParameters * (all - reused) + 4 * shape.layers * shape.attentionWidth * attended;
}
