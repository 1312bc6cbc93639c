import type { Search } from "../policy/index.ts";
import { isStrategy, type StrategyPlan, strategies } from "../strategies/index.ts";
import { answerClasses } from "../verifiers/answer.ts";
import type { Bank } from "./bank.ts";
import type { Cell } from "./cells.ts";
import type { Drawn } from "./reading.ts";

/** Searches that sweeps left in a bank: step by step, by one pair of models. */
export interface StoredSearches {
  readonly plans: readonly StrategyPlan[];
  /** The cell of each plan on a prompt; `undefined` when one is missing. */
  of(prompt: string): readonly Cell[] | undefined;
}

/**
 * Reads the searches of these models. A plan counts when every one of the prompts has a cell of it; of several seeds
 * the first is taken.
 */
export async function readSearches(
  bank: Bank,
  models: { readonly generator: string; readonly verifier: string | undefined },
  prompts: readonly string[],
): Promise<StoredSearches> {
  const plans = new Map<string, { readonly plan: StrategyPlan; readonly cells: Map<string, Cell> }>();
  for await (const cell of bank.sweeps.cells()) {
    const { plan, prompt, generatorFingerprint, verifierFingerprint, seed } = cell;
    if (!isStrategy(plan.strategy) || strategies[plan.strategy].verifier !== "partial") continue;
    if (generatorFingerprint !== models.generator || verifierFingerprint !== models.verifier) continue;
    const key = JSON.stringify(plan);
    const found = plans.get(key) ?? { plan, cells: new Map() };
    plans.set(key, found);
    if (!(seed >= (found.cells.get(prompt)?.seed ?? Infinity))) found.cells.set(prompt, cell);
  }
  const whole = [...plans]
    .filter(([, { cells }]) => prompts.every((prompt) => cells.has(prompt)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, found]) => found);
  return {
    plans: whole.map(({ plan }) => plan),
    of: (prompt) => {
      const cells = whole.flatMap(({ cells: all }) => all.get(prompt) ?? []);
      return cells.length === whole.length ? cells : undefined;
    },
  };
}

/** Classes of equal answers over the samples of a problem and its searches; costs are generated tokens. */
export function withSearches(
  drawn: readonly Drawn[],
  cells: readonly Cell[],
): { readonly answer: Int32Array; readonly searches: readonly Search[] } {
  const said = drawn.map(({ complete, answer }) => (complete ? answer : undefined));
  const found = cells.flatMap(({ candidates }) => candidates.map(({ answer }) => answer));
  const stated = [...new Set([...said, ...found].filter((answer) => answer !== undefined))];
  const heads = answerClasses(stated);
  const classes = new Map(stated.map((answer, place) => [answer, heads[place]!]));
  const classOf = (answer: string | undefined) => (answer === undefined ? -1 : classes.get(answer)!);
  return {
    answer: Int32Array.from(said, classOf),
    searches: cells.map(
      ({ candidates, roles }): Search => ({
        answer: candidates.map(({ answer }) => classOf(answer)),
        score: candidates.map(({ score }) => score ?? Number.NaN),
        right: candidates.map(({ right }) => Number(right)),
        count: candidates.map(() => 1),
        cost: Math.max(1, roles.generator?.outputTokens ?? 0),
      }),
    ),
  };
}
