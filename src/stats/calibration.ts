/** A verifier's scores of candidates, each with whether the candidate is right. */
export interface Graded {
  readonly scores: ArrayLike<number>;
  readonly right: ArrayLike<boolean>;
}

/** Candidates of equal score, lowest score first. */
interface Tie {
  readonly score: number;
  readonly count: number;
  readonly right: number;
}

/** @throws RangeError for lists of unequal length or a score that is not finite */
function tiesOf({ scores, right }: Graded): readonly Tie[] {
  if (scores.length !== right.length)
    throw new RangeError(`${scores.length} scores cannot be graded by ${right.length} verdicts.`);
  const ties = new Map<number, { score: number; count: number; right: number }>();
  for (let index = 0; index < scores.length; index += 1) {
    const score = scores[index]!;
    if (!Number.isFinite(score)) throw new RangeError(`Candidate ${index} has no score: leave it out.`);
    const tie = ties.get(score) ?? { score, count: 0, right: 0 };
    tie.count += 1;
    tie.right += Number(right[index]!);
    ties.set(score, tie);
  }
  return [...ties.values()].sort((a, b) => a.score - b.score);
}

/**
 * The probability that a right candidate scores above a wrong one, ties counting half: the area under the ROC
 * curve. `undefined` when all are right or all are wrong.
 * @throws RangeError for lists of unequal length or a score that is not finite
 */
export function auroc(graded: Graded): number | undefined {
  let [wrong, right, won] = [0, 0, 0];
  for (const tie of tiesOf(graded)) {
    const wrongHere = tie.count - tie.right;
    won += tie.right * (wrong + wrongHere / 2);
    wrong += wrongHere;
    right += tie.right;
  }
  return wrong === 0 || right === 0 ? undefined : won / (wrong * right);
}

/**
 * The mean squared distance of probabilities from the truth, 0 to 1 (Brier 1950). `undefined` without any.
 * @throws RangeError for lists of unequal length or a score outside [0, 1]
 */
export function brier(graded: Graded): number | undefined {
  const ties = probabilitiesOf(graded);
  const sum = ties.reduce(
    (all, { score, count, right }) => all + right * (1 - score) ** 2 + (count - right) * score ** 2,
    0,
  );
  return ties.length === 0 ? undefined : sum / graded.scores.length;
}

/** How to bin probabilities. */
export interface Bins {
  /** Default 10. */
  readonly bins?: number;
  /** Bins of equal `width`, or with an equal number of candidates, as far as ties allow (`mass`). Default "width". */
  readonly by?: "width" | "mass";
}

/**
 * Expected calibration error: the mean distance of accuracy from mean probability within bins, weighted by their
 * candidates (Naeini et al. 2015). A bin includes its lower end, the last its upper end as well; equal scores share
 * a bin. Chance alone makes it positive: compare only values of about as many candidates and bins. `undefined`
 * without any candidate.
 * @throws RangeError for lists of unequal length or a score outside [0, 1]
 */
export function calibrationError(graded: Graded, { bins = 10, by = "width" }: Bins = {}): number | undefined {
  const total = graded.scores.length;
  const gaps = new Float64Array(bins);
  let before = 0;
  for (const { score, count, right } of probabilitiesOf(graded)) {
    const share = by === "width" ? score : (before + count / 2) / total;
    gaps[Math.min(bins - 1, Math.floor(share * bins))]! += right - count * score;
    before += count;
  }
  return total === 0 ? undefined : gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / total;
}

function probabilitiesOf(graded: Graded): readonly Tie[] {
  const ties = tiesOf(graded);
  const wrong = ties.find(({ score }) => score < 0 || score > 1);
  if (wrong) throw new RangeError(`${wrong.score} is no probability.`);
  return ties;
}

/** What answering only from this score on gives. */
export interface RiskPoint {
  readonly threshold: number;
  /** Share of candidates answered. */
  readonly coverage: number;
  /** Share of the answered that is wrong. */
  readonly risk: number;
}

/**
 * Risk over coverage of answering only the candidates with the highest scores, one point per score, from the
 * highest (El-Yaniv and Wiener 2010).
 * @throws RangeError for lists of unequal length or a score that is not finite
 */
export function riskCoverage(graded: Graded): readonly RiskPoint[] {
  const total = graded.scores.length;
  let [answered, wrong] = [0, 0];
  return tiesOf(graded)
    .toReversed()
    .map(({ score, count, right }) => {
      answered += count;
      wrong += count - right;
      return { threshold: score, coverage: answered / total, risk: wrong / answered };
    });
}

/**
 * The area under the risk-coverage curve: the risk of the n best candidates, averaged over every n (Geifman et
 * al. 2019, arXiv:1805.08206), in expectation over the order of equal scores. Lower is better; scores that tell
 * nothing have the share of wrong candidates. `undefined` without any candidate.
 * @throws RangeError for lists of unequal length or a score that is not finite
 */
export function riskCoverageArea(graded: Graded): number | undefined {
  const total = graded.scores.length;
  let [answered, wrong, sum] = [0, 0, 0];
  for (const { count, right } of tiesOf(graded).toReversed()) {
    const rate = (count - right) / count;
    for (let more = 1; more <= count; more += 1) sum += (wrong + more * rate) / (answered + more);
    answered += count;
    wrong += count - right;
  }
  return total === 0 ? undefined : sum / total;
}
