import { addUsage } from "../budget/cost.ts";
import type { Journal } from "../budget/journal.ts";
import { throughJournal } from "../budget/journaling.ts";
import type { Completion, GenerateRequest, Model } from "./model.ts";
import { wrap } from "./wrap.ts";

export interface JournaledOptions {
  readonly journal: Journal;
  /** Tells apart calls that are otherwise equal, such as those of two problems with the same prompt: the
   * problem's id. Default none. */
  readonly scope?: string;
}

const endings = { end: "answered", stop: "answered", length: "answered", cancelled: "cancelled" } as const;

/**
 * A model that never buys a completed call twice. What the journal has is replayed; what an earlier run had
 * begun without getting a completion (it was killed, cancelled, or the call failed) is sent again and marked
 * "repeated". The key of a call is the model's fingerprint, the scope and the whole request with its position
 * and seed, so other problems, plans and models simply have other keys.
 */
export function journaled(model: Model, { journal, scope = "" }: JournaledOptions): Model {
  return wrap(model, (requests, call = {}) =>
    throughJournal<GenerateRequest, Completion>(
      {
        journal,
        identity: ["generate", model.fingerprint, scope],
        model: model.name,
        signal: call.signal,
        send: (rest, index, tell) =>
          model.generate(rest, {
            ...(call.signal && { signal: call.signal }),
            ...(call.onText && { onText: (place, delta) => call.onText?.(index(place), delta) }),
            mayRetry: (place, attempts) => call.mayRetry?.(index(place), attempts) ?? Promise.resolve(true),
            onCompletion: tell,
          }),
        ending: ({ finish }) => endings[finish as keyof typeof endings] ?? "lost",
        attempts: (result) => result.attempts,
        mayRetry: (index, attempts) => call.mayRetry?.(index, attempts) ?? Promise.resolve(true),
        cut: (attempts, error) => ({
          text: "",
          finish: "error",
          error,
          usage: addUsage(attempts),
          attempts,
          retries: attempts.length - 1,
        }),
        mark: (completion, origin) => ({ ...completion, journal: origin }),
        tell: (index, completion) => {
          if (completion.journal === "replayed") call.onText?.(index, completion.text);
          call.onCompletion?.(index, completion);
        },
      },
      requests,
    ),
  );
}
