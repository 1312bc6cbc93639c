import { bootstrap, curvesSection, type Estimate, type Report, wilson } from "../src/lab/index.ts";
import { type Rng, rng } from "../src/random.ts";

const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
const BINS = ["bin 1 (easiest)", "bin 2", "bin 3", "bin 4", "bin 5 (hardest)"];
/** By strategy: cost of a generation, as a factor, and how fast and how far it gets better with more of them. */
const STRATEGIES = [
  { label: "majority", factor: 1, rate: 0.12, most: 0.45 },
  { label: "best-of-n, pico-prm", factor: 2, rate: 0.3, most: 0.62 },
  { label: "weighted-best-of-n, pico-prm", factor: 2, rate: 0.34, most: 0.72 },
  { label: "beam, width 4, pico-prm", factor: 3.4, rate: 0.45, most: 0.68 },
] as const;
const PROBLEMS = 200;

/** A report as an experiment gives one: made-up numbers of a likely size and shape, always the same. */
export function sampleReport(): Report {
  const random = rng("sample report");
  return {
    title: "Compute-optimal search on chain and countdown problems",
    summary: [
      "Weighted best-of-N by pico-prm needs a quarter of the generations of majority voting for the same accuracy on the problems of middling difficulty, and gains little on the hardest.",
      "Choosing the strategy by predicted difficulty is as good as choosing by oracle difficulty within the intervals. All intervals are 95%, by bootstrap over 200 problems.",
    ],
    facts: [
      ["generator", "pico-s, sha256:9f2c41d07a5be6c1d3f0a8817be20a4c6f5d1e93ab7740c2f18d6e5b3a9c7710"],
      ["verifier", "pico-prm, sha256:1be07a3cc95d2f8841e6b7d05c3f9a2e67d84b1c0f5a3e92d7c6b8a4f1e0d953"],
      ["problems", "200 of chain, levels 3 to 5, split test"],
      ["seeds", "1 to 5"],
      ["date", "2026-11-25"],
    ],
    commands: [
      "bedacht problems --family chain --level 3-5 --count 200 > chain.jsonl",
      "bedacht solve --problems chain.jsonl --strategy majority --n 512 --bank samples.db --seed 1 --temperature 1",
    ],
    cost: [
      ["generations", 102400],
      ["tokens", 21_483_112],
      ["FLOPs", 5.62e13],
      ["wall clock", "1 h 42 min on 2 cores"],
    ],
    sections: [
      curvesSection({
        heading: "All problems",
        text: ["Accuracy of each strategy with up to 512 generations per problem."],
        series: STRATEGIES.map((strategy) => ({
          label: strategy.label,
          points: points(strategy, 0.4, random),
        })),
      }),
      curvesSection({
        heading: "By difficulty",
        text: ["Difficulty bins are quintiles of pass@1, estimated from 64 other samples (oracle)."],
        series: BINS.flatMap((bin, index) =>
          STRATEGIES.slice(0, 3).map((strategy) => ({
            label: strategy.label,
            bin,
            points: points(strategy, 0.85 - 0.2 * index, random),
          })),
        ),
      }),
      { ...ratioSection(), tables: [] },
      verifierSection(random),
    ],
  };
}

function points({ factor, rate, most }: (typeof STRATEGIES)[number], easy: number, random: Rng) {
  const hardness = Array.from({ length: PROBLEMS }, () => random.next());
  return SIZES.map((n) => {
    const share = easy + (1 - Math.exp(-rate * Math.log2(n))) * most * (1 - easy) * Math.min(1, 2 * easy);
    return {
      n,
      generations: n,
      tokens: 160 * factor * n,
      flops: 4.2e8 * factor * n,
      accuracy: measured(share, hardness, random),
    };
  });
}

function measured(share: number, hardness: readonly number[], random: Rng): Estimate {
  const solved = Float64Array.from(hardness, (hard) => Number(hard < share));
  return bootstrap([solved], PROBLEMS, random, 100)[0]!;
}

function ratioSection() {
  return {
    heading: "What a choice by difficulty saves",
    text: ["How many times the generations each needs to be as accurate as the compute-optimal choice."],
    figures: [
      {
        kind: "bars",
        caption: "Ratio of generations at equal accuracy, with 95% intervals. One is no saving.",
        x: { label: "times the generations", scale: "log2", format: "plain" },
        bars: [
          { label: "majority", value: 4.31, low: 2.9, high: 6.8 },
          { label: "best-of-n, pico-prm", value: 2.2, low: 1.4, high: 3.9 },
          { label: "weighted-best-of-n, pico-prm, over the whole sample", value: 1.3, low: 0.9, high: 1.9 },
          { label: "beam, width 4, pico-prm", value: 0.92, low: 0.5, high: undefined },
          { label: "sequential revisions", value: undefined },
        ],
        reference: { value: 4, label: "4 times, as published" },
      },
      {
        kind: "bars",
        caption: "Problems solved at 64 generations.",
        x: { label: "accuracy", scale: "linear", format: "percent" },
        bars: [
          { label: "majority", value: 0.43, low: 0.36, high: 0.5 },
          { label: "weighted-best-of-n", value: 0.69, low: 0.62, high: 0.75 },
        ],
      },
      {
        kind: "heat",
        caption: "What the policy chose with 64 generations per problem on average.",
        labels: { rows: "difficulty", columns: "samples drawn", values: "share of the bin's problems" },
        format: "percent",
        rows: BINS,
        columns: SIZES.map(String),
        values: BINS.map((_, bin) =>
          SIZES.map((_, size) => (bin === 4 && size === 9 ? undefined : weight(size - 1.5 * bin - 1))),
        ),
      },
    ],
  } as const;
}

const weight = (distance: number) => Math.round(100 * 0.4 * Math.exp(-(distance ** 2) / 3)) / 100;

function verifierSection(random: Rng): Report["sections"][number] {
  const bins = Array.from({ length: 10 }, (_, index) => {
    const count = index === 4 ? 3 : Math.round(40 + 900 * Math.abs(index - 4.5) ** 2 * 0.05);
    const right = Math.round(count * Math.min(1, Math.max(0, 0.02 + 0.085 * index + 0.06 * random.next())));
    const [low, high] = wilson(right, count);
    return { score: 0.05 + 0.1 * index, share: right / count, low, high, count };
  });
  return {
    heading: "The verifier",
    text: ["Whether candidates of a score are right as often as the score says."],
    figures: [
      { kind: "reliability", caption: "pico-prm, last step, on chain.", bins },
      { kind: "reliability", caption: "pico-prm, least step, on chain.", bins: bins.slice(3, 8) },
    ],
    tables: [
      {
        caption: "Scores of the verifier by aggregation.",
        columns: [
          { name: "aggregation" },
          { name: "AUROC" },
          { name: "Brier score" },
          { name: "calibration error" },
          { name: "right when surest", format: "percent" },
        ],
        rows: [
          ["last", 0.913, 0.094, 0.031, { mean: 0.961, low: 0.94, high: 0.977 }],
          ["min", 0.887, 0.121, 0.066, { mean: 0.95, low: 0.925, high: 0.97 }],
          ["mean", 0.871, undefined, undefined, { mean: 0.93, low: undefined, high: undefined }],
        ],
      },
    ],
  };
}
