import type { Budget, BudgetUnit, Plan, Receipt, Role, RoleTotals, StopReason } from "../types.ts";
import { addAmounts } from "./cost.ts";
import { flopsFormula } from "./flops.ts";
import type { Entry } from "./ledger.ts";

export { formatReceipt } from "./format.ts";

/** What a receipt says beside the ledger's sums. */
export interface ReceiptFacts {
  readonly plan: Plan;
  readonly reason: string;
  readonly seed: number;
  readonly stop: StopReason;
  readonly stoppedBy?: BudgetUnit;
  /** Generated tokens along the selected candidate's path; 0 when none was selected. */
  readonly selectedTokens: number;
  readonly budget: Budget;
  readonly pricesVersion: string;
  readonly wallMs: number;
  /** Sentences of models, verifiers and the strategy about fallbacks taken. */
  readonly notes?: readonly string[];
}

type Settled = Extract<Entry, { type: "settled" }>;

const sum = <T>(items: readonly T[], of: (item: T) => number) =>
  items.reduce((total, item) => total + of(item), 0);

function totals(calls: readonly Settled[]): RoleTotals {
  const { flops, usd } = addAmounts(calls.map((call) => call.cost));
  const said = calls.filter((call) => call.usage.reasoningTokens !== undefined);
  return {
    calls: calls.length,
    inputTokens: sum(calls, (call) => call.usage.inputTokens),
    cachedTokens: calls.some((call) => call.usage.cachedTokens === undefined)
      ? undefined
      : sum(calls, (call) => call.usage.cachedTokens ?? 0),
    outputTokens: sum(calls, (call) => call.usage.outputTokens),
    reasoningTokens: said.length > 0 ? sum(said, (call) => call.usage.reasoningTokens ?? 0) : undefined,
    flops,
    usd,
    modelMs: sum(calls, (call) => call.ms),
  };
}

function plural(count: number, one: string): string {
  return count === 1 ? `1 ${one}` : `${count} ${one}s`;
}

/** The receipt of a ledger's entries: nothing is counted anywhere else. */
export function createReceipt(entries: readonly Entry[], facts: ReceiptFacts): Receipt {
  const settled = entries.filter((entry) => entry.type === "settled");
  const roles: Partial<Record<Role, RoleTotals>> = {};
  for (const role of ["generator", "verifier", "difficulty"] as const) {
    const calls = settled.filter((call) => call.role === role);
    if (calls.length > 0) roles[role] = totals(calls);
  }
  const overrunTokens = sum(settled, (call) => call.overrunTokens);
  const assumed = settled.filter((call) => call.assumed).length;
  const notes = [...(facts.notes ?? [])];
  if (overrunTokens > 0)
    notes.push(`A server spent ${plural(overrunTokens, "token")} beyond the limit it was given.`);
  if (assumed > 0)
    notes.push(`${plural(assumed, "call")} did not say what was spent: all that was reserved is counted.`);
  return {
    plan: facts.plan,
    reason: facts.reason,
    seed: facts.seed,
    stop: facts.stop,
    ...(facts.stoppedBy && { stoppedBy: facts.stoppedBy }),
    roles,
    total: totals(settled),
    discardedTokens: (roles.generator?.outputTokens ?? 0) - facts.selectedTokens,
    replayedCalls: settled.filter((call) => call.journal === "replayed").length,
    repeatedCalls: settled.filter((call) => call.journal === "repeated").length,
    lostCalls: settled.filter((call) => call.outcome === "lost").length,
    retries: sum(settled, (call) => call.retries),
    refusedCalls: entries.filter((entry) => entry.type === "refused").length,
    overrunTokens,
    budget: facts.budget,
    flopsFormula,
    pricesVersion: facts.pricesVersion,
    wallMs: facts.wallMs,
    notes: [...new Set(notes)],
  };
}
