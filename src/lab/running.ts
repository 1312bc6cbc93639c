import type { Amounts } from "../budget/cost.ts";
import type { PriceTable } from "../budget/prices.ts";
import type { Model } from "../models/model.ts";
import { type SolveOptions, solve } from "../solve.ts";
import { type StrategyName, strategies } from "../strategies/index.ts";
import {
  type Budget,
  BudgetTooSmallError,
  type Problem,
  type Result,
  type Role,
  type TraceEvent,
} from "../types.ts";
import { isCorrectAnswer } from "../verifiers/answer.ts";
import type { Verifier } from "../verifiers/verifier.ts";
import type { Bank } from "./bank.ts";
import { banked, bankedVerifier } from "./banked.ts";
import type { Cell, CellCandidate, CellTotals } from "./cells.ts";
import type { Counter } from "./counted.ts";
import { grade } from "./grading.ts";
import type { GridPlan } from "./grid.ts";
import type { Paid } from "./purse.ts";

/** The models of one plan. */
export interface PlanModels {
  readonly model: Model;
  readonly verifier?: Verifier | undefined;
  /** Concurrency, time limit and retries of its calls. */
  readonly limits?: SolveOptions["limits"];
}

/** One cell to run. */
export interface CellRun {
  readonly key: string;
  readonly problem: Problem;
  readonly plan: GridPlan;
  readonly seed: number;
  readonly models: PlanModels;
  readonly bank: Bank;
  readonly counter: Counter;
  readonly prices: PriceTable;
  readonly signal: AbortSignal;
}

/** What came of it: a cell that is stored; or none, because it was stopped or lost calls. */
export interface CellEnd extends Paid {
  readonly cell?: Cell;
  readonly cancelled: boolean;
  /** Why calls were lost. */
  readonly lost?: string;
}

/** Runs a cell and stores it. What is paid for is in the bank at every moment, also when the cell is not finished. */
export async function runCell(run: CellRun, budget: Budget): Promise<CellEnd> {
  const { key, problem, plan, seed, bank, signal } = run;
  const { limits } = run.models;
  const journal = bank.sweeps.journal(key);
  let result: Result;
  try {
    result = await solve({
      problem,
      strategy: plan.plan,
      ...throughBank(run),
      budget,
      prices: run.prices,
      seed,
      journal,
      reason: `plan "${plan.name}" of an experiment`,
      ...(limits && { limits }),
      signal,
    });
  } catch (error) {
    if (!(error instanceof BudgetTooSmallError)) throw error;
    return { spent: { tokens: 0, flops: 0, usd: 0 }, short: true, cancelled: false };
  }
  const { receipt } = result;
  const { total } = receipt;
  const spent: Amounts = {
    tokens: total.inputTokens + total.outputTokens,
    flops: total.flops,
    usd: total.usd,
  };
  const cancelled = signal.aborted || receipt.stop === "cancelled" || receipt.stop === "deadline";
  const short = receipt.stop === "budget" && !cancelled;
  if (cancelled || short) return { spent, short, cancelled };
  const lost = lossIn(result);
  if (lost !== undefined) return { spent, short, cancelled, lost };
  // Before the cell: once it is there, nobody comes back to this problem for its sake.
  await grade(bank, problem);
  const cell = cellOf(run, result);
  await journal.close();
  await bank.sweeps.finish(cell);
  return { spent, short, cancelled, cell };
}

/** Whole solutions are shared through the bank; steps, and scores of them, belong to one search. */
function throughBank({ plan, models, bank, counter }: CellRun): Pick<SolveOptions, "model" | "verifier"> {
  const model = banked(counter.model(models.model), bank);
  if (models.verifier === undefined) return { model };
  const verifier = counter.verifier(models.verifier);
  const ofSteps = strategies[plan.plan.strategy as StrategyName].verifier === "partial";
  return { model, verifier: ofSteps ? verifier : bankedVerifier(verifier, bank) };
}

/** A reason, when calls were lost for good: another run may get what this one did not. */
function lossIn({ receipt, trace }: Result): string | undefined {
  if (receipt.lostCalls === 0 && receipt.stop !== "failed") return undefined;
  const loss = trace.find((event) => event.type === "lost");
  return loss?.type === "lost" ? loss.reason : "calls failed";
}

function cellOf({ key, problem, plan, seed, models }: CellRun, { answer, receipt, trace }: Result): Cell {
  const { model, verifier } = models;
  return {
    key,
    prompt: problem.prompt,
    problem: problem.id,
    ...(problem.family !== undefined && { family: problem.family }),
    ...(problem.level !== undefined && { level: problem.level }),
    label: plan.name,
    plan: plan.plan,
    generator: model.name,
    generatorFingerprint: model.fingerprint,
    ...(verifier && { verifier: verifier.name, verifierFingerprint: verifier.fingerprint }),
    seed,
    ...(answer !== undefined && { answer }),
    right: isCorrectAnswer(problem, answer) === true,
    stop: receipt.stop,
    roles: Object.fromEntries(
      Object.entries(receipt.roles).map(
        ([role, { calls, inputTokens, cachedTokens, outputTokens, flops, usd }]) => [
          role as Role,
          { calls, inputTokens, cachedTokens, outputTokens, flops, usd } satisfies CellTotals,
        ],
      ),
    ),
    ms: receipt.wallMs,
    candidates: candidatesIn(problem, trace),
  };
}

/** The completed candidates of a search, with their last scores. */
function candidatesIn(problem: Problem, trace: readonly TraceEvent[]): readonly CellCandidate[] {
  type Proposed = Extract<TraceEvent, { type: "proposed" }>;
  const proposed = new Map<string, Proposed>();
  const scores = new Map<string, number>();
  const merged = new Map<string, string>();
  for (const event of trace) {
    if (event.type === "proposed") proposed.set(event.id, event);
    if (event.type === "scored" && event.score !== undefined) scores.set(event.id, event.score);
    if (event.type === "merged") merged.set(event.id, event.into);
  }
  const scoreOf = (id: string): number | undefined => {
    const into = merged.get(id);
    return scores.get(id) ?? (into === undefined ? undefined : scoreOf(into));
  };
  const tokensOf = ({ parent, outputTokens }: Proposed): number => {
    const before = parent === undefined ? undefined : proposed.get(parent);
    return outputTokens + (before === undefined ? 0 : tokensOf(before));
  };
  return [...proposed.values()]
    .filter(({ complete }) => complete)
    .map((event) => {
      const score = scoreOf(event.id);
      return {
        ...(event.answer !== undefined && { answer: event.answer }),
        ...(score !== undefined && { score }),
        right: isCorrectAnswer(problem, event.answer) === true,
        tokens: tokensOf(event),
      };
    });
}
