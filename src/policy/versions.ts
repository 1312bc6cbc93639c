import type { Rng } from "../random.ts";
import { type PlanCell, type PlanGrid, ROUNDING } from "./compute-optimal.ts";
import { type CrossValidated, type CrossValidation, crossValidate } from "./cross-validation.ts";
import type { Grouping } from "./folds.ts";

/**
 * The same plans after a probe of difficulty: each problem pays the probe, and the plan on top, without what of the
 * probe it uses again.
 * @param probe what the probe of each problem costs
 * @throws RangeError for lists of unequal length, or a plan that uses more of the probe than there is
 */
export function charged(cells: readonly PlanCell[], probe: ArrayLike<number>): readonly PlanCell[] {
  return cells.map(({ plan, accuracy, cost, reused }) => {
    if (cost.length !== probe.length)
      throw new RangeError(`${plan} has costs of ${cost.length} problems, and ${probe.length} were probed.`);
    return {
      plan,
      accuracy,
      cost: Float64Array.from(cost, (own, problem) => {
        const again = reused?.[problem] ?? 0;
        if (!(again >= 0 && again <= Math.min(own, probe[problem]!) * (1 + ROUNDING)))
          throw new RangeError(
            `${plan} cannot use ${again} of the probe of problem ${problem} again: it costs ${own}, and the probe ${probe[problem]}.`,
          );
        return own + probe[problem]! - again;
      }),
    };
  });
}

/** What the three versions are made from. */
export interface Rivals extends PlanGrid, Grouping {
  /** Pass@1 of each problem. */
  readonly oracle: ArrayLike<number>;
  /** Mean final PRM score of all samples. */
  readonly predicted: ArrayLike<number>;
  /** The cheap estimate, what it costs, and the plans in the case that these samples were drawn: their `reused` counts. */
  readonly probe: {
    readonly estimates: CrossValidation["estimates"];
    readonly cost: ArrayLike<number>;
    readonly cells: readonly PlanCell[];
  };
  readonly random: Rng;
}

/** The table by three ways to know the difficulty, cross-validated on the same folds. */
export interface Versions {
  /** A ceiling: it knows the answers. */
  readonly oracleCeiling: CrossValidated;
  /** The paper's: predicted from all samples, which nobody pays. */
  readonly predictedFree: CrossValidated;
  /** Predicted from a few samples that every problem pays for, and that sampling plans use again. */
  readonly predictedCharged: CrossValidated;
}

/** Cross-validates the three versions side by side. @throws RangeError as `crossValidate` and `charged` do */
export function compareVersions(rivals: Rivals): Versions {
  const { oracle, predicted, probe, ...shared } = rivals;
  return {
    oracleCeiling: crossValidate({ ...shared, estimates: oracle }),
    predictedFree: crossValidate({ ...shared, estimates: predicted }),
    predictedCharged: crossValidate({
      ...shared,
      cells: charged(probe.cells, probe.cost),
      estimates: probe.estimates,
    }),
  };
}
