import { type Clock, outlast, sleep, systemClock } from "../budget/clock.ts";
import { addUsage } from "../budget/cost.ts";
import { rng } from "../random.ts";
import { type Usage, UsageError } from "../types.ts";
import { TransientError } from "./errors.ts";
import type { CallOptions, Completion, GenerateRequest, Model } from "./model.ts";
import { wrap } from "./wrap.ts";

export interface LimitedOptions {
  /** Most requests in flight, over all batches; each is then a call of its own. Default: none, and a batch goes
   * to the model in one call, as is best for a model that schedules sequences itself. */
  readonly concurrency?: number;
  /** Most milliseconds of one attempt, from its sending to its last token. Default: none. */
  readonly timeoutMs?: number;
  /** Most attempts beyond the first. Default 4. */
  readonly retries?: number;
  /** Milliseconds before the first retry; doubles with each, and is shortened by up to half at random (from the
   * request's seed), so that clients do not come back together. Default 500. */
  readonly backoffMs?: number;
  /** Longest wait in milliseconds; a server that asks for more (Retry-After) is not waited for. Default 60000. */
  readonly longestWaitMs?: number;
  /** Milliseconds that a model has to stop after a timeout, before its whole limit counts as spent. Default 1000. */
  readonly graceMs?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

type Limits = Required<Omit<LimitedOptions, "concurrency" | "timeoutMs">> & Pick<LimitedOptions, "timeoutMs">;

/** One request on its way through its attempts. */
interface Item {
  readonly index: number;
  readonly request: GenerateRequest;
  readonly attempts: Usage[];
}

/** A completion that cost what its attempts cost together. */
function withAttempts(completion: Completion, attempts: readonly Usage[]): Completion {
  if (attempts.length < 2) return completion;
  return { ...completion, usage: addUsage(attempts), attempts, retries: attempts.length - 1 };
}

/** Lets `width` runs happen at a time, in the order in which they came. */
function gate(width: number) {
  let free = width;
  const queue: (() => void)[] = [];
  return async <T>(run: () => Promise<T>): Promise<T> => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => queue.push(resolve));
    try {
      return await run();
    } finally {
      const next = queue.shift();
      if (next) next();
      else free += 1;
    }
  };
}

function waitBefore(retry: number, item: Item, error: unknown, limits: Limits): number {
  const jitter = 1 - rng(item.request.seed).split("retry", retry).next() / 2;
  const backoff = Math.min(limits.longestWaitMs, limits.backoffMs * 2 ** (retry - 1)) * jitter;
  return Math.max(backoff, (error as TransientError).retryAfterMs ?? 0);
}

/** What a call that was given up must be assumed to have cost: all that it was allowed. */
async function unanswered(
  model: Model,
  request: GenerateRequest,
  finish: "error" | "cancelled",
  error: Error,
): Promise<Completion> {
  const [inputTokens = 0] = await model.countTokens([request]);
  const usage = { inputTokens, outputTokens: request.maxTokens };
  return { text: "", finish, usage, ...(finish === "error" && { error }) };
}

/** Sends requests once, under the time limit. */
async function attempt(
  model: Model,
  limits: Limits,
  requests: readonly GenerateRequest[],
  call: CallOptions,
): Promise<void> {
  const { clock, timeoutMs, graceMs } = limits;
  if (call.signal?.aborted) {
    const usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0 };
    for (const place of requests.keys()) call.onCompletion?.(place, { text: "", finish: "cancelled", usage });
    return;
  }
  const timeout = new AbortController();
  const stopTimer = timeoutMs === undefined ? () => {} : clock.after(timeoutMs, () => timeout.abort());
  const signal = AbortSignal.any([timeout.signal, ...(call.signal ? [call.signal] : [])]);
  const late = new TransientError(`${model.name} gave no full answer within ${timeoutMs} ms.`);
  const judged = (completion: Completion): Completion =>
    completion.finish === "cancelled" && timeout.signal.aborted && !call.signal?.aborted
      ? { ...completion, finish: "error", error: late }
      : completion;
  const told: Completion[] = [];
  const take = (place: number, completion: Completion) => {
    if (told[place]) return;
    told[place] = judged(completion);
    call.onCompletion?.(place, told[place]);
  };
  const run = model.generate(requests, { ...call, signal, onCompletion: take });
  const { value, error } = await outlast(run, signal, clock, graceMs);
  stopTimer();
  if (error instanceof UsageError) throw error;
  for (const [place, completion] of (value ?? []).entries()) take(place, completion);
  const reason =
    error instanceof Error ? error : new Error(`${model.name} did not stop when it was told to.`);
  for (const [place, request] of requests.entries())
    if (!told[place])
      take(place, await unanswered(model, request, call.signal?.aborted ? "cancelled" : "error", reason));
}

