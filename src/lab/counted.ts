import { type Amounts, addAmounts, costOf } from "../budget/cost.ts";
import type { PriceTable } from "../budget/prices.ts";
import type { Model } from "../models/model.ts";
import { wrap } from "../models/wrap.ts";
import type { Usage } from "../types.ts";
import type { Score, Verifier } from "../verifiers/verifier.ts";
import { wrap as wrapVerifier } from "../verifiers/wrap.ts";

/** Counts what models really served, whatever journals and banks replay in front of them. */
export interface Counter {
  bought(): Amounts;
  model(inner: Model): Model;
  verifier(inner: Verifier): Verifier;
}

/** A counter that has counted nothing. */
export function createCounter(prices: PriceTable): Counter {
  let bought: Amounts = { tokens: 0, flops: 0, usd: 0 };
  const add = (amounts: Amounts) => {
    bought = addAmounts([bought, amounts]);
  };
  return {
    bought: () => bought,
    model(inner) {
      const { name, shape } = inner;
      const cost = costOf({ name, role: "generator", ...(shape && { shape }) }, {}, prices);
      return wrap(inner, async (requests, call) => {
        const completions = await inner.generate(requests, call);
        add(cost.of(completions.map(({ usage }) => usage)));
        return completions;
      });
    },
    verifier(inner) {
      const { model: name = inner.name, shape, free = false, pairs } = inner;
      const cost = costOf({ name, role: "verifier", free, ...(shape && { shape }) }, {}, prices);
      const counting =
        <Request>(score: (requests: readonly Request[], call?: never) => Promise<readonly Score[]>) =>
        async (requests: readonly Request[], call?: never) => {
          const scores = await score(requests, call);
          add(cost.of(scores.flatMap(({ usage }): Usage[] => (usage === undefined ? [] : [usage]))));
          return scores;
        };
      return wrapVerifier(inner, counting(inner.score), pairs && counting(pairs.score));
    },
  };
}
