import type { Figure, Table } from "../../src/lab/index.ts";
import type { Rng } from "../../src/random.ts";
import type { Interval } from "../../src/stats/means.ts";
import { allOf, fifths, groupsOf, points } from "./bins.ts";
import type { Claim } from "./claims.ts";
import type { Judged } from "./judged.ts";
import {
  auditTable,
  type Fall,
  fallsOf,
  fallTable,
  selectedBy,
  selectionCurves,
  sizesOf,
} from "./over-optimisation.ts";
import type { Recording } from "./recordings.ts";
import { type ByProblem, reliabilityBins, stepAuroc, stepCalibration, type Truth } from "./step-scores.ts";

const LEAST_AUROC = 0.9;
const MOST_ERROR = 0.1;
const TRUTHS: Readonly<Record<Truth, string>> = {
  valid: "right so far, and the answer can be reached",
  legal: "legal and true arithmetic so far",
  ended: "the sample ends right",
};

/** A family, or a bin of it, against one truth. */
interface Rating {
  readonly family: string;
  readonly truth: Truth;
  readonly steps: number;
  /** Share of the steps that are right. */
  readonly share: number;
  readonly auroc: Interval | undefined;
  readonly error: Interval | undefined;
}

/**
 * G7: the step scores of the PRM against exact step validity. Two parts decide, in each family, by 95% intervals over
 * problems: (a) the AUROC of steps is above 0.9; (b) the expected calibration error is below 0.1. Contradicted when an
 * interval lies wholly on the other side. Validity is what the PRM learned: every step so far is right, and the answer
 * can still be reached. That accuracy falls from N = 16 to 512 is reported level by level, and decides nothing.
 */
export function verifier(
  recordings: readonly Recording[],
  judged: ReadonlyMap<string, Judged>,
  random: Rng,
): Claim {
  const families = [...new Set(recordings.map(({ problem }) => problem.family ?? "problems"))];
  const stepsOf = (own: readonly Recording[]): ByProblem =>
    own.map(({ problem }) => judged.get(problem.id)!.steps);
  const byFamily = families.map((family) => ({
    family,
    steps: stepsOf(recordings.filter(({ problem }) => problem.family === family)),
  }));
  const ratings = byFamily.flatMap(({ family, steps }) =>
    (Object.keys(TRUTHS) as Truth[]).map((truth) => rate(family, steps, truth, random.split(family, truth))),
  );
  const main = ratings.filter(({ truth }) => truth === "valid");
  const groups = groupsOf(recordings, fifths(recordings));
  const selected = selectedBy(recordings, judged, random.split("selected"));
  const falls = fallsOf(recordings, selected, random.split("falls"));
  const bins = groups.map(({ panel, places }) =>
    rate(panel, stepsOf(places.map((place) => recordings[place]!)), "valid", random.split(panel)),
  );
  return {
    id: "G7",
    claim: "The PRM tells right steps from wrong ones, and its step scores are calibrated.",
    verdict: allOf(main.flatMap(verdictsOf)),
    figure: `${main.map(({ family, auroc, error }) => `${family}: AUROC of steps ${plain(auroc)}, calibration error ${plain(error)}`).join("; ")}; first 8 samples of ${recordings.length} test problems`,
    section: {
      heading: "G7: the verifier against exact step validity",
      text: [...textOf(main), luckText(byFamily), fallText(falls, sizesOf(selected).at(-1)!)],
      figures: [
        ...byFamily.flatMap(({ family, steps }) => diagrams(family, steps, random.split("diagram", family))),
        selectionCurves(groups, selected, random.split("curves")),
      ],
      tables: [
        ratingTable("family", ratings),
        ratingTable("family and bin, 1 the easiest", bins),
        fallTable(falls, selected),
        auditTable(groups, selected),
      ],
    },
  };
}

function rate(family: string, steps: ByProblem, truth: Truth, random: Rng): Rating {
  const all = steps.flat();
  return {
    family,
    truth,
    steps: all.length,
    share: all.filter((step) => step[truth]).length / all.length,
    auroc: stepAuroc(steps, truth, random.split("auroc")),
    error: stepCalibration(steps, truth, random.split("error")),
  };
}

