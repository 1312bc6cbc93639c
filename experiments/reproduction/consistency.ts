import type { Recorded } from "../../src/policy/index.ts";
import { permutation, walkOver } from "../../src/policy/walk.ts";
import type { Rng } from "../../src/random.ts";
import type { Curve } from "../../src/stats/budget-ratio.ts";
import { riskOfTwo } from "../../src/strategies/consensus.ts";
import { unscored } from "./grid.ts";

/** The paper's: it stops when the leader is the commoner answer with probability 0.95. */
const LEVEL = 0.05;

/** Adaptive consistency with at most each N (Aggarwal et al. 2023), over random orders of the samples; cost in FLOPs. */
export function adaptiveConsistencyCurve(
  problems: readonly Recorded[],
  ns: readonly number[],
  orders: number,
  random: Rng,
): Curve {
  const table = () => ns.map(() => new Float64Array(problems.length));
  const [accuracy, cost] = [table(), table()];
  for (const [number, recorded] of problems.entries()) {
    const samples = unscored(recorded);
    for (let order = 0; order < orders; order += 1) {
      const walk = walkOver(
        samples,
        permutation(samples.answer.length, ns.at(-1)!, random.split(number).split(order)),
      );
      for (const [place, n] of ns.entries()) {
        while (walk.drawn < n && !decided(walk.standing())) walk.draw(1);
        accuracy[place]![number]! += walk.right() / orders;
        cost[place]![number]! += walk.cost / orders;
      }
    }
  }
  return { accuracy, cost };
}

function decided({ leader, runnerUp }: ReturnType<ReturnType<typeof walkOver>["standing"]>): boolean {
  return leader !== undefined && riskOfTwo(leader.votes, runnerUp?.votes ?? 0) <= LEVEL;
}
