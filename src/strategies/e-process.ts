import type { StoppingOptions } from "./adaptive-consistency.ts";
import { conclude } from "./conclude.ts";
import { ballots, evidence } from "./consensus.ts";
import { errorLevel, fullSampling, wholeNumber } from "./sampling.ts";
import { type PlannedStrategy, planned } from "./strategy.ts";
import { drawUntil } from "./waves.ts";

/**
 * **E-process stopping** (martingale majority certificate; Cordero-Encinar and Duncan 2025, arXiv:2510.17472,
 * section 3): majority voting that stops when two e-processes, the leader against the runner-up and the leader
 * against the rest, have both reached 1/level. The leader is then certified: whatever the model's answers are
 * like, and however often one looks, the probability of ever certifying another answer than its commonest one is
 * at most `level`.
 *
 * The bets. For each answer j, one that was never given included, start with a wealth of 1. Before each vote X bet
 * a share λ of it, at even odds, on the answer L that leads among all others so far, against j: the wealth is
 * multiplied by 1 + λ for X = L, by 1 − λ for X = j, by 1 for anything else. W(j) is the mean of that wealth over λ
 * uniform in [0, 1], so no λ has to be chosen. It depends only on how often the bet was won and lost (`wealth`).
 *
 * Why it is valid. Votes are independent draws with probabilities p; let j be the model's commonest answer. L is
 * known before X, so given the past the expected factor is 1 + λ (p(L) − p(j)) <= 1: for every λ the wealth is a
 * nonnegative supermartingale, and so is their mean (Ville 1939; Shafer et al. 2011, arXiv:0912.4269). By Ville's
 * inequality P(W(j) >= 1/level at any time) <= level. Certifying an answer a takes W(i) >= 1/level for every i ≠ a;
 * if a ≠ j, W(j) is among them. So a wrong certificate has probability at most level, with no correction for the
 * number of answers, of looks, or of changes of the leader. (Of several equally common answers j is any one.)
 *
 * Where sources differ: the paper pools all answers beyond the second into one opponent and has its bets follow
 * leader and runner-up of the past; here each rival has an account of its own, which covers a change of the two
 * by the proof above, is never later than the pooled one for the same bets, and still certifies a leader with
 * less than half of the votes. One target against each rival is also the form of arXiv:2605.05873.
 *
 * - Cost: k <= N generations, no verifier, + what is in flight when the k-th decides; about
 *   2 (p₁ + p₂)/(p₁ − p₂)² · log(1/level) (paper), 8 when all agree at level 0.05.
 * - Knobs: `n` 40, `level` 0.05 (paper: its ε), `temperature` 1. Level 0 is majority voting of N.
 * - Pays where the certificate is worth some samples more than `adaptiveConsistency` takes. Fails as majority
 *   voting does: it certifies the commonest answer, not the right one. Without a certificate after N samples it
 *   is majority voting, and a note says so.
 */
export function eProcess({ n = 40, level = 0.05, ...knobs }: StoppingOptions = {}): PlannedStrategy {
  const sampling = fullSampling(knobs);
  wholeNumber("n", n);
  errorLevel(level);
  return planned("e-process", { n, level, ...sampling }, async (problem, context) => {
    let certified = false;
    const candidates = await drawUntil(problem, context, { n, sampling }, (drawn) => {
      const { runnerUp, rest } = evidence(ballots(drawn));
      certified = level > 0 && Math.min(runnerUp, rest) >= 1 / level;
      if (!certified) return undefined;
      return `the leader's e-values are ${runnerUp.toFixed(1)} against the runner-up and ${rest.toFixed(1)} against the rest`;
    });
    if (level > 0 && !certified && candidates.length > 0)
      context.emit({
        type: "note",
        text: `No answer was certified at level ${level}: the vote decides alone.`,
      });
    return conclude(context, candidates, "majority");
  });
}
