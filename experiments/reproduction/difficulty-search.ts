import type { Figure, Series, Table } from "../../src/lab/index.ts";
import { simulateUniform } from "../../src/policy/index.ts";
import { walkOver } from "../../src/policy/walk.ts";
import type { Rng } from "../../src/random.ts";
import type { Interval } from "../../src/stats/means.ts";
import {
  aboveZero,
  allOf,
  at,
  contrast,
  fifths,
  groupsOf,
  meanOf,
  meanOver,
  negated,
  placesOf,
  points,
} from "./bins.ts";
import type { Claim } from "./claims.ts";
import type { Recording } from "./recordings.ts";

/** Beams of width 4, and samples. */
const NS = [4, 16, 64] as const;
/** The first of them are the low budgets. */
const LOW = 2;
/** Random orders of each problem's samples. */
const ORDERS = 32;

/** Per N one number per problem. */
type Rows = readonly Float64Array[];

interface Compared {
  readonly recordings: readonly Recording[];
  readonly bins: Int32Array;
  readonly beam: Rows;
  readonly sampled: Rows;
  /** FLOPs of both models. */
  readonly cost: { readonly beam: Rows; readonly sampled: Rows };
}

/**
 * G2: beam search (M = 4) against weighted best-of-N at equal N, by fifths of oracle difficulty within each family
 * (Snell et al. 2024, figure 3 right). Three parts, each decided by its 95% interval over problems, and all must hold:
 * (a) in bins 3 and 4, beam minus best-of-N, mean of N = 4 and 16, is above 0; (b) in bins 1 and 2, the slope of the
 * beam's accuracy over log2 N from 4 to 64 is below 0; (c) the difference of (a) is larger in bins 3 and 4 than in
 * bins 1 and 2. Contradicted when an interval lies wholly on the other side.
 */
export function difficultySearch(recordings: readonly Recording[], random: Rng): Claim {
  const compared = compare(recordings, random.split("samples"));
  const parts = partsOf(
    compared,
    placesOf(recordings.length, () => true),
    random.split("all"),
  );
  const verdicts = verdictsOf(parts);
  return {
    id: "G2",
    claim:
      "Beam search helps on problems of middle difficulty at low budgets, over-optimises on easy ones, and the two differ.",
    verdict: allOf(verdicts),
    figure: `beam minus weighted best-of-N, N = 4 and 16: bins 3–4 ${points(parts.middle)}, middle minus easy ${points(parts.interaction)}; slope of beam in bins 1–2 ${points(parts.slope)} per doubling of N; ${recordings.length} test problems`,
    section: {
      heading: "G2: beam search and difficulty",
      text: [
        "Fifths of each family by pass@1 of up to 512 samples; bin 1 is the easiest. Beam search keeps N/4 prefixes and samples 4 next steps of each; weighted best-of-N draws N whole samples. Both choose by summed scores of equal answers. A generation is one sample, or one beam of the search, so N is the same for both.",
        `Rules, set before the results: (a) shown when the interval of beam minus best-of-N in bins 3–4, mean of N = 4 and 16, is above 0: ${points(parts.middle)}, ${verdicts[0]}. (b) shown when the slope of beam over log2 N in bins 1–2 is below 0: ${points(parts.slope)} per doubling, ${verdicts[1]}. (c) shown when (a) is larger in bins 3–4 than in 1–2: ${points(parts.interaction)}, ${verdicts[2]}. The claim needs all three.`,
        overOptimised(parts, compared),
      ],
      figures: [curves(compared, random.split("curves")), bars(compared, random.split("bars"))],
      tables: [byFamily(compared, random.split("families")), byBin(compared, random.split("table"))],
    },
  };
}

function compare(recordings: readonly Recording[], random: Rng): Compared {
  const uniform = simulateUniform(
    recordings.map(({ samples }) => samples),
    NS,
    random,
    { orders: ORDERS },
  );
  const searches = NS.map((n) => recordings.map((one) => searched(one, `beam-${n}-4`)));
  return {
    recordings,
    bins: fifths(recordings),
    beam: searches.map((own) => Float64Array.from(own, ({ right }) => right)),
    sampled: uniform.accuracy,
    cost: {
      beam: searches.map((own) => Float64Array.from(own, ({ cost }) => cost)),
      sampled: uniform.cost,
    },
  };
}

/** Whether weighted best-of-N over what a search completed is right, and the FLOPs of prompt and search. */
function searched({ samples, searches }: Recording, name: string) {
  const walk = walkOver({ ...samples, searches: [searches.get(name)!] }, new Int32Array());
  walk.search(0);
  return { right: walk.right(), cost: walk.cost };
}

interface Parts {
  /** Beam minus best-of-N at low N, in bins 3 and 4. */
  readonly middle: Interval | undefined;
  /** The same in bins 1 and 2. */
  readonly easy: Interval | undefined;
  readonly interaction: Interval | undefined;
  /** Of beam in bins 1 and 2, per doubling of N. */
  readonly slope: Interval | undefined;
}

const verdictsOf = ({ middle, slope, interaction }: Parts) =>
  [aboveZero(middle), aboveZero(slope && negated(slope)), aboveZero(interaction)] as const;

function partsOf({ bins, beam, sampled }: Compared, among: readonly number[], random: Rng): Parts {
  const gain = Float64Array.from(bins, (_, problem) =>
    meanOf(NS.slice(0, LOW).map((_, n) => beam[n]![problem]! - sampled[n]![problem]!)),
  );
  const easy = among.filter((problem) => bins[problem]! <= 2);
  const middle = among.filter((problem) => bins[problem] === 3 || bins[problem] === 4);
  const slopes = Float64Array.from(easy, (problem) => slopeOf(beam.map((own) => own[problem]!)));
  return {
    middle: meanOver(at(gain, middle), random.split("middle")),
    easy: meanOver(at(gain, easy), random.split("easy")),
    interaction: contrast(at(gain, middle), at(gain, easy), random.split("interaction")),
    slope: meanOver(slopes, random.split("slope")),
  };
}