/** Sends a group of requests, and each that fails for a reason that may pass again, on its own. */
async function persist(
  group: readonly Item[],
  call: CallOptions,
  limits: Limits,
  send: (requests: readonly GenerateRequest[], call: CallOptions) => Promise<void>,
  finish: (item: Item, completion: Completion) => void,
): Promise<void> {
  const failed: { readonly item: Item; readonly completion: Completion; readonly waitMs: number }[] = [];
  const onCompletion = (place: number, completion: Completion) => {
    const item = group[place]!;
    item.attempts.push(completion.usage);
    const retry = item.attempts.length;
    const again = completion.error instanceof TransientError && retry <= limits.retries;
    const waitMs = again ? waitBefore(retry, item, completion.error, limits) : Infinity;
    if (waitMs <= limits.longestWaitMs) failed.push({ item, completion, waitMs });
    else finish(item, completion);
  };
  const { signal, onText, mayRetry } = call;
  await send(
    group.map((item) => item.request),
    {
      ...(signal && { signal }),
      ...(onText && { onText: (place, text) => onText(group[place]!.index, text) }),
      onCompletion,
    },
  );
  const { onText: _, ...silent } = call;
  await all(
    failed.map(async ({ item, completion, waitMs }) => {
      const waited = await sleep(limits.clock, waitMs, signal);
      const allowed = waited && ((await mayRetry?.(item.index, item.attempts)) ?? true);
      if (signal?.aborted) {
        const { error: _, ...partial } = completion;
        finish(item, { ...partial, finish: "cancelled" });
      } else if (allowed) await persist([item], silent, limits, send, finish);
      else finish(item, completion);
    }),
  );
}

/** Waits for all, then throws what the first of them threw. */
async function all(runs: readonly Promise<void>[]): Promise<void> {
  for (const run of await Promise.allSettled(runs)) if (run.status === "rejected") throw run.reason;
}

/**
 * A model that is not asked too much at once, not waited for too long, and asked again when it fails for a
 * reason that may pass (`TransientError`). What failed attempts cost is counted, and none is made that the
 * budget has no room for (`mayRetry`) or that would begin after a cancellation. Text of retries is not
 * streamed, since the text of the failed attempt has been.
 */
export function limited(model: Model, options: LimitedOptions = {}): Model {
  const { concurrency } = options;
  const limits: Limits = {
    retries: 4,
    backoffMs: 500,
    longestWaitMs: 60_000,
    graceMs: 1000,
    clock: systemClock,
    ...options,
  };
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency > 0))
    throw new UsageError(`concurrency must be a whole number from 1 on, not ${concurrency}.`);
  const pass = gate(concurrency ?? Infinity);
  return wrap(model, async (requests, call = {}) => {
    const results: Completion[] = new Array(requests.length);
    const finish = ({ index, attempts }: Item, completion: Completion) => {
      const whole = withAttempts(completion, attempts);
      results[index] = whole;
      call.onCompletion?.(index, whole);
    };
    const items = requests.map((request, index): Item => ({ index, request, attempts: [] }));
    const groups = concurrency === undefined ? [items] : items.map((item) => [item]);
    const mistake = new AbortController();
    const signal = AbortSignal.any([mistake.signal, ...(call.signal ? [call.signal] : [])]);
    const send = async (asked: readonly GenerateRequest[], inner: CallOptions) => {
      try {
        await pass(() => attempt(model, limits, asked, inner));
      } catch (error) {
        mistake.abort();
        throw error;
      }
    };
    await all(groups.map((group) => persist(group, { ...call, signal }, limits, send, finish)));
    return results;
  });
}
