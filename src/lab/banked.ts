import type { Completion, GenerateRequest, Model } from "../models/model.ts";
import { wrap } from "../models/wrap.ts";
import type { Score, ScoreRequest, Verifier } from "../verifiers/verifier.ts";
import { wrap as wrapVerifier } from "../verifiers/wrap.ts";
import type { Bank } from "./bank.ts";
import type { BankRecord, Params } from "./records.ts";

/** A request for a whole solution of a problem: the only kind that other runs can use. */
interface WholeRequest extends GenerateRequest {
  readonly prompt: string;
}

function isWhole(request: GenerateRequest): request is WholeRequest {
  const { prompt, prefix = "", stop = [] } = request;
  return typeof prompt === "string" && prefix === "" && stop.length === 0;
}

/** What the bank has columns for, and the place in a search; the rest of a request are its parameters. */
const APART: ReadonlySet<string> = new Set(["prompt", "prefix", "stop", "seed", "position"]);

function paramsOf(request: WholeRequest): Params {
  return Object.fromEntries(Object.entries(request).filter(([name]) => !APART.has(name)));
}

const isSample = ({ finish }: Completion) => finish === "end" || finish === "stop" || finish === "length";

/**
 * A model that never buys a sample twice, whichever run bought it: a whole solution that the bank has for this
 * fingerprint, these parameters, this prompt and this seed is taken from there and marked "replayed", and every
 * other one is added. It is counted as if it were bought, so that a budget decides as it did the first time.
 * Steps, revisions and chats go straight to the model: they belong to one search, whose journal keeps them.
 */
export function banked(model: Model, bank: Bank): Model {
  return wrap(model, async (requests, call = {}) => {
    const results: Completion[] = new Array(requests.length);
    for (const [index, completion] of await findAll(model, bank, requests)) {
      const replayed: Completion = { ...completion, journal: "replayed" };
      results[index] = replayed;
      call.onText?.(index, replayed.text);
      call.onCompletion?.(index, replayed);
    }
    const missing = [...requests.keys()].filter((index) => results[index] === undefined);
    if (missing.length === 0) return results;
    const stored = new Map<number, Promise<void>>();
    const take = (place: number, completion: Completion) => {
      if (stored.has(place)) return;
      const index = missing[place]!;
      results[index] = completion;
      const record = recordOf(model, requests[index]!, completion);
      const kept = bank.append(record === undefined ? [] : [record]);
      const told = kept.then(() => call.onCompletion?.(index, completion));
      told.catch(() => {});
      stored.set(place, told);
    };
    const { onText, mayRetry } = call;
    const sent = await model.generate(
      missing.map((index) => requests[index]!),
      {
        ...(call.signal && { signal: call.signal }),
        ...(onText && { onText: (place, text) => onText(missing[place]!, text) }),
        ...(mayRetry && { mayRetry: (place, attempts) => mayRetry(missing[place]!, attempts) }),
        onCompletion: take,
      },
    );
    for (const [place, completion] of sent.entries()) take(place, completion);
    await Promise.all(stored.values());
    return results;
  });
}

async function findAll(
  model: Model,
  bank: Bank,
  requests: readonly GenerateRequest[],
): Promise<ReadonlyMap<number, Completion>> {
  const found = new Map<number, Completion>();
  const whole = [...requests.entries()].flatMap(([index, request]) =>
    isWhole(request) ? [{ index, request, params: paramsOf(request) }] : [],
  );
  const groups = Map.groupBy(whole, ({ request, params }) => JSON.stringify([request.prompt, params]));
  for (const group of groups.values()) {
    const { request, params } = group[0]!;
    const seeds = group.map((one) => one.request.seed);
    const samples = await bank.samples({ fingerprint: model.fingerprint, params }, request.prompt, seeds);
    for (const one of group) {
      const sample = samples.get(one.request.seed);
      if (sample !== undefined) found.set(one.index, sample);
    }
  }
  return found;
}

function recordOf(
  { name, fingerprint }: Model,
  request: GenerateRequest,
  completion: Completion,
): BankRecord | undefined {
  if (!isWhole(request) || !isSample(completion)) return undefined;
  const { text, finish, usage, ms, logprobs } = completion;
  return {
    prompt: request.prompt,
    text,
    sample: {
      model: name,
      fingerprint,
      params: paramsOf(request),
      seed: request.seed,
      finish: finish as "end",
      usage,
      ...(ms !== undefined && { ms }),
      ...(logprobs && { logprobs }),
    },
  };
}

/**
 * A verifier that never scores a text twice, as `banked` is for models. A free one (a rule) is asked each time,
 * and what it says is only added, so that a replay can select by it.
 */
export function bankedVerifier(verifier: Verifier, bank: Bank): Verifier {
  return wrapVerifier(verifier, async (requests, call = {}) => {
    const results: Score[] = new Array(requests.length);
    if (!verifier.free)
      for (const [index, score] of await findScores(verifier, bank, requests)) {
        results[index] = { ...score, journal: "replayed" };
        call.onScore?.(index, results[index]);
      }
    const missing = [...requests.keys()].filter((index) => results[index] === undefined);
    if (missing.length === 0) return results;
    const stored = new Map<number, Promise<void>>();
    const take = (place: number, score: Score) => {
      if (stored.has(place)) return;
      const index = missing[place]!;
      results[index] = score;
      const said = !score.error || score.unreadable;
      const kept = bank.append(said ? [scoreRecord(verifier, requests[index]!, score)] : []);
      const told = kept.then(() => call.onScore?.(index, score));
      told.catch(() => {});
      stored.set(place, told);
    };
    const { mayRetry } = call;
    const sent = await verifier.score(
      missing.map((index) => requests[index]!),
      {
        ...(call.signal && { signal: call.signal }),
        ...(mayRetry && { mayRetry: (place, attempts) => mayRetry(missing[place]!, attempts) }),
        onScore: take,
      },
    );
    for (const [place, score] of sent.entries()) take(place, score);
    await Promise.all(stored.values());
    return results;
  });
}

async function findScores(
  { fingerprint }: Verifier,
  bank: Bank,
  requests: readonly ScoreRequest[],
): Promise<ReadonlyMap<number, Score>> {
  const found = new Map<number, Score>();
  for (const [prompt, group] of Map.groupBy(requests.entries(), ([, { problem }]) => problem.prompt)) {
    const scores = await bank.scores(
      fingerprint,
      prompt,
      group.map(([, { text }]) => text),
    );
    for (const [index, { text }] of group) {
      const score = scores.get(text);
      if (score !== undefined) found.set(index, score);
    }
  }
  return found;
}

function scoreRecord(
  { name, fingerprint }: Verifier,
  { problem, text }: ScoreRequest,
  { value, steps, usage, ms, error }: Score,
): BankRecord {
  return {
    prompt: problem.prompt,
    text,
    scores: [
      {
        verifier: name,
        fingerprint,
        value,
        ...(steps && { steps }),
        ...(usage && { usage }),
        ...(ms !== undefined && { ms }),
        ...(error && { error: error.message }),
      },
    ],
  };
}