/** Least squares over log2 N. */
function slopeOf(accuracy: readonly number[]): number {
  const x = NS.map(Math.log2);
  const middle = meanOf(x);
  const spread = x.reduce((sum, one) => sum + (one - middle) ** 2, 0);
  return x.reduce((sum, one, place) => sum + (one - middle) * accuracy[place]!, 0) / spread;
}

function overOptimised({ slope, easy }: Parts, { recordings, beam, bins }: Compared): string {
  const easiest = placesOf(bins.length, (problem) => bins[problem]! <= 2);
  const [few, many] = [beam[0]!, beam.at(-1)!].map((own) => (100 * meanOf(at(own, easiest))).toFixed(1));
  const families = Map.groupBy(easiest, (problem) => recordings[problem]!.problem.family);
  const shares = [...families].map(
    ([family, own]) =>
      `${(100 * meanOf(own.map((problem) => recordings[problem]!.passAt1))).toFixed(0)}% of samples in ${family}`,
  );
  const course = `In bins 1–2, where ${shares.join(" and ")} are right, beam search is right in ${few}% at N = ${NS[0]} and in ${many}% at N = ${NS.at(-1)}, and beam minus best-of-N at low N is ${points(easy)}.`;
  return slope !== undefined && slope.high < 0
    ? `${course} It over-optimises there, as in the paper.`
    : `${course} Accuracy does not fall as N grows: the paper's over-optimisation of easy problems is not found, perhaps since our verifier learned from exact labels of steps. Bins are relative: where samples of the easier fifths are rarely right, beam search has room to rise.`;
}

function curves({ recordings, bins, beam, sampled }: Compared, random: Rng): Figure {
  const series = groupsOf(recordings, bins).flatMap(({ panel, places }) =>
    [
      { label: "beam search", rows: beam },
      { label: "weighted best-of-N", rows: sampled },
    ].map(
      ({ label, rows }): Series => ({
        label,
        panel,
        points: NS.map((n, place) => {
          const found = meanOver(at(rows[place]!, places), random.split(panel, label, n));
          return { x: n, y: found?.mean, low: found?.low, high: found?.high };
        }),
      }),
    ),
  );
  return {
    kind: "curves",
    caption: "Accuracy over generations by family and difficulty, with 95% bands over problems.",
    x: { label: "generations per problem", scale: "log2" },
    y: { label: "accuracy", format: "percent" },
    series,
  };
}

function bars({ recordings, bins, beam, sampled }: Compared, random: Rng): Figure {
  return {
    kind: "bars",
    caption:
      "Beam search minus weighted best-of-N at N = 16, by family and difficulty, with 95% intervals over problems.",
    x: { label: "difference of accuracy", scale: "linear", format: "percent" },
    bars: groupsOf(recordings, bins).map(({ panel, places }) => {
      const [one, other] = [at(beam[1]!, places), at(sampled[1]!, places)];
      const found = meanOver(
        one.map((right, place) => right - other[place]!),
        random.split(panel),
      );
      return { label: panel, value: found?.mean, low: found?.low, high: found?.high };
    }),
    reference: { value: 0, label: "no difference" },
  };
}

function byFamily(compared: Compared, random: Rng): Table {
  const families = [...new Set(compared.recordings.map(({ problem }) => problem.family))];
  return {
    caption:
      "The three parts by family, in points with 95% intervals: beam minus best-of-N at N = 4 and 16, and the slope of beam per doubling of N.",
    columns: ["family", "bins 1–2", "bins 3–4", "middle minus easy", "slope in bins 1–2"].map((name) => ({
      name,
    })),
    rows: [...families, undefined].map((family) => {
      const among = placesOf(
        compared.bins.length,
        (place) => family === undefined || compared.recordings[place]!.problem.family === family,
      );
      const parts = partsOf(compared, among, random.split(family ?? "both"));
      return [
        family ?? "both",
        points(parts.easy),
        points(parts.middle),
        points(parts.interaction),
        points(parts.slope),
      ];
    }),
  };
}

function byBin({ recordings, bins, beam, sampled, cost }: Compared, random: Rng): Table {
  return {
    caption:
      "Accuracy with 95% intervals over problems, the paired difference, and total FLOPs of beam search over those of best-of-N.",
    columns: [
      ...["family and bin", "problems", "pass@1", "N"].map((name) => ({ name })),
      { name: "beam", format: "percent" },
      { name: "best-of-N", format: "percent" },
      { name: "beam minus best-of-N" },
      { name: "FLOPs ratio" },
    ],
    rows: groupsOf(recordings, bins).flatMap(({ panel, places }) =>
      NS.map((n, place) => {
        const [one, other] = [at(beam[place]!, places), at(sampled[place]!, places)];
        const own = random.split(panel, n);
        const difference = one.map((right, index) => right - other[index]!);
        return [
          panel,
          places.length,
          `${(100 * meanOf(places.map((index) => recordings[index]!.passAt1))).toFixed(1)}%`,
          n,
          meanOver(one, own.split("beam")),
          meanOver(other, own.split("sampled")),
          points(meanOver(difference, own.split("difference"))),
          meanOf(at(cost.beam[place]!, places)) / meanOf(at(cost.sampled[place]!, places)),
        ];
      }),
    ),
  };
}
