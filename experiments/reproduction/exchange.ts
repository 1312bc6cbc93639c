import type { Figure, Table } from "../../src/lab/index.ts";
import { simulateUniform } from "../../src/policy/index.ts";
import type { Rng } from "../../src/random.ts";
import type { Interval } from "../../src/stats/means.ts";
import { aboveZero, allOf, at, fifths, meanOf, meanOver, negated, placesOf, points } from "./bins.ts";
import type { Claim } from "./claims.ts";
import type { Large } from "./large.ts";
import { type Recording, shapeOf } from "./recordings.ts";

/** Inference over pre-training tokens, the paper's three (Snell et al. 2024, section 7). */
const RATES = [0.16, 0.79, 22] as const;
/** Parameters of the large over those of the small model, in the paper. */
const PAPER = 14;
/** Ns that a budget may buy. */
const NS = Array.from({ length: 512 }, (_, place) => place + 1).filter(
  (n) => n <= 32 || (n <= 128 && n % 4 === 0) || n % 16 === 0,
);
const ORDERS = 4;

/**
 * What the small model may spend on inference, in its greedy answers, so that both have equal FLOPs in all: with
 * X = 6 P D_pre, Y = 2 P D_inf and R = D_inf / D_pre the large one costs m X + `large` Y, the small one X + M Y, and
 * M = `large` + (3 / R) (m - 1). A greedy answer of the large one costs `large` = m (Snell et al. 2024, section 7).
 */
export const multiplier = (m: number, rate: number, large = m): number => large + (3 / rate) * (m - 1);

/** The large model's answer, and what the small one buys for the same FLOPs. */
interface Exchange {
  readonly rate: number;
  /** "greedy", or "majority of 4". */
  readonly large: string;
  readonly multiplier: number;
  readonly n: number;
  /** Accuracy of each problem. */
  readonly small: Float64Array;
  readonly big: Float64Array;
}

interface Compared {
  readonly m: number;
  /** From 1, the easiest. */
  readonly bins: Int32Array;
  readonly exchanges: readonly Exchange[];
}

/**
 * G5: pico-s with weighted best-of-N against pico-l with equal FLOPs, pre-training counted as the paper does. Two parts
 * decide, by 95% intervals over problems, and both must hold: (a) with little inference (R = 0.16) pico-s is better
 * than pico-l's greedy answer in bins 1 to 3; (b) with much (R = 22) pico-l is better in bins 4 and 5. Contradicted
 * when an interval lies wholly on the other side.
 */
