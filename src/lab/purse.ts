import type { Amounts } from "../budget/cost.ts";
import type { Budget } from "../types.ts";

type Unit = keyof Amounts;
const UNITS: readonly Unit[] = ["tokens", "flops", "usd"];

/** What came of something that had a budget. */
export interface Paid {
  readonly spent: Amounts;
  /** True when its budget ended it. */
  readonly short: boolean;
}

/** A hard budget that several lanes spend from. */
export interface Purse {
  /** What nobody has spent; what running cells hold is included. */
  unspent(): Budget;
  /** False when not even this much is unspent. */
  affords(amounts: Amounts): boolean;
  /**
   * Runs with its share of what is left as budget. One that was short runs again, once nobody else holds
   * anything, with all that is left.
   */
  pay<T extends Paid>(run: (budget: Budget) => Promise<T>): Promise<T>;
}

/** Opens a purse for so many lanes. Shares are even and never overlap, so that the sum stays within the budget. */
export function openPurse(budget: Budget, lanes: number, spent: Amounts): Purse {
  const limited = UNITS.filter((unit) => budget[unit] !== undefined);
  const left = new Map(limited.map((unit) => [unit, Math.max(0, budget[unit]! - (spent[unit] ?? 0))]));
  const held = new Map(limited.map((unit) => [unit, 0]));
  let free = lanes;
  const waiting: (() => void)[] = [];
  /** Set while one wants to be, or is, alone. */
  let alone: Promise<void> | undefined;
  const share = (parts: number): Budget =>
    Object.fromEntries(
      limited.map((unit) => [
        unit,
        unit === "tokens" ? Math.floor(left.get(unit)! / parts) : left.get(unit)! / parts,
      ]),
    );
  /** Takes a share out, or puts it back less what was spent. */
  const move = (amounts: Budget, sign: 1 | -1, spent?: Amounts) => {
    for (const unit of limited) {
      held.set(unit, held.get(unit)! + sign * amounts[unit]!);
      left.set(unit, Math.max(0, left.get(unit)! - sign * amounts[unit]! - (spent?.[unit] ?? 0)));
    }
  };
  const runWith = async <T extends Paid>(
    run: (budget: Budget) => Promise<T>,
    { parts, last }: { readonly parts: number; readonly last: boolean },
  ) => {
    const amounts = share(parts);
    free -= 1;
    move(amounts, 1);
    let paid: T | undefined;
    try {
      paid = await run(amounts);
      return paid;
    } finally {
      // What it bought before it fell short is replayed, and counted, when it runs again.
      move(amounts, -1, paid?.short && !last ? undefined : paid?.spent);
      free += 1;
      for (const wake of waiting.splice(0)) wake();
    }
  };
  const runAlone = async <T extends Paid>(run: (budget: Budget) => Promise<T>) => {
    while (alone) await alone;
    let release = () => {};
    alone = new Promise((resolve) => {
      release = resolve;
    });
    try {
      while (free < lanes) await new Promise<void>((resolve) => waiting.push(resolve));
      return await runWith(run, { parts: 1, last: true });
    } finally {
      alone = undefined;
      release();
    }
  };
  return {
    unspent: () => Object.fromEntries(limited.map((unit) => [unit, left.get(unit)! + held.get(unit)!])),
    affords: (amounts) => limited.every((unit) => left.get(unit)! + held.get(unit)! >= (amounts[unit] ?? 0)),
    async pay(run) {
      if (limited.length === 0) return run({});
      while (alone) await alone;
      if (lanes === 1) return runWith(run, { parts: 1, last: true });
      const paid = await runWith(run, { parts: free, last: false });
      return paid.short ? runAlone(run) : paid;
    },
  };
}
