import { UsageError } from "../types.ts";

/** What a provider asks, in US dollars per million tokens. */
export interface Price {
  readonly inputPerMillion: number;
  /** Reused input tokens. Default: as `inputPerMillion`. */
  readonly cachedInputPerMillion?: number;
  readonly outputPerMillion: number;
}

/** Prices with the version that receipts name. */
export interface PriceTable {
  /** Date and source, as its keeper writes it: "2026-11 our contract". */
  readonly version: string;
  /** By model name, as `bedacht models` prints it, or by the part of it before "@". */
  readonly models: Readonly<Record<string, Price>>;
}

const free: Price = { inputPerMillion: 0, cachedInputPerMillion: 0, outputPerMillion: 0 };

/**
 * The table that holds when no other is given: the embedded models, which nobody charges for. It names no
 * hosted model on purpose: their prices change without notice, and a stale price is worse than none. Give
 * your own with `parsePrices`.
 */
export const defaultPrices: PriceTable = {
  version: "2026-11-21 (embedded models only)",
  models: { "pico-s": free, "pico-l": free, "pico-prm": free, "pico-rev": free },
};

/** The price of a model; `undefined` when the table has none. */
export function priceOf(table: PriceTable, model: string): Price | undefined {
  const at = model.indexOf("@");
  for (const name of at < 0 ? [model] : [model, model.slice(0, at)])
    if (Object.hasOwn(table.models, name)) return table.models[name];
  return undefined;
}

function isPrice(value: unknown): value is Price {
  if (typeof value !== "object" || value === null) return false;
  const { inputPerMillion, cachedInputPerMillion, outputPerMillion } = value as Record<string, unknown>;
  const amount = (x: unknown) => typeof x === "number" && Number.isFinite(x) && x >= 0;
  return (
    amount(inputPerMillion) &&
    amount(outputPerMillion) &&
    (cachedInputPerMillion === undefined || amount(cachedInputPerMillion))
  );
}

/**
 * Reads a price table: JSON `{ "version": "…", "models": { "NAME": { "inputPerMillion": 0.5,
 * "cachedInputPerMillion": 0.05, "outputPerMillion": 1.5 } } }`, in US dollars. The embedded models keep their
 * price of 0 unless it names them.
 * @param source where the text comes from, for messages
 * @throws UsageError in one sentence
 */
export function parsePrices(text: string, source = "the price table"): PriceTable {
  let table: unknown;
  try {
    table = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`Cannot read ${source} as JSON: ${(error as Error).message}.`);
  }
  const { version, models } = (table ?? {}) as Record<string, unknown>;
  if (typeof version !== "string" || typeof models !== "object" || models === null)
    throw new UsageError(`Cannot use ${source}: it needs "version" (a text) and "models" (an object).`);
  for (const [name, price] of Object.entries(models))
    if (!isPrice(price))
      throw new UsageError(
        `Cannot use ${source}: "${name}" needs "inputPerMillion" and "outputPerMillion" in US dollars, zero or more.`,
      );
  return { version, models: { ...defaultPrices.models, ...(models as Record<string, Price>) } };
}