export function exchange(recordings: readonly Recording[], large: readonly Large[], random: Rng): Claim {
  const compared = compare(recordings, large, random.split("samples"));
  const little = gainOf(compared, 0.16, (bin) => bin <= 3, random.split("little"));
  const much = gainOf(compared, 22, (bin) => bin >= 4, random.split("much"));
  const verdicts = [aboveZero(little), aboveZero(much && negated(much))];
  const { m, bins, exchanges } = compared;
  const greedy = exchanges.filter((one) => one.large === "greedy");
  return {
    id: "G5",
    claim:
      "With equal FLOPs a small model with test-time compute beats a 14 times larger one on easy problems with little inference, and loses on hard ones with much.",
    verdict: allOf(verdicts),
    figure: `pico-s with weighted best-of-N minus pico-l greedy (${m.toFixed(1)} times the parameters): bins 1–3 at R = 0.16 ${points(little)}; bins 4–5 at R = 22 ${points(much)}; ${bins.length} test problems`,
    section: {
      heading: "G5: test-time compute against parameters",
      text: [
        "This is a weak test of pre-training: pico-l was trained on the same 4.5M tokens as pico-s, ends at the same training loss and is no better (pico/README.md). The paper's larger model is better. What is measured here says what a larger model that learned no more is worth, and nothing about sizes.",
        `Rules, set before the results: (a) shown when pico-s minus pico-l in bins 1–3 at R = 0.16 has its interval above 0: ${points(little)}, ${verdicts[0]}. (b) shown when it is below 0 in bins 4–5 at R = 22: ${points(much)}, ${verdicts[1]}.`,
        `pico-s may spend m + (3/R)(m - 1) times one of its greedy answers: ${greedy.map(({ rate, multiplier: ours, n }) => `at R = ${rate} ${ours.toFixed(1)} times (the paper's m of 14: ${multiplier(PAPER, rate).toFixed(1)}), which buys N = ${n}`).join("; ")}. What the verifier reads is in it. When pico-l draws several samples, chosen by vote or by the same verifier, their FLOPs take the place of the first m; no more than the ${NS.at(-1)} recorded samples of pico-s are used.`,
        "The formula charges the generators' training alone. The verifier's took 81M tokens, 5.4e14 FLOPs, more than the 4.2e14 of pico-l's; the paper does not charge its verifier either.",
      ],
      figures: [bars(compared, random.split("bars"))],
      tables: [table(compared, random.split("table"))],
    },
  };
}

function compare(recordings: readonly Recording[], large: readonly Large[], random: Rng): Compared {
  const byId = new Map(large.map((one) => [one.problem.id, one]));
  const all = fifths(recordings);
  const places = placesOf(recordings.length, (place) => byId.has(recordings[place]!.problem.id));
  const own = places.map((place) => recordings[place]!);
  const theirs = own.map(({ problem }) => byId.get(problem.id)!);
  const m = shapeOf("pico-l").activeParameters / shapeOf("pico-s").activeParameters;
  const { accuracy, cost } = simulateUniform(
    own.map(({ samples }) => samples),
    NS,
    random,
    { orders: ORDERS },
  );
  const unit = meanOf(own.map(({ greedy }) => greedy.flops));
  const means = cost.map(meanOf);
  const against = [...(theirs[0]?.answers.keys() ?? [])].map((name) => {
    const answers = theirs.map((one) => one.answers.get(name)!);
    return { name, answers, spent: name === "greedy" ? m : meanOf(answers.map(({ flops }) => flops)) / unit };
  });
  return {
    m,
    bins: Int32Array.from(places, (place) => all[place]!),
    exchanges: RATES.flatMap((rate) =>
      against.map(({ name, answers, spent }): Exchange => {
        const budget = multiplier(m, rate, spent);
        const size = Math.max(
          0,
          means.findLastIndex((one) => one <= budget * unit),
        );
        return {
          rate,
          large: name,
          multiplier: budget,
          n: NS[size]!,
          small: accuracy[size]!,
          big: Float64Array.from(answers, ({ right }) => right),
        };
      }),
    ),
  };
}

/** Small minus large, greedy, in some bins. */
function gainOf(
  { bins, exchanges }: Compared,
  rate: number,
  test: (bin: number) => boolean,
  random: Rng,
): Interval | undefined {
  const { small, big } = exchanges.find((one) => one.rate === rate && one.large === "greedy")!;
  const places = placesOf(bins.length, (place) => test(bins[place]!));
  return meanOver(at(differenceOf({ small, big }), places), random);
}

const differenceOf = ({ small, big }: Pick<Exchange, "small" | "big">) =>
  small.map((right, place) => right - big[place]!);

const groupsIn = (bins: Int32Array) =>
  [1, 2, 3, 4, 5]
    .map((bin) => ({ name: `bin ${bin}`, places: placesOf(bins.length, (place) => bins[place] === bin) }))
    .filter(({ places }) => places.length > 1);

function bars({ bins, exchanges }: Compared, random: Rng): Figure {
  const greedy = exchanges.filter(({ large }) => large === "greedy");
  return {
    kind: "bars",
    caption:
      "pico-s with weighted best-of-N minus pico-l greedy with equal FLOPs, by difficulty and R (inference over pre-training tokens), with 95% intervals over problems.",
    x: { label: "difference of accuracy", scale: "linear", format: "percent" },
    bars: groupsIn(bins).flatMap(({ name, places }) =>
      greedy.map((one) => {
        const found = meanOver(at(differenceOf(one), places), random.split(name, `${one.rate}`));
        return { label: `${name}, R = ${one.rate}`, value: found?.mean, low: found?.low, high: found?.high };
      }),
    ),
    reference: { value: 0, label: "equal" },
  };
}

function table({ bins, exchanges }: Compared, random: Rng): Table {
  const everything = { name: "all", places: placesOf(bins.length, () => true) };
  return {
    caption: "Accuracy with equal FLOPs, pre-training counted, with 95% intervals over problems.",
    columns: [
      ...["R", "pico-l", "times a greedy answer of pico-s", "N", "difficulty", "problems"].map((name) => ({
        name,
      })),
      { name: "pico-s", format: "percent" },
      { name: "pico-l", format: "percent" },
      { name: "difference" },
    ],
    rows: exchanges.flatMap(({ rate, large, multiplier: times, n, small, big }) =>
      [...groupsIn(bins), everything].map(({ name, places }) => {
        const own = random.split(`${rate}`, large, name);
        return [
          rate,
          large,
          times,
          n,
          name,
          places.length,
          meanOver(at(small, places), own.split("small")),
          meanOver(at(big, places), own.split("big")),
          points(meanOver(at(differenceOf({ small, big }), places), own)),
        ];
      }),
    ),
  };
}
