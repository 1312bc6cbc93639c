import { BudgetTooSmallError, type BudgetUnit, type StopReason } from "../types.ts";
import type { Ledger } from "./ledger.ts";

/** Why a search ended, and which unit of the budget ended it. */
export interface Ending {
  readonly stop: StopReason;
  readonly stoppedBy?: BudgetUnit;
}

/**
 * Why a search ended, by its ledger. `completed` counts its candidates; `cancelled` says that the caller ended
 * it. A search without a candidate, none of whose calls was answered, has failed.
 */
export function endingOf(ledger: Ledger, completed: number, cancelled: boolean): Ending {
  if (cancelled) return { stop: "cancelled" };
  const [refused] = refusals(ledger);
  if (ledger.signal.aborted || refused?.unit === "ms") return { stop: "deadline", stoppedBy: "ms" };
  if (refused !== undefined) return { stop: "budget", stoppedBy: refused.unit };
  const answered = ledger.entries.some((entry) => entry.type === "settled" && entry.outcome === "answered");
  return { stop: completed === 0 && !answered ? "failed" : "done" };
}

/** @throws BudgetTooSmallError when the first call was refused for want of room, so that none was ever made */
export function refuseIfNothingFits(ledger: Ledger): void {
  const [first] = refusals(ledger);
  if (first === undefined || first.unit === "ms" || ledger.entries.some(({ type }) => type === "settled"))
    return;
  const { unit, most } = first;
  if (ledger.budget[unit] === undefined)
    throw new BudgetTooSmallError(
      `Nothing is left of the shared budget for one sample, which takes up to ${unit}=${most[unit]}: raise it.`,
    );
  throw new BudgetTooSmallError(
    `One sample takes up to ${unit}=${most[unit]} but the budget allows ${ledger.budget[unit]}: raise it, or lower maxTokens.`,
  );
}

function refusals({ entries }: Ledger) {
  return entries.filter((entry) => entry.type === "refused");
}
