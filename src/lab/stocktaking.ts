import { setImmediate as nextTurn } from "node:timers/promises";
import { type Amounts, addAmounts } from "../budget/cost.ts";
import { solve } from "../solve.ts";
import { BudgetTooSmallError, type Problem, UsageError } from "../types.ts";
import { type CellFigures, cellKey } from "./cells.ts";
import type { GridPlan } from "./grid.ts";
import type { PlanModels } from "./running.ts";
import type { SweepOptions } from "./sweep.ts";

/** A plan whose models are known. */
export interface OpenPlan {
  readonly plan: GridPlan;
  readonly models: PlanModels;
  /** False when it is left out of this run; its cells count in the budget all the same. */
  readonly chosen: boolean;
}

/** What is done of one plan. */
export interface PlanStock {
  readonly plan: GridPlan;
  /** Names of its models. */
  readonly generator: string;
  readonly verifier?: string;
  readonly cells: number;
  readonly done: number;
}

/** What is done of a sweep. */
export interface Stock {
  /** Of the plans that are chosen. */
  readonly plans: readonly PlanStock[];
  /** What all stored cells took. */
  readonly spent: Amounts;
}

/** Keys of the cells of a problem: a list of seeds for each plan. */
export function keysOf(
  plans: readonly OpenPlan[],
  seeds: readonly number[],
  { id, prompt }: Problem,
): readonly (readonly string[])[] {
  return plans.map(({ plan, models: { model, verifier } }) =>
    seeds.map((seed) =>
      cellKey({
        prompt,
        problem: id,
        plan: plan.plan,
        generatorFingerprint: model.fingerprint,
        ...(verifier && { verifierFingerprint: verifier.fingerprint }),
        seed,
      }),
    ),
  );
}

/** The finished cells of each problem, as `keysOf` orders them. */
export async function* finishedCells(
  { problems, bank, seeds }: SweepOptions,
  plans: readonly OpenPlan[],
): AsyncGenerator<readonly (readonly (CellFigures | undefined)[])[]> {
  for await (const problem of problems()) {
    await nextTurn();
    const keys = keysOf(plans, seeds, problem);
    const found = await bank.sweeps.cellsOf(keys.flat());
    yield keys.map((row) => row.map((key) => found.get(key)));
  }
}

/** Looks up what is there of every problem. */
export async function takeStock(options: SweepOptions, plans: readonly OpenPlan[]): Promise<Stock> {
  const done = plans.map(() => 0);
  let problems = 0;
  let spent: Amounts = { tokens: 0, flops: 0, usd: 0 };
  for await (const rows of finishedCells(options, plans)) {
    problems += 1;
    for (const [index, row] of rows.entries())
      for (const cell of row) {
        if (cell === undefined) continue;
        done[index]! += 1;
        spent = addAmounts([spent, amountsOf(cell)]);
      }
  }
  const cells = problems * options.seeds.length;
  const stock = plans.flatMap(({ plan, models: { model, verifier }, chosen }, index): PlanStock[] => {
    const names = { generator: model.name, ...(verifier && { verifier: verifier.name }) };
    return chosen ? [{ plan, ...names, cells, done: done[index]! }] : [];
  });
  return { plans: stock, spent };
}

/** What a stored cell took. */
function amountsOf({ roles }: CellFigures): Amounts {
  return addAmounts(
    Object.values(roles).map(({ inputTokens, outputTokens, flops, usd }) => ({
      tokens: inputTokens + outputTokens,
      flops,
      usd,
    })),
  );
}

/**
 * Lets each strategy look at its models, under a budget that allows no call.
 * @throws UsageError that names the plan whose strategy refuses them, and plans that are the same
 */
export async function checkPlans(options: SweepOptions, plans: readonly OpenPlan[]): Promise<void> {
  const problem = await firstOf(options.problems());
  if (problem === undefined) throw new UsageError("The experiment has no problem: add one.");
  const known = new Map<string, string>();
  for (const [index, [key]] of keysOf(plans, options.seeds, problem).entries()) {
    const { name } = plans[index]!.plan;
    const twin = known.get(key!);
    if (twin !== undefined)
      throw new UsageError(`The plans "${twin}" and "${name}" are the same: leave one out.`);
    known.set(key!, name);
  }
  const { ms: _, ...limits } = options.budget ?? {};
  const { prices } = options;
  for (const { plan, models } of plans) {
    const { model, verifier } = models;
    const budget = { ...limits, tokens: 1 };
    const common = { problem, strategy: plan.plan, model, budget, ...(prices && { prices }) };
    await solve({ ...common, ...(verifier && { verifier }) }).catch((error: unknown) => {
      if (error instanceof BudgetTooSmallError) return;
      if (!(error instanceof UsageError)) throw error;
      throw new UsageError(`The plan "${plan.name}" does not work: ${error.message}`, { cause: error });
    });
  }
}

async function firstOf(problems: AsyncIterable<Problem>): Promise<Problem | undefined> {
  for await (const problem of problems) return problem;
  return undefined;
}
