import { type Clock, sleep, systemClock } from "../budget/clock.ts";
import { TransientError } from "../models/errors.ts";
import type { ModelShape } from "../models/model.ts";
import { createHttp, type Http, RefusedError } from "../models/openai/http.ts";
import { count, type Fields, fields } from "../models/openai/json.ts";
import { type Usage, UsageError } from "../types.ts";
import type { Score, ScoreOptions, ScoreRequest, Verifier } from "./verifier.ts";

/** How to reach a reward model behind a server. */
export interface RemoteOptions {
  /** Name of the model, as the server knows it. */
  readonly model: string;
  /** "http://127.0.0.1:8000". The key goes to this origin and nowhere else. */
  readonly baseUrl: string;
  /** Environment variable with the key. Default "OPENAI_API_KEY"; unset or empty: no key is sent. */
  readonly apiKeyEnv?: string;
  /** Shape of the model, for budgets in FLOPs. Default: unknown. */
  readonly shape?: ModelShape;
  /** For receipts. Default: the model's name and the server. */
  readonly name?: string;
  /** Most attempts beyond the first after a failure that may pass. Default 2. */
  readonly retries?: number;
  readonly fetch?: typeof fetch;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
}

/** What a kind of verifier adds to the transport. */
export interface Protocol {
  /** Kind and parameters, for the fingerprint. */
  readonly fingerprint: string;
  readonly scoresPartial: boolean;
  /** Texts that the model reads for one candidate; none: there is nothing to score and nothing is sent. */
  texts(request: ScoreRequest): readonly string[];
  /** Sends one candidate. */
  ask(http: Http, request: ScoreRequest, signal: AbortSignal): Promise<unknown>;
  /** Reads the answer; throws what is wrong with it. */
  read(answer: unknown, request: ScoreRequest): Pick<Score, "steps" | "value">;
}

/** Tokens that a template may add to each text. */
const MARGIN = 128;
const BACKOFF_MS = 500;

/** An upper bound: a token is at least one byte. */
function inputBound(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text) + MARGIN, 0);
}

/** OpenAI's `usage`, or SGLang's `meta_info` of each text. */
function usageOf(answer: unknown): Usage | undefined {
  const parts = Array.isArray(answer) ? answer.map((part) => fields(fields(part)?.meta_info)) : [];
  const said: (Fields | undefined)[] = parts.length > 0 ? parts : [fields(fields(answer)?.usage)];
  const inputs = said.map((part) => count(part?.prompt_tokens));
  if (inputs.some((input) => input === undefined)) return undefined;
  return { inputTokens: inputs.reduce<number>((sum, input) => sum + input!, 0), outputTokens: 0 };
}

/** A verifier that sends each candidate in a call of its own: one lost score never costs the others. */
export function remoteVerifier(options: RemoteOptions, protocol: Protocol): Verifier {
  const keyEnv = options.apiKeyEnv ?? "OPENAI_API_KEY";
  const key = (options.env ?? process.env)[keyEnv] || undefined;
  const http = createHttp({ baseUrl: options.baseUrl, fetch: options.fetch ?? fetch, key, keyEnv });
  const clock = options.clock ?? systemClock;
  const closing = new AbortController();
  const notes = new Set<string>();

  function spent(answer: unknown, texts: readonly string[]): Usage {
    const usage = usageOf(answer);
    if (usage !== undefined) return usage;
    notes.add("the verifier's server does not say what a score took: its tokens are an upper bound");
    return { inputTokens: inputBound(texts), outputTokens: 0 };
  }

  async function ask(
    request: ScoreRequest,
    signal: AbortSignal,
  ): Promise<{ answer: unknown; retries: number }> {
    for (let retries = 0; ; retries += 1) {
      try {
        return { answer: await protocol.ask(http, request, signal), retries };
      } catch (error) {
        // A lost answer was paid for: only what cost nothing is sent again here.
        const again = error instanceof TransientError && error.unpaid && retries < (options.retries ?? 2);
        if (!again || signal.aborted) throw error;
        await sleep(clock, Math.max(error.retryAfterMs ?? 0, BACKOFF_MS * 2 ** retries), signal);
      }
    }
  }

  async function scoreOne(request: ScoreRequest, signal: AbortSignal): Promise<Score> {
    const texts = protocol.texts(request);
    if (texts.length === 0) return { value: undefined };
    const start = clock.now();
    const cost = (usage: Usage) => ({ usage, ms: clock.now() - start });
    if (signal.aborted) return { value: undefined, error: cancelled() };
    let answer: unknown;
    try {
      const result = await ask(request, signal);
      answer = result.answer;
      const retried = result.retries > 0 ? { retries: result.retries } : {};
      return { ...protocol.read(answer, request), ...cost(spent(answer, texts)), ...retried };
    } catch (error) {
      const free =
        error instanceof RefusedError ||
        error instanceof UsageError ||
        (error instanceof TransientError && error.unpaid);
      const usage = free ? { inputTokens: 0, outputTokens: 0 } : spent(answer, texts);
      return { value: undefined, ...cost(usage), error: signal.aborted ? cancelled() : (error as Error) };
    }
  }

  return {
    name: options.name ?? `${options.model}@${http.host}`,
    fingerprint: `${protocol.fingerprint}/${http.baseUrl}/${options.model}`,
    scoresPartial: protocol.scoresPartial,
    model: options.model,
    ...(options.shape && { shape: options.shape }),
    async countTokens(requests) {
      return requests.map((request) => ({ input: inputBound(protocol.texts(request)), output: 0 }));
    },
    async score(requests, { signal, onScore }: ScoreOptions = {}) {
      const alive = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
      return await Promise.all(
        requests.map(async (request, index) => {
          const score = await scoreOne(request, alive);
          onScore?.(index, score);
          return score;
        }),
      );
    },
    notes: () => [...notes],
    async close() {
      closing.abort();
    },
  };
}

function cancelled(): Error {
  return new Error("The scoring was cancelled.");
}

/** A reward as a probability: through the logistic function, or, for several classes, softmax. */
export function probabilities(row: readonly number[], logits: boolean): readonly number[] {
  if (!logits) {
    if (row.every((value) => value >= 0 && value <= 1)) return row;
    throw new Error("The server gives rewards outside [0, 1]: set logits, or start it with an activation.");
  }
  if (row.length === 1) return [1 / (1 + Math.exp(-row[0]!))];
  const top = Math.max(...row);
  const weights = row.map((value) => Math.exp(value - top));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** Numbers of a JSON array; `undefined` when it holds anything else. */
export function numbers(value: unknown): number[] | undefined {
  return Array.isArray(value) && value.length > 0 && value.every((one) => Number.isFinite(one))
    ? (value as number[])
    : undefined;
}
