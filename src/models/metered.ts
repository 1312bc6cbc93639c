import { costOf } from "../budget/cost.ts";
import type { Ledger } from "../budget/ledger.ts";
import { type Metering, meter } from "../budget/metering.ts";
import { defaultPrices, type PriceTable } from "../budget/prices.ts";
import type { Role } from "../types.ts";
import type { CallOptions, Completion, GenerateRequest, Model } from "./model.ts";
import { wrap } from "./wrap.ts";

export interface MeteredOptions {
  readonly ledger: Ledger;
  /** Default "generator". */
  readonly role?: Role;
  /** Default: the embedded models alone. */
  readonly prices?: PriceTable;
  /** Milliseconds that a cancelled model has to stop. Past them its calls are given up, and all that was
   * reserved for them counts as spent. Default 5000. */
  readonly graceMs?: number;
}

const outcomes = { error: "lost", cancelled: "cancelled" } as const;

/**
 * A model whose every call is reserved in the ledger before it is sent and settled after. What does not fit
 * the budget ends as "refused" and is never sent; when the budget's time is over, what is in flight ends as
 * "cancelled".
 * @throws UsageError when the budget limits a unit in which the model's cost cannot be known
 */
export function metered(model: Model, options: MeteredOptions): Model {
  const { ledger, role = "generator", prices = defaultPrices, graceMs = 5000 } = options;
  const { name, shape } = model;
  const cost = costOf({ name, role, ...(shape && { shape }) }, ledger.limits, prices);
  const kind = (call: CallOptions): Metering<GenerateRequest, Completion> => ({
    ledger,
    role,
    cost,
    name,
    graceMs,
    async count(requests, signal) {
      const inputs = await model.countTokens(requests, { signal });
      return requests.map(({ maxTokens }, i) => ({ input: inputs[i]!, output: maxTokens }));
    },
    send: ({ requests, signal, index, tell, mayRetry }) =>
      model.generate(requests, {
        signal,
        mayRetry,
        onCompletion: tell,
        ...(call.onText && { onText: (place, delta) => call.onText?.(index(place), delta) }),
      }),
    outcome: ({ finish }) => outcomes[finish as keyof typeof outcomes] ?? "answered",
    without: (why, usage, error) => ({
      text: "",
      finish: why === "lost" ? "error" : why,
      usage,
      ...(why !== "cancelled" && { error }),
    }),
  });
  return wrap(model, (requests, call = {}) =>
    meter(kind(call), requests, {
      ...(call.signal && { signal: call.signal }),
      ...(call.onCompletion && { tell: call.onCompletion }),
    }),
  );
}
