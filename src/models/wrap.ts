import type { Model } from "./model.ts";

/** A model that calls `inner` for all but `generate`. What an adapter learns late (`can`) stays visible. */
export function wrap(inner: Model, generate: Model["generate"]): Model {
  return {
    get name() {
      return inner.name;
    },
    get fingerprint() {
      return inner.fingerprint;
    },
    get can() {
      return inner.can;
    },
    ...(inner.shape && { shape: inner.shape }),
    ...(inner.contextLength !== undefined && { contextLength: inner.contextLength }),
    ...(inner.concurrency !== undefined && { concurrency: inner.concurrency }),
    countTokens: (requests, options) => inner.countTokens(requests, options),
    generate,
    notes: () => inner.notes?.() ?? [],
    close: () => inner.close(),
  };
}
