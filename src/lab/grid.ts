import { isStrategy, knobsOf, makeStrategy, type StrategyPlan, strategies } from "../strategies/index.ts";
import { UsageError } from "../types.ts";
import type { Experiment, ExperimentPlan } from "./experiment.ts";

/** One plan of a grid, with one value for each knob. */
export interface GridPlan {
  /** Its label with the values of its axes, "beam n=16": unique in the grid. */
  readonly name: string;
  readonly label: string;
  /** Every parameter, defaults included. */
  readonly plan: StrategyPlan;
  /** As `--generator` names it. */
  readonly generator: string;
  /** As `--verifier` names it; absent where the command line chooses. */
  readonly verifier?: string;
}

/** What an experiment leaves open. */
export interface GridDefaults {
  /** Most tokens of a candidate of this generator; `undefined`: the strategy's default. */
  readonly maxTokensOf?: (generator: string) => number | undefined;
}

/**
 * The plans of an experiment, the largest N first, so that the smaller ones find their samples in the bank.
 * @throws UsageError that names the plan for what its strategy does not accept, and for a name that is there twice
 */
export function gridOf(experiment: Experiment, defaults: GridDefaults = {}): readonly GridPlan[] {
  const all = experiment.plans.flatMap((plan) => expand(plan, experiment, defaults));
  refuseTwins(all);
  return all.sort((a, b) => sizeOf(b) - sizeOf(a));
}

/**
 * The plans of these labels or names.
 * @throws UsageError for one that no plan has
 */
export function choosePlans(plans: readonly GridPlan[], only: readonly string[]): ReadonlySet<GridPlan> {
  const isCalled = (called: string) => (plan: GridPlan) => plan.label === called || plan.name === called;
  const unknown = only.find((called) => !plans.some(isCalled(called)));
  if (unknown !== undefined) {
    const labels = [...new Set(plans.map(({ label }) => label))].join("; ");
    throw new UsageError(`No plan is called "${unknown}": the experiment has ${labels}.`);
  }
  return new Set(plans.filter((plan) => only.some((called) => isCalled(called)(plan))));
}

const sizeOf = ({ plan }: GridPlan) => (typeof plan.params.n === "number" ? plan.params.n : 1);

/** All combinations of one plan's axes. */
function expand(
  written: ExperimentPlan,
  experiment: Experiment,
  defaults: GridDefaults,
): readonly GridPlan[] {
  const { strategy, params = {}, label = strategy } = written;
  const { generator = experiment.generator, verifier = experiment.verifier } = written;
  if (!isStrategy(strategy))
    throw new UsageError(
      `The plan "${label}" has the unknown strategy "${strategy}": use ${Object.keys(strategies).join(", ")}.`,
    );
  let combinations: readonly StrategyPlan["params"][] = [{}];
  for (const [knob, values] of Object.entries(params))
    combinations = combinations.flatMap((one) =>
      (Array.isArray(values) ? values : [values]).map((value) => ({ ...one, [knob]: value })),
    );
  const axes = Object.entries(params).flatMap(([knob, values]) => (Array.isArray(values) ? [knob] : []));
  const maxTokens = experiment.maxTokens ?? defaults.maxTokensOf?.(generator);
  const limits =
    maxTokens !== undefined && knobsOf(strategies[strategy].make()).includes("maxTokens")
      ? { maxTokens }
      : {};
  return combinations.map((one) => {
    const name = [label, ...axes.map((axis) => `${axis}=${one[axis]}`)].join(" ");
    const plan = accepted(name, { strategy, params: { ...limits, ...one } });
    return { name, label, plan, generator, ...(verifier !== undefined && { verifier }) };
  });
}

/** The plan with its defaults. */
function accepted(name: string, plan: StrategyPlan): StrategyPlan {
  try {
    return makeStrategy(plan).plan;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`The plan "${name}" does not work: ${error.message}`, { cause: error });
  }
}

function refuseTwins(plans: readonly GridPlan[]): void {
  const names = new Set<string>();
  for (const { name } of plans) {
    if (names.has(name))
      throw new UsageError(`Two plans are called "${name}": give each a label of its own.`);
    names.add(name);
  }
}
