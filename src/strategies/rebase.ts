import { UsageError } from "../types.ts";
import { conclude } from "./conclude.ts";
import { rounds, type Select } from "./rounds.ts";
import { wholeNumber } from "./sampling.ts";
import { needSteps } from "./scoring.ts";
import { countOf, shares, weighed } from "./select.ts";
import { fullStepSampling, type StepSampling } from "./steps.ts";
import { type PlannedStrategy, planned } from "./strategy.ts";

/** Knobs of REBASE. */
export interface RebaseOptions extends StepSampling {
  /** N: first steps, and solutions to complete. Default 16. */
  readonly n?: number;
  /** T_b, above 0: how evenly samples are spread over the prefixes; `Infinity` is uniform. Default 0.2. */
  readonly balance?: number;
}

/**
 * **REBASE, reward balanced search** (Wu et al. 2024, arXiv:2408.00724, section 3.1.2): every prefix survives in
 * proportion to its score. Of the budget B_i = B_{i-1} - C_i, where C_i samples of this round completed a
 * solution, prefix j is given W_j = Round(B_i · softmax(R_j / T_b)) next steps; those with none are given up.
 * Then weighted best-of-N over the completed solutions.
 *
 * - Cost: at most N generations, counted in steps + the scoring of every distinct prefix.
 * - Knobs: `n` 16 (code: 16; paper: powers of two), `balance` 0.2 (code), `temperature` 1 (code: 1), `maxRounds` 40
 *   (code: depth 25).
 * - Pays on hard problems, where the verifier is roughly right but not to be trusted with a hard cut: it explores
 *   what beam search prunes. On easy ones the paper finds it equal to sampling. Fails where scores hardly differ
 *   for their temperature: then it is sampling.
 *
 * Paper and code differ, and the paper holds: the code gives out widths one prefix after the other, rounded up,
 * until none are left, so that the last prefixes by order may get nothing. Where the paper's rounded widths do
 * not add up to B_i, the largest remainders are rounded up, so that they do; of equal ones those of the higher
 * score. The softmax is over the prefixes that can go on. Samples of equal text are one prefix, which is dealt
 * what each would get on its own. A sample that was lost or given up stays in the budget, and is drawn again in
 * the next round from what is left.
 */
export function rebase({ n = 16, balance = 0.2, ...knobs }: RebaseOptions = {}): PlannedStrategy {
  const sampling = fullStepSampling(knobs);
  wholeNumber("n", n);
  if (typeof balance !== "number" || !(balance > 0))
    throw new UsageError(`balance must be a number above 0, not ${balance}.`);
  return planned("rebase", { n, balance, ...sampling }, async (problem, context) => {
    const { completed } = await rounds(problem, context, {
      first: n,
      sampling,
      verifier: needSteps(context, "rebase"),
      select: balanced(n, balance),
    });
    return conclude(context, completed, "weighted");
  });
}

/** Spreads what is left of `n` samples over the open beams by softmax of the score at temperature `balance`. */
export function balanced(n: number, balance: number): Select {
  return (beams, { completed }) => {
    const left = n - completed.reduce((total, one) => total + countOf(one), 0);
    const open = beams.filter(({ complete }) => !complete);
    const most = Math.max(...open.map(({ score }) => score ?? 0));
    const widths = shares(
      weighed(open, (score) => Math.exp((score - most) / balance)),
      left,
    );
    return open.flatMap((beam) => {
      const width = widths.get(beam) ?? 0;
      return width > 0 ? [{ beam, width }] : [];
    });
  };
}
