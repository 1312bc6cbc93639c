/** How well step scores tell right steps from wrong ones, with intervals by bootstrap over problems. */
import type { ReliabilityBin } from "../../src/lab/index.ts";
import type { Rng } from "../../src/random.ts";
import { auroc, calibrationError } from "../../src/stats/calibration.ts";
import type { Interval } from "../../src/stats/means.ts";
import {
  clusterSums,
  ends,
  PUBLISHED_RESAMPLES,
  resampledSums,
  tailShare,
} from "../../src/stats/resampling.ts";
import { ratioOver } from "./bins.ts";
import type { Step } from "./judged.ts";

/** What a step score is compared with. */
export type Truth = "valid" | "legal" | "ended";

const BINS = 10;

/** Steps of each problem. */
export type ByProblem = readonly (readonly Step[])[];

/** Area under the ROC curve over all steps, see `auroc`. */
export function stepAuroc(problems: ByProblem, truth: Truth, random: Rng): Interval | undefined {
  const steps = problems.flatMap((own, problem) =>
    own.map((step) => ({ problem, score: step.score, right: step[truth] })),
  );
  const mean = auroc({ scores: steps.map(({ score }) => score), right: steps.map(({ right }) => right) });
  if (mean === undefined || problems.length < 2) return undefined;
  steps.sort((a, b) => a.score - b.score);
  const owner = Int32Array.from(steps, ({ problem }) => problem);
  const right = Uint8Array.from(steps, (one) => Number(one.right));
  const last = Uint8Array.from(steps, ({ score }, place) => Number(score !== steps[place + 1]?.score));
  const drawn = new Float64Array(PUBLISHED_RESAMPLES);
  const weight = new Int32Array(problems.length);
  for (let round = 0; round < drawn.length; round += 1) {
    weight.fill(0);
    for (let draw = 0; draw < problems.length; draw += 1) weight[random.int(0, problems.length - 1)]! += 1;
    drawn[round] = weightedAuroc(owner, right, last, weight);
  }
  const known = drawn.filter((one) => !Number.isNaN(one));
  return { mean, ...ends(known, known, tailShare(problems.length, 0.95)) };
}

/** Of steps in ascending order of score, each as often as its problem was drawn; `last` ends equal scores. */
function weightedAuroc(owner: Int32Array, right: Uint8Array, last: Uint8Array, weight: Int32Array): number {
  let [wrong, rights, won, wrongHere, rightHere] = [0, 0, 0, 0, 0];
  for (let place = 0; place < owner.length; place += 1) {
    if (right[place] === 1) rightHere += weight[owner[place]!]!;
    else wrongHere += weight[owner[place]!]!;
    if (last[place] === 0) continue;
    won += rightHere * (wrong + wrongHere / 2);
    wrong += wrongHere;
    rights += rightHere;
    [wrongHere, rightHere] = [0, 0];
  }
  return won / (wrong * rights);
}

const binOf = (score: number) => Math.min(BINS - 1, Math.floor(score * BINS));

/** Sums over the steps of a problem that are in a bin. */
const within = (problems: ByProblem, bin: number, value: (step: Step) => number) =>
  Float64Array.from(problems, (own) =>
    own.reduce((sum, step) => sum + (binOf(step.score) === bin ? value(step) : 0), 0),
  );

/** Expected calibration error in 10 bins of equal width, see `calibrationError`. */
export function stepCalibration(problems: ByProblem, truth: Truth, random: Rng): Interval | undefined {
  const steps = problems.flat();
  const mean = calibrationError(
    { scores: steps.map(({ score }) => score), right: steps.map((step) => step[truth]) },
    { bins: BINS },
  );
  if (mean === undefined || problems.length < 2) return undefined;
  const gaps = Array.from({ length: BINS }, (_, bin) =>
    within(problems, bin, (step) => Number(step[truth]) - step.score),
  );
  const sums = clusterSums([...gaps, Float64Array.from(problems, ({ length }) => length)]);
  const drawn = new Float64Array(PUBLISHED_RESAMPLES);
  let round = 0;
  for (const sum of resampledSums(sums, drawn.length, random)) {
    const apart = sum.subarray(0, BINS).reduce((all, gap) => all + Math.abs(gap), 0);
    drawn[round] = apart / sum[BINS]!;
    round += 1;
  }
  return { mean, ...ends(drawn, drawn, tailShare(problems.length, 0.95)) };
}

/** The reliability diagram in the same bins. */
export function reliabilityBins(problems: ByProblem, truth: Truth, random: Rng): readonly ReliabilityBin[] {
  return Array.from({ length: BINS }, (_, bin) => {
    const count = within(problems, bin, () => 1);
    const total = count.reduce((sum, one) => sum + one, 0);
    if (total === 0) return { count: 0 };
    const right = within(problems, bin, (step) => Number(step[truth]));
    const found = ratioOver(right, count, random.split(bin));
    const score = within(problems, bin, (step) => step.score).reduce((sum, one) => sum + one, 0) / total;
    const share = right.reduce((sum, one) => sum + one, 0) / total;
    return { score, share, low: found?.low, high: found?.high, count: total };
  });
}
