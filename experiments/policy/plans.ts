import type { FlopsShape } from "../../src/budget/flops.ts";
import { flops } from "../../src/budget/flops.ts";
import { type Columns, columnsOf, rescored } from "../../src/lab/columns.ts";
import type { Drawn } from "../../src/lab/reading.ts";
import { TALLIES } from "../../src/lab/tally.ts";
import {
  oracleDifficulty,
  type ProbeSigns,
  predictedDifficulty,
  probeSigns,
} from "../../src/policy/index.ts";
import type { Rng } from "../../src/random.ts";
import type { Problem } from "../../src/types.ts";
import { AGGREGATIONS, type Aggregation } from "../../src/verifiers/aggregate.ts";

/** Sizes of probes. */
export const PROBES = [2, 4, 8] as const;
const MOST_PROBED = Math.max(...PROBES);

/** What is drawn from the samples of a problem. */
export interface Drawing {
  /** Disjoint sets of 8 samples, each probed on its own: a row of every measurement. */
  readonly probes: number;
  /** Random orders of the samples that begin with those of the probe. */
  readonly orders: number;
  /** Numbers of samples that plans draw, rising. */
  readonly sizes: readonly number[];
  readonly random: Rng;
}

/** The models that are paid. */
export interface Shapes {
  readonly generator: FlopsShape;
  readonly verifier: FlopsShape;
}

/** A plan at one size, on one probe of one problem. */
export interface Measurement {
  readonly plan: string;
  readonly size: number;
  /** Share of orders in which it is right. */
  readonly accuracy: number;
  readonly generations: number;
  readonly flops: number;
  /** What of the cost is samples, and scores, of a probe of each size. */
  readonly reused: readonly { readonly generations: number; readonly flops: number }[];
}

/** A problem, probed once. */
export interface Row {
  readonly problem: Problem;
  /** Pass@1 of all samples, and their mean final score. */
  readonly oracle: number;
  readonly predicted: number;
  /** For each size of probe. */
  readonly probes: readonly { readonly signs: ProbeSigns; readonly flops: number }[];
  readonly measured: readonly Measurement[];
}

interface Selection {
  readonly plan: string;
  readonly rule: keyof typeof TALLIES;
  readonly aggregation?: Aggregation;
}

const SELECTIONS: readonly Selection[] = [
  { plan: "majority", rule: "majority" },
  ...(["best-of-n", "weighted-best-of-n"] as const).flatMap((rule) =>
    AGGREGATIONS.map((aggregation) => ({ plan: `${rule}:${aggregation}`, rule, aggregation })),
  ),
];

/** FLOPs of the first samples of an order: of drawing them, and of scoring them. */
interface Spent {
  readonly drawing: Float64Array;
  readonly scoring: Float64Array;
}

/**
 * The rows of a problem: every plan at every size on random subsets that hold a probe's samples, and on the sample
 * at temperature 0. `undefined` when nobody knows what is right, or there are too few samples or no score.
 *
 * The generator reads the prompt once, of which later samples evaluate the last token again; the verifier reads
 * it once, and each different text once.
 * @param least samples that the oracle needs
 */
export function rowsOf(
  problem: Problem,
  samples: readonly Drawn[],
  greedy: Drawn | undefined,
  shapes: Shapes,
  { probes, orders, sizes, random }: Drawing,
  least: number,
): readonly Row[] | undefined {
  const columns = columnsOf(problem, samples);
  const predicted = columns && predictedDifficulty(columns.score);
  if (columns === undefined || predicted === undefined || samples.length < sizes.at(-1)!) return undefined;
  const oracle = oracleDifficulty(columns.right, least);
  const mixed = random.split("probes").shuffle(samples.map((_, sample) => sample));
  return Array.from({ length: probes }, (_, row): Row => {
    const probe = mixed.slice(row * MOST_PROBED, (row + 1) * MOST_PROBED);
    const rest = mixed.filter((sample) => !probe.includes(sample));
    const drawn = Array.from({ length: orders }, (_, order) => [
      ...probe,
      ...random.split("orders", row, order).shuffle(rest),
    ]);
    const spent = drawn.map((order) => spentOn(samples, order, sizes.at(-1)!, shapes));
    const pick = (values: ArrayLike<number>) => probe.map((sample) => values[sample]!);
    return {
      problem,
      oracle: oracle.value,
      predicted: predicted.value,
      probes: PROBES.map((size) => ({
        signs: probeSigns(pick(columns.answer), pick(columns.score), size),
        flops: spent[0]!.drawing[size]! + spent[0]!.scoring[size]!,
      })),
      measured: [
        ...(greedy === undefined ? [] : [greedyOf(problem, greedy, shapes)]),
        ...SELECTIONS.flatMap((selection) => measured(selection, columns, samples, drawn, spent, sizes)),
      ],
    };
  });
}

function measured(
  { plan, rule, aggregation }: Selection,
  columns: Columns,
  samples: readonly Drawn[],
  orders: readonly (readonly number[])[],
  spent: readonly Spent[],
  sizes: readonly number[],
): readonly Measurement[] {
  const tally = TALLIES[rule](rescored(columns, samples, aggregation));
  const hits = new Float64Array(sizes.length);
  for (const order of orders) {
    tally.clear();
    let drawn = 0;
    for (const [place, size] of sizes.entries()) {
      for (; drawn < size; drawn += 1) tally.add(order[drawn]!);
      const chosen = tally.chosen();
      if (chosen >= 0) hits[place]! += columns.right[chosen]!;
    }
  }
  const paid = (one: Spent, size: number) =>
    one.drawing[size]! + (rule === "majority" ? 0 : one.scoring[size]!);
  return sizes.map((size, place) => ({
    plan,
    size,
    accuracy: hits[place]! / orders.length,
    generations: size,
    flops: spent.reduce((sum, one) => sum + paid(one, size), 0) / orders.length,
    reused: PROBES.map((probe) => {
      const shared = Math.min(size, probe);
      return { generations: shared, flops: paid(spent[0]!, shared) };
    }),
  }));
}

function greedyOf(problem: Problem, sample: Drawn, { generator }: Shapes): Measurement {
  const usage = { inputTokens: sample.whole!.inputTokens, outputTokens: sample.outputTokens ?? 0 };
  return {
    plan: "greedy",
    size: 1,
    accuracy: columnsOf(problem, [sample])!.right[0]!,
    generations: 1,
    flops: flops(generator, usage),
    reused: PROBES.map(() => ({ generations: 0, flops: 0 })),
  };
}

/** Cumulated FLOPs of an order, by the number of samples. */
function spentOn(
  samples: readonly Drawn[],
  order: readonly number[],
  most: number,
  { generator, verifier }: Shapes,
): Spent {
  const [drawing, scoring] = [new Float64Array(most + 1), new Float64Array(most + 1)];
  const scored = new Set<number>();
  for (let place = 0; place < most; place += 1) {
    const { whole, outputTokens = 0, text, score } = samples[order[place]!]!;
    const inputTokens = whole!.inputTokens;
    const cachedTokens = place === 0 ? 0 : inputTokens - 1;
    drawing[place + 1] = drawing[place]! + flops(generator, { inputTokens, cachedTokens, outputTokens });
    const fresh = score !== undefined && !scored.has(text);
    const usage = {
      inputTokens: inputTokens + outputTokens,
      cachedTokens: scored.size === 0 ? 0 : inputTokens,
      outputTokens: 0,
    };
    scoring[place + 1] = scoring[place]! + (fresh ? flops(verifier, usage) : 0);
    if (fresh) scored.add(text);
  }
  return { drawing, scoring };
}
