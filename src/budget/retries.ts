import type { Usage } from "../types.ts";
import { type Amounts, addAmounts, type Cost } from "./cost.ts";
import type { Estimate, Ledger, Reservation } from "./ledger.ts";

/** A call of a wave and its reservation. */
export interface Held {
  readonly estimate: Estimate;
  /** The most that one attempt takes. */
  readonly attempt: Usage;
  held: Reservation;
  /** The attempts that the reservation covers: failed ones as they were, one under way at its most. */
  covers: readonly Usage[];
}

/** Where the retries of a wave are asked for. Places count within the wave. */
export interface RetryDesk {
  /** Resolves to true as soon as one more attempt has room, to false when it never will. */
  ask(place: number, attempts: readonly Usage[]): Promise<boolean>;
  /** Says that a call has come back, and what it cost. */
  done(place: number, spent: Amounts): void;
  /** Answers everybody with false. */
  close(): void;
}

/** Retries per call that are granted without waiting, when there is room for that many of every call. */
const MOST_FREE_RETRIES = 8;

function freeRetries(calls: readonly Held[], ledger: Ledger): number {
  const once = addAmounts(calls.map((call) => call.estimate.most));
  let retries = 0;
  for (let all = once; retries < MOST_FREE_RETRIES && !ledger.lacking(all); all = addAmounts([all, once]))
    retries += 1;
  return retries;
}

/**
 * Opens the desk for a wave whose calls hold their reservations.
 *
 * Who may retry must not depend on who asks first, or a resumed search would differ from an undisturbed one.
 * So a retry is granted at once only as far as every call of the wave could have as many. Others wait until
 * each call has either come back or asks, and are then granted in order of place, as far as the room goes; the
 * rest waits for the next such moment. When nothing is under way and still nobody can be granted, all that wait
 * are refused.
 */
export function openRetryDesk(
  calls: readonly Held[],
  { ledger, cost, signal }: { readonly ledger: Ledger; readonly cost: Cost; readonly signal: AbortSignal },
): RetryDesk {
  const free = freeRetries(calls, ledger);
  const finished = new Map<number, Amounts>();
  const asking = new Map<number, { attempts: readonly Usage[]; answer(granted: boolean): void }>();
  let open = true;

  const raise = (place: number, attempts: readonly Usage[]): boolean => {
    const call = calls[place]!;
    const held = ledger.adjust(call.held, addAmounts([cost.of(attempts), call.estimate.most]));
    if (held) Object.assign(call, { held, covers: [...attempts, call.attempt] });
    return held !== undefined;
  };
  const lower = (place: number, spent: Amounts, covers: readonly Usage[]) => {
    const call = calls[place]!;
    const held = spent.tokens < call.held.most.tokens && ledger.adjust(call.held, spent);
    if (held) Object.assign(call, { held, covers });
  };
  const decide = () => {
    if (asking.size === 0 || finished.size + asking.size < calls.length) return;
    for (const [place, spent] of finished) lower(place, spent, []);
    const waiting = [...asking].sort(([a], [b]) => a - b);
    for (const [place, { attempts }] of waiting) lower(place, cost.of(attempts), attempts);
    const granted = waiting.filter(([place, { attempts }]) => raise(place, attempts));
    for (const [place, { answer }] of granted.length > 0 ? granted : waiting) {
      asking.delete(place);
      answer(granted.length > 0);
    }
  };
  const close = () => {
    open = false;
    signal.removeEventListener("abort", close);
    for (const { answer } of asking.values()) answer(false);
    asking.clear();
  };
  signal.addEventListener("abort", close);

  return {
    async ask(place, attempts) {
      if (!open || signal.aborted) return false;
      if (attempts.length <= free && raise(place, attempts)) return true;
      return new Promise<boolean>((resolve) => {
        asking.set(place, { attempts, answer: resolve });
        decide();
      });
    },
    done(place, spent) {
      finished.set(place, spent);
      if (open) decide();
    },
    close,
  };
}
