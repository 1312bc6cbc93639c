import { type BudgetUnit, type Role, type Usage, UsageError } from "../types.ts";
import { outlast } from "./clock.ts";
import { addUsage, type Cost } from "./cost.ts";
import type { Actual, Estimate, Ledger } from "./ledger.ts";
import { type Held, openRetryDesk } from "./retries.ts";

/** What the ledger needs to know of a generation or a score. */
export interface Spent {
  readonly usage?: Usage;
  readonly attempts?: readonly Usage[];
  readonly ms?: number;
  readonly retries?: number;
  readonly journal?: "replayed" | "repeated";
}

/** Most tokens that one attempt of a call can take. */
interface Most {
  readonly input: number;
  readonly output: number;
}

/** Calls that hold their reservations and go out together. Places count within the wave. */
interface Wave<Request, Result> {
  readonly requests: readonly Request[];
  readonly signal: AbortSignal;
  /** Index of a place in the caller's batch. */
  index(place: number): number;
  /** Takes a result before the wave is complete. */
  tell(place: number, result: Result): void;
  /** Makes room for another attempt; false when there is none. */
  mayRetry(place: number, attempts: readonly Usage[]): Promise<boolean>;
}

/** One kind of call, and how to make it. */
export interface Metering<Request, Result extends Spent> {
  readonly ledger: Ledger;
  readonly role: Role;
  readonly cost: Cost;
  /** Name of the model, for messages. */
  readonly name: string;
  /** Milliseconds that a model has to stop when told. Past them its calls are given up, and all that was
   * reserved for them counts as spent. */
  readonly graceMs: number;
  count(requests: readonly Request[], signal: AbortSignal): Promise<readonly Most[]>;
  send(wave: Wave<Request, Result>): Promise<readonly Result[]>;
  outcome(result: Result): Actual["outcome"];
  /** The result of a call without one. */
  without(why: "refused" | "cancelled" | "lost", usage: Usage, error: Error): Result;
}

interface Call<Request> {
  readonly index: number;
  readonly request: Request;
  readonly attempt: Usage;
  readonly estimate: Estimate;
}

const nothing: Usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0 };

const unitNames: Record<BudgetUnit, string> = {
  tokens: "tokens",
  flops: "FLOPs",
  usd: "dollars",
  ms: "milliseconds",
};

/** Sends one wave and settles each of its calls, in order, when the last has come back. */
async function sendWave<Request, Result extends Spent>(
  kind: Metering<Request, Result>,
  calls: readonly (Call<Request> & Held)[],
  signal: AbortSignal,
  tell: (index: number, result: Result) => void,
): Promise<void> {
  const { ledger, cost } = kind;
  const desk = openRetryDesk(calls, { ledger, cost, signal });
  const spentOn = ({ usage = nothing, attempts = [usage] }: Result) => cost.of(attempts);
  const told: (Result | undefined)[] = calls.map(() => undefined);
  let open = true;
  const take = (place: number, result: Result) => {
    if (!open || told[place] !== undefined) return;
    told[place] = result;
    desk.done(place, spentOn(result));
    tell(calls[place]!.index, result);
  };
  const start = ledger.clock.now();
  const wave: Wave<Request, Result> = {
    requests: calls.map((call) => call.request),
    signal,
    index: (place) => calls[place]!.index,
    tell: take,
    mayRetry: desk.ask,
  };
  const run = Promise.resolve().then(() => kind.send(wave));
  const { value: results, error } = await outlast(run, signal, ledger.clock, kind.graceMs);
  for (const [place, result] of (results ?? []).entries()) take(place, result);
  desk.close();
  const elapsed = ledger.clock.now() - start;

  const mistake = error instanceof UsageError ? error : undefined;
  for (const [place, call] of calls.entries()) {
    const { held } = call;
    const result = told[place];
    if (result) {
      const { usage = nothing, ms = elapsed, retries = 0, journal } = result;
      const outcome = kind.outcome(result);
      const actual = { usage, cost: spentOn(result), ms, outcome, retries };
      ledger.settle(held, journal ? { ...actual, journal } : actual);
    } else if (mistake) {
      const actual = { usage: nothing, cost: cost.of([]), ms: elapsed, retries: 0 };
      ledger.settle(held, { ...actual, outcome: "lost" });
    } else {
      const usage = addUsage(call.covers);
      const why = signal.aborted ? "cancelled" : "lost";
      const retries = call.covers.length - 1;
      const actual = { usage, cost: held.most, ms: elapsed, retries, assumed: true };
      ledger.settle(held, { ...actual, outcome: why });
      const reason =
        error instanceof Error ? error : new Error(`${kind.name} did not answer when it was told to stop.`);
      take(place, kind.without(why, usage, reason));
    }
  }
  open = false;
  if (mistake) throw mistake;
}

/**
 * Makes calls under a ledger: each is reserved before it is sent and settled after. Those that fit go out as
 * one wave; when it has settled and left room, those that did not fit try again, so that what is sent depends
 * on order and cost, never on timing. What does not fit an otherwise idle ledger is refused.
 * @throws UsageError as the model does; everything else becomes a result
 */
export async function meter<Request extends { readonly position: string }, Result extends Spent>(
  kind: Metering<Request, Result>,
  requests: readonly Request[],
  options: { readonly signal?: AbortSignal; tell?(index: number, result: Result): void },
): Promise<Result[]> {
  const { ledger, role, cost } = kind;
  const results: Result[] = new Array(requests.length);
  const tell = (index: number, result: Result) => {
    results[index] = result;
    options.tell?.(index, result);
  };
  const signal = AbortSignal.any([ledger.signal, ...(options.signal ? [options.signal] : [])]);
  const cancel = ({ index }: { readonly index: number }) =>
    tell(index, kind.without("cancelled", nothing, new Error("Cancelled before it was sent.")));
  const counted = await outlast(kind.count(requests, signal), signal, ledger.clock, kind.graceMs);
  const counts = counted.value ?? [];
  if (!counted.value) {
    if (!signal.aborted) throw counted.error;
    for (const index of requests.keys()) cancel({ index });
    return results;
  }
  let waiting: Call<Request>[] = requests.map((request, index) => {
    const { input, output } = counts[index]!;
    const estimate = { role, position: request.position, most: cost.most(input, output) };
    return { index, request, attempt: { inputTokens: input, outputTokens: output }, estimate };
  });
  while (waiting.length > 0) {
    if (options.signal?.aborted) {
      waiting.forEach(cancel);
      break;
    }
    const wave: (Call<Request> & Held)[] = [];
    const rest: Call<Request>[] = [];
    for (const call of waiting) {
      const held = ledger.reserve(call.estimate);
      if (held) wave.push({ ...call, held, covers: [call.attempt] });
      else rest.push(call);
    }
    const elsewhere = wave.length === 0 ? ledger.nextSettlement() : undefined;
    if (wave.length > 0) await sendWave(kind, wave, signal, tell);
    else if (elsewhere) await elsewhere;
    else for (const call of rest) tell(call.index, kind.without("refused", nothing, refuse(ledger, call)));
    waiting = wave.length > 0 || elsewhere ? rest : [];
  }
  return results;
}

function refuse<Request>(ledger: Ledger, { estimate }: Call<Request>): Error {
  const unit = unitNames[ledger.refuse(estimate)];
  return new Error(
    `Not sent: up to ${estimate.most.tokens} tokens do not fit what is left of the budget in ${unit}.`,
  );
}
