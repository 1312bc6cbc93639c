import { type Budget, type Role, type Usage, UsageError } from "../types.ts";
import { type FlopsShape, flops } from "./flops.ts";
import { type Price, type PriceTable, priceOf } from "./prices.ts";

/** An amount in every unit that is used up by calls. Unknown is `undefined`. */
export interface Amounts {
  readonly tokens: number;
  readonly flops: number | undefined;
  readonly usd: number | undefined;
}

/** Adds amounts. Dollars add as whole trillionths, so that a sum does not depend on its order. */
export function addAmounts(amounts: Iterable<Amounts>): Amounts {
  let tokens = 0;
  let operations: number | undefined = 0;
  let trillionths: number | undefined = 0;
  for (const one of amounts) {
    tokens += one.tokens;
    operations = operations === undefined || one.flops === undefined ? undefined : operations + one.flops;
    trillionths =
      trillionths === undefined || one.usd === undefined
        ? undefined
        : trillionths + Math.round(one.usd * 1e12);
  }
  return { tokens, flops: operations, usd: trillionths === undefined ? undefined : trillionths / 1e12 };
}

/** The usage of several calls or attempts together. */
export function addUsage(parts: readonly Usage[]): Usage {
  const total = (of: (usage: Usage) => number | undefined) =>
    parts.reduce((sum, usage) => sum + (of(usage) ?? 0), 0);
  return {
    inputTokens: total((usage) => usage.inputTokens),
    outputTokens: total((usage) => usage.outputTokens),
    ...(parts.every((usage) => usage.cachedTokens !== undefined) && {
      cachedTokens: total((usage) => usage.cachedTokens),
    }),
    ...(parts.some((usage) => usage.reasoningTokens !== undefined) && {
      reasoningTokens: total((usage) => usage.reasoningTokens),
    }),
  };
}

/** What a model's calls cost. */
export interface Cost {
  /** One call that was made, with the usage of each of its attempts. */
  of(attempts: readonly Usage[]): Amounts;
  /** The most that one attempt can cost: nothing reused, every allowed token generated. */
  most(inputTokens: number, outputTokens: number): Amounts;
}

/** Whose calls are to be costed. */
export interface Costed {
  readonly name: string;
  readonly role: Role;
  readonly shape?: FlopsShape;
  /** Costs nothing in any unit: a rule. */
  readonly free?: boolean;
}

function dollars(price: Price, usage: Usage): number {
  const reused = usage.cachedTokens ?? 0;
  const asked =
    (usage.inputTokens - reused) * price.inputPerMillion +
    reused * (price.cachedInputPerMillion ?? price.inputPerMillion) +
    usage.outputTokens * price.outputPerMillion;
  return Math.round(asked * 1e6) / 1e12;
}

/**
 * The costs of one model under a budget.
 * @throws UsageError when the budget limits a unit in which this model's cost cannot be known
 */
export function costOf(model: Costed, budget: Budget, prices: PriceTable): Cost {
  const { shape } = model;
  const price = priceOf(prices, model.name);
  if (!model.free && budget.flops !== undefined && shape === undefined)
    throw new UsageError(
      `A budget in FLOPs needs the shape of the ${model.role} ${model.name}, which is unknown: give its shape, or a budget in tokens instead.`,
    );
  if (!model.free && budget.usd !== undefined && price === undefined)
    throw new UsageError(
      `A budget in dollars needs the price of the ${model.role} ${model.name}, which is not in the price table (${prices.version}): give a table that names it, or a budget in tokens instead.`,
    );
  const known = (usage: Usage): Amounts =>
    model.free
      ? { tokens: 0, flops: 0, usd: 0 }
      : {
          tokens: usage.inputTokens + usage.outputTokens,
          flops: shape && flops(shape, usage),
          usd: price && dollars(price, usage),
        };
  const dearest = price && {
    ...price,
    inputPerMillion: Math.max(price.inputPerMillion, price.cachedInputPerMillion ?? 0),
  };
  return {
    of: (attempts) => addAmounts(attempts.map(known)),
    most(inputTokens, outputTokens) {
      const usage = { inputTokens, cachedTokens: 0, outputTokens };
      return { ...known(usage), usd: model.free ? 0 : dearest && dollars(dearest, usage) };
    },
  };
}