function verdictsOf({ auroc, error }: Rating): readonly Claim["verdict"][] {
  const above = (found: Interval | undefined, bound: number): Claim["verdict"] =>
    found === undefined
      ? "not shown"
      : found.low > bound
        ? "shown"
        : found.high < bound
          ? "contradicted"
          : "not shown";
  const below = above(error, MOST_ERROR);
  return [
    above(auroc, LEAST_AUROC),
    below === "shown" ? "contradicted" : below === "contradicted" ? "shown" : "not shown",
  ];
}

const plain = (found: Interval | undefined) =>
  found === undefined
    ? "unknown"
    : `${found.mean.toFixed(3)} (${found.low.toFixed(3)} to ${found.high.toFixed(3)})`;

function textOf(main: readonly Rating[]): readonly string[] {
  const verdicts = main.map((rating) => {
    const [apart, calibrated] = verdictsOf(rating);
    return `${rating.family}: (a) ${plain(rating.auroc)}, ${apart}; (b) ${plain(rating.error)}, ${calibrated}`;
  });
  return [
    `Rules: (a) shown when the interval of the AUROC of steps lies above ${LEAST_AUROC}, (b) when that of the expected calibration error (10 bins of equal width) lies below ${MOST_ERROR}; both must hold in both families. ${verdicts.join(". ")}. The model card's figures of fewer problems, AUROC 0.98 and 0.97, error 0.12 and 0.15, were known when these bounds were set.`,
    `Three notions of a right step. "${TRUTHS.valid}" is the rule's exact validity, which the PRM learned from and which decides; in countdown a step may be legal and yet lose the target. "${TRUTHS.legal}" leaves that out; for chain the two are the same. "${TRUTHS.ended}" is one draw of what the Monte-Carlo labels of the PRM's last stage estimate: the chance that the generator ends right from here.`,
  ];
}

/** Right answers by wrong steps: an additive chain of relations in the wrong order ends at the same number. */
function luckText(families: readonly { readonly family: string; readonly steps: ByProblem }[]): string {
  const shares = families.map(({ family, steps }) => {
    const ended = steps.flat().filter((step) => step.ended);
    const share = ended.filter(({ valid }) => valid).length / ended.length;
    return `${(100 * share).toFixed(1)}% in ${family}`;
  });
  return `Right answers by wrong steps: of the steps of samples that end right, those that are exactly valid make up ${shares.join(" and ")}. Relations of a chain that only add and subtract end at the right number in any order, whoever they name.`;
}

function fallText(falls: readonly Fall[], most: number): string {
  const lost = falls.filter(({ change }) => change !== undefined && change.high < 0);
  const list = lost.map(({ level, rule, change }) => `${rule} on ${level}, ${points(change)}`);
  return `Over-optimisation of selection: of ${falls.length} pairs of level and rule, accuracy falls from N = 16 to N = ${most}, its interval below 0, in ${lost.length}${lost.length === 0 ? "." : `: ${list.join("; ")}. One in 40 is expected to do so by chance.`}`;
}

function diagrams(family: string, steps: ByProblem, random: Rng): readonly Figure[] {
  const truths: readonly Truth[] = family === "countdown" ? ["valid", "legal", "ended"] : ["valid", "ended"];
  return truths.map((truth) => ({
    kind: "reliability",
    caption: `${family}: share of steps of which "${TRUTHS[truth]}" holds, by the PRM's score behind the step; 95% intervals over problems.`,
    bins: reliabilityBins(steps, truth, random.split(truth)),
  }));
}

function ratingTable(name: string, ratings: readonly Rating[]): Table {
  return {
    caption: "Step scores with 95% intervals over problems (10,000 resamples).",
    columns: [
      { name },
      { name: "a right step" },
      { name: "steps" },
      { name: "right", format: "percent" },
      { name: "AUROC" },
      { name: "calibration error" },
    ],
    rows: ratings.map(({ family, truth, steps, share, auroc, error }) => [
      family,
      TRUTHS[truth],
      steps,
      share,
      auroc,
      error,
    ]),
  };
}
