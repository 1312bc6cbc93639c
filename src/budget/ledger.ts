import type { Budget, BudgetUnit, Role, Usage } from "../types.ts";
import { checkBudget } from "./budget.ts";
import type { Clock } from "./clock.ts";
import { type Amounts, addAmounts } from "./cost.ts";

/** A call that somebody wants to make, with the most that it can cost. */
export interface Estimate {
  readonly role: Role;
  readonly position: string;
  readonly most: Amounts;
}

/** Room in the budget that a call holds until it is settled. */
export interface Reservation extends Estimate {
  /** Number of the call in this ledger. */
  readonly call: number;
}

/** What a call did cost. */
export interface Actual {
  /** Summed over its attempts. */
  readonly usage: Usage;
  readonly cost: Amounts;
  /** Milliseconds inside the model. */
  readonly ms: number;
  /** `lost`: failed for good after retries. */
  readonly outcome: "answered" | "lost" | "cancelled";
  readonly retries: number;
  readonly journal?: "replayed" | "repeated";
  /** True when the model did not say what the call cost, so that its whole reservation counts. */
  readonly assumed?: boolean;
}

/** One line of the ledger. `at` is in milliseconds from its start. */
export type Entry =
  | ({ readonly type: "reserved" | "adjusted"; readonly at: number } & Reservation)
  | ({
      readonly type: "settled";
      readonly at: number;
      readonly call: number;
      readonly role: Role;
      readonly position: string;
      /** Tokens beyond the reservation, which the server spent against its own limit. */
      readonly overrunTokens: number;
    } & Actual)
  | ({ readonly type: "refused"; readonly at: number; readonly unit: BudgetUnit } & Estimate);

/** The record of what was spent, and the gate before what would be. Reserve, call, settle. */
export interface Ledger {
  readonly budget: Budget;
  /** With the limits of the ledgers around: which units are limited at all. */
  readonly limits: Budget;
  readonly clock: Clock;
  /** Append-only. */
  readonly entries: readonly Entry[];
  /** Aborts when the budget's milliseconds are over. */
  readonly signal: AbortSignal;
  /** The unit that lacks room for a call beside all that is spent and reserved; `undefined`: it fits. */
  lacking(most: Amounts): BudgetUnit | undefined;
  /** Holds room for a call; `undefined` when there is not enough, and then the call must not be made. */
  reserve(estimate: Estimate): Reservation | undefined;
  /** Changes what a reservation holds; `undefined`, and nothing changes, when there is no room for more. */
  adjust(reservation: Reservation, most: Amounts): Reservation | undefined;
  /** Replaces a reservation by what the call did cost, in full. */
  settle(reservation: Reservation, actual: Actual): void;
  /** Records that a call was not made for want of room. */
  refuse(estimate: Estimate): BudgetUnit;
  /** Resolves at the next settlement; `undefined` when no reservation is open. */
  nextSettlement(): Promise<void> | undefined;
  /** Spent so far in each unit; `undefined`: not known. */
  spent(): Record<BudgetUnit, number | undefined>;
  /** Stops the deadline's timer. */
  close(): void;
}

/**
 * Opens a ledger; its clock starts now.
 *
 * Once a server has spent more than was reserved, no limit can be kept by reserving: with any limit set,
 * everything after is refused.
 * @param options.within another ledger that everything here counts in, too: a call needs room in both
 * @throws UsageError for a limit that is not a positive number
 */
export function createLedger(options: {
  readonly budget?: Budget;
  readonly clock: Clock;
  readonly within?: Ledger | undefined;
}): Ledger {
  const { clock, within } = options;
  const budget = checkBudget(options.budget ?? {});
  const start = clock.now();
  const entries: Entry[] = [];
  const open = new Map<number, Reservation>();
  /** What the open calls hold in the ledger around. */
  const outer = new Map<number, Reservation>();
  const deadline = new AbortController();
  let calls = 0;
  let done: Amounts = { tokens: 0, flops: 0, usd: 0 };
  /** Sum of `done` and the open reservations, as long as it is known: a batch reserves call by call. */
  let total: Amounts | undefined = done;
  let overrun = false;
  let waiting: (() => void)[] = [];
  const at = () => clock.now() - start;
  const stopTimer =
    budget.ms === undefined
      ? () => {}
      : clock.after(budget.ms, () => deadline.abort(new Error(`The budget of ${budget.ms} ms is over.`)));

  /** What is spent and reserved, without what call `except` holds. */
  const taken = (except?: number): Amounts => {
    if (except === undefined && total) return total;
    const held = [...open.values()].filter((one) => one.call !== except).map((one) => one.most);
    const sum = addAmounts([done, ...held]);
    if (except === undefined) total = sum;
    return sum;
  };

  /** The unit without room for `more`. */
  const crowded = (more: Amounts, except?: number): BudgetUnit | undefined => {
    const all = addAmounts([taken(except), more]);
    for (const unit of ["tokens", "flops", "usd"] as const) {
      const limit = budget[unit];
      if (limit === undefined || more[unit] === 0) continue;
      if (overrun || all[unit] === undefined || all[unit] > limit) return unit;
    }
    return undefined;
  };

  const lacking = (more: Amounts, except?: number): BudgetUnit | undefined =>
    deadline.signal.aborted || at() >= (budget.ms ?? Infinity) ? "ms" : crowded(more, except);

  const hold = (type: "reserved" | "adjusted", reservation: Reservation) => {
    total = type === "reserved" && total ? addAmounts([total, reservation.most]) : undefined;
    open.set(reservation.call, reservation);
    entries.push({ type, at: at(), ...reservation });
    return reservation;
  };

  return {
    budget,
    limits: { ...within?.limits, ...budget },
    clock,
    entries,
    signal: within ? AbortSignal.any([deadline.signal, within.signal]) : deadline.signal,
    lacking: (most) => lacking(most) ?? within?.lacking(most),
    reserve(estimate) {
      if (lacking(estimate.most)) return undefined;
      const around = within?.reserve(estimate);
      if (within && !around) return undefined;
      const call = calls++;
      if (around) outer.set(call, around);
      return hold("reserved", { ...estimate, call });
    },
    adjust(reservation, most) {
      const more = most.tokens > reservation.most.tokens;
      if (more && lacking(most, reservation.call)) return undefined;
      const around = outer.get(reservation.call);
      const wider = around && within?.adjust(around, most);
      if (around && !wider) return undefined;
      if (wider) outer.set(reservation.call, wider);
      return hold("adjusted", { ...reservation, most });
    },
    settle({ call, role, position }, actual) {
      const held = open.get(call);
      if (!held) throw new Error(`Call ${call} is settled already.`);
      const overrunTokens = Math.max(0, actual.cost.tokens - held.most.tokens);
      const around = outer.get(call);
      if (around) within?.settle(around, actual);
      outer.delete(call);
      open.delete(call);
      total = undefined;
      done = addAmounts([done, actual.cost]);
      if (overrunTokens > 0) overrun = true;
      entries.push({ type: "settled", at: at(), call, role, position, ...actual, overrunTokens });
      for (const wake of waiting.splice(0)) wake();
    },
    refuse(estimate) {
      const unit = lacking(estimate.most) ?? within?.refuse(estimate) ?? "tokens";
      entries.push({ type: "refused", at: at(), unit, ...estimate });
      return unit;
    },
    nextSettlement() {
      if (within) return within.nextSettlement();
      if (open.size === 0) return undefined;
      return new Promise<void>((resolve) => {
        waiting = [...waiting, resolve];
      });
    },
    spent: () => ({ ...done, ms: at() }),
    close: stopTimer,
  };
}
