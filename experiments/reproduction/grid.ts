import {
  charged,
  type PlanCell,
  type ProbeSigns,
  probeSigns,
  promptFeatures,
  type Recorded,
} from "../../src/policy/index.ts";
import { permutation, walkOver } from "../../src/policy/walk.ts";
import type { Rng } from "../../src/random.ts";
import type { Recording } from "./recordings.ts";

/** What budgets are counted in. */
export type Unit = "generations" | "flops";

/** Samples of a probe of difficulty. */
export const PROBE = 4;

/** Values of N of plans that draw samples: between the powers of two as well. */
export function sizesUpTo(most: number): readonly number[] {
  const powers = Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, power) => 2 ** power);
  return powers.flatMap((n) => (n > 1 && 1.5 * n <= most ? [n, 1.5 * n] : [n]));
}

/** A problem with its samples in one random order: a row of every measurement. */
export interface Row {
  readonly recording: Recording;
  readonly signs: ProbeSigns;
  /** Of the prompt and the probe, for a learned estimate of difficulty. */
  readonly features: readonly number[];
  /** Cost of the probe, verifier included. */
  readonly probe: Readonly<Record<Unit, number>>;
  readonly measured: readonly Measurement[];
}

interface Measurement {
  readonly plan: string;
  readonly accuracy: number;
  readonly cost: Readonly<Record<Unit, number>>;
  /** What of the cost a probe has bought before. */
  readonly reused: Readonly<Record<Unit, number>>;
}

/** Name of weighted best-of-N with N samples. */
export const weighted = (n: number) => `weighted best-of-${n}`;

/** Rows of all problems, `orders` of each. Plans: greedy, majority and weighted best-of-N, and the searches. */
export function rowsOf(
  recordings: readonly Recording[],
  most: number,
  orders: number,
  random: Rng,
): readonly Row[] {
  return recordings.flatMap((recording, number) =>
    Array.from({ length: orders }, (_, order) => {
      const places = permutation(recording.samples.answer.length, most, random.split(number).split(order));
      return rowOf(recording, places, sizesUpTo(most));
    }),
  );
}

function rowOf(recording: Recording, places: Int32Array, sizes: readonly number[]): Row {
  const { samples, problem, greedy, searches } = recording;
  const byScore = along(samples, places, sizes);
  const byVotes = along(unscored(samples), places, sizes);
  const first = (values: ArrayLike<number>) =>
    Array.from(places.subarray(0, PROBE), (place) => values[place]!);
  const signs = probeSigns(first(samples.answer), first(samples.score), PROBE);
  const flops = byScore.find(({ n }) => n === PROBE)!.cost;
  const sampled = (name: (n: number) => string, points: readonly Drawn[]) =>
    points.map(({ n, right, cost }): Measurement => {
      const probed = points.find((one) => one.n === Math.min(n, PROBE))!;
      return {
        plan: name(n),
        accuracy: right,
        cost: { generations: n, flops: cost },
        reused: { generations: Math.min(n, PROBE), flops: probed.cost },
      };
    });
  return {
    recording,
    signs,
    features: [
      ...promptFeatures(problem.prompt),
      signs.agreement,
      signs.meanScore ?? 0,
      signs.bestScore ?? 0,
    ],
    probe: { generations: PROBE, flops },
    measured: [
      {
        plan: "greedy",
        accuracy: greedy.right,
        cost: { generations: 1, flops: greedy.flops },
        reused: { generations: 0, flops: 0 },
      },
      ...sampled((n) => `majority of ${n}`, byVotes),
      ...sampled(weighted, byScore),
      ...[...searches].map(([name, search], place): Measurement => {
        const walk = walkOver(samples, places);
        walk.search(place);
        return {
          plan: name,
          accuracy: walk.right(),
          cost: { generations: Number(name.split("-")[1]), flops: samples.start + search.cost },
          reused: { generations: 0, flops: samples.start },
        };
      }),
    ],
  };
}

/** The same samples when nobody scores them, nor reads the prompt to do so. */
export function unscored(samples: Recorded): Recorded {
  const { reading: _, ...rest } = samples;
  return {
    ...rest,
    score: new Float64Array(samples.answer.length).fill(Number.NaN),
    start: samples.start / 2,
  };
}

interface Drawn {
  readonly n: number;
  readonly right: number;
  readonly cost: number;
}

function along(samples: Recorded, places: Int32Array, sizes: readonly number[]): readonly Drawn[] {
  const walk = walkOver(samples, places);
  return sizes.map((n) => {
    walk.draw(n - walk.drawn);
    return { n, right: walk.right(), cost: walk.cost };
  });
}

/** The plans' cells in a unit, free of charge for whoever knows the difficulty, or with the probe paid. */
export function cellsOf(rows: readonly Row[], unit: Unit, pays: boolean): readonly PlanCell[] {
  const cells = rows[0]!.measured.map(({ plan }, place) => ({
    plan,
    accuracy: Float64Array.from(rows, ({ measured }) => measured[place]!.accuracy),
    cost: Float64Array.from(rows, ({ measured }) => measured[place]!.cost[unit]),
    reused: Float64Array.from(rows, ({ measured }) => measured[place]!.reused[unit]),
  }));
  return pays
    ? charged(
        cells,
        rows.map(({ probe }) => probe[unit]),
      )
    : cells;
}

/** Means over the rows of each problem. */
export function byProblem(rows: readonly Row[], values: ArrayLike<number>): Float64Array {
  const places = new Map<string, number[]>();
  for (const [place, { recording }] of rows.entries()) {
    const own = places.get(recording.problem.id) ?? [];
    places.set(recording.problem.id, own);
    own.push(place);
  }
  return Float64Array.from(
    places.values(),
    (own) => own.reduce((sum, place) => sum + values[place]!, 0) / own.length,
  );
}
