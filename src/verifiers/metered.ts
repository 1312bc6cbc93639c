import { costOf } from "../budget/cost.ts";
import type { Ledger } from "../budget/ledger.ts";
import { type Metering, meter } from "../budget/metering.ts";
import { defaultPrices, type PriceTable } from "../budget/prices.ts";
import type { Role } from "../types.ts";
import type { Score, ScoreOptions, Scoring, Verifier } from "./verifier.ts";
import { wrap } from "./wrap.ts";

export interface MeteredVerifierOptions {
  readonly ledger: Ledger;
  /** Default "verifier". */
  readonly role?: Role;
  /** Default: the embedded models alone. */
  readonly prices?: PriceTable;
  /** As for a metered model. Default 5000. */
  readonly graceMs?: number;
}

/**
 * A verifier whose every scoring is reserved in the ledger before it is made and settled after. What does not
 * fit the budget is never made: its score has no value and says `refused`. A free verifier (a rule) costs
 * nothing and needs no room, but it too stops at the deadline.
 * @throws UsageError when the budget limits a unit in which the verifier's cost cannot be known
 */
export function metered(verifier: Verifier, options: MeteredVerifierOptions): Verifier {
  const { ledger, role = "verifier", prices = defaultPrices, graceMs = 5000 } = options;
  const { shape, free = false, model: name = verifier.name } = verifier;
  const cost = costOf({ name, role, free, ...(shape && { shape }) }, ledger.limits, prices);
  const kind = <Request extends { readonly position: string }>(
    scoring: Scoring<Request>,
    call: ScoreOptions,
  ): Metering<Request, Score> => ({
    ledger,
    role,
    cost,
    name: verifier.name,
    graceMs,
    count: (requests) => scoring.countTokens(requests),
    send: ({ requests, signal, tell, mayRetry }) =>
      scoring.score(requests, { signal, onScore: tell, mayRetry }),
    outcome: ({ error, unreadable }) => {
      if (!error || unreadable) return "answered";
      return ledger.signal.aborted || call.signal?.aborted ? "cancelled" : "lost";
    },
    without: (why, usage, error) => ({
      value: undefined,
      usage,
      error,
      ...(why === "refused" && { refused: true }),
    }),
  });
  const through =
    <Request extends { readonly position: string }>(scoring: Scoring<Request>): Scoring<Request>["score"] =>
    (requests, call = {}) =>
      meter(kind(scoring, call), requests, {
        ...(call.signal && { signal: call.signal }),
        ...(call.onScore && { tell: call.onScore }),
      });
  return wrap(verifier, through(verifier), verifier.pairs && through(verifier.pairs));
}
