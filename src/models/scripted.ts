import { type Clock, sleep, systemClock } from "../budget/clock.ts";
import { type Usage, UsageError } from "../types.ts";
import type { CallOptions, Completion, GenerateRequest, Model, ModelShape, TokenLogprob } from "./model.ts";

/** What a scripted model says. */
export interface Reply {
  /** Text after the request's prefix; cut at the request's stop texts and at its `maxTokens`. */
  readonly text: string;
  /** How the text ends when nothing cuts it. Default "end". */
  readonly finish?: "end" | "stop" | "length";
  /** Milliseconds before the first token. Default 0. */
  readonly delayMs?: number;
  /** Fails with this after `text` was generated (and billed). */
  readonly error?: Error;
  /** Natural logarithm per token of `text`. Default 0 each: what is scripted is certain. Where alternatives are asked
   * for, a single one has the rest of the probability. */
  readonly logprobs?: readonly number[];
  /** Overrides what the server would bill, to play a server that is wrong about it. */
  readonly usage?: Partial<Usage>;
}

/**
 * Decides what to say. For equal requests it must say the same, or nothing else is reproducible.
 * `attempt` counts from 0 how often this very request was sent before.
 */
export type Respond = (
  request: GenerateRequest,
  context: { readonly attempt: number },
) => string | Reply | Promise<string | Reply>;

export interface ScriptedOptions {
  /** Default "scripted". */
  readonly name?: string;
  /** Default: `name`. Give a new one when the script changes and a journal is used. */
  readonly fingerprint?: string;
  /** Tokens, input and output together. Default: unlimited. */
  readonly contextLength?: number;
  /** Plays a model that is trained to revise. Default false. */
  readonly revises?: boolean;
  /** Makes FLOPs countable. Default: unknown. */
  readonly shape?: ModelShape;
  /** Milliseconds per generated token. Default 0. */
  readonly msPerToken?: number;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

/**
 * The scripted model's tokenizer: a line break is a token, and so is every word together with the blanks
 * before it; blanks before a line break or the end are one token.
 */
export function scriptedTokens(text: string): string[] {
  return text.match(/\n|[^\S\n]*\S+|[^\S\n]+/gu) ?? [];
}

const nothing: Usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0 };

/** Input tokens: the prompt and a line break (for each message its role, its text and one), then the prefix. */
function inputTokens(request: GenerateRequest): number {
  const { prompt, prefix = "" } = request;
  const turns =
    typeof prompt === "string" ? [prompt] : prompt.map(({ role, content }) => `${role} ${content}`);
  const prompted = turns.reduce((sum, turn) => sum + scriptedTokens(turn).length + 1, 0);
  return prompted + scriptedTokens(prefix).length;
}

/** Where generation ends: after which tokens, with what text. */
function cut(reply: Reply, request: GenerateRequest) {
  const tokens = scriptedTokens(reply.text);
  const kept = tokens.slice(0, request.maxTokens);
  const text = kept.join("");
  const matches = (request.stop ?? [])
    .map((stop) => ({ stop, at: stop === "" ? -1 : text.indexOf(stop) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at + a.stop.length - (b.at + b.stop.length) || a.at - b.at);
  const [match] = matches;
  if (!match) {
    const finish = tokens.length > kept.length ? ("length" as const) : (reply.finish ?? "end");
    return { text, tokens: kept, finish };
  }
  let used = 0;
  for (let length = 0; length < match.at + match.stop.length; used += 1) length += kept[used]!.length;
  return {
    text: text.slice(0, match.at),
    tokens: kept.slice(0, used),
    finish: "stop" as const,
    stopText: match.stop,
  };
}

/** The log-probability of a token, with up to `count` alternatives. */
function placeOf(token: string, logprob: number, count = 0): TokenLogprob {
  if (count === 0) return { token, logprob };
  const rest = { token: `not ${token}`, logprob: Math.log1p(-Math.exp(logprob)) };
  const known = [{ token, logprob }, rest].filter((one) => one.logprob > -Infinity);
  return { token, logprob, top: known.sort((a, b) => b.logprob - a.logprob).slice(0, count) };
}

/** A script that throws loses its own sample, not the batch; what cannot be mended is still thrown. */
function failed(error: unknown): Completion {
  if (error instanceof UsageError) throw error;
  return {
    text: "",
    finish: "error",
    error: error instanceof Error ? error : new Error(String(error)),
    usage: nothing,
  };
}

/**
 * A deterministic model for tests, examples and dry runs: it says what `respond` returns, token by token, and
 * behaves like a server in everything else (limits, stop texts, streaming, cancellation, failures, delays).
 *
 * @example
 * const coin = scripted((request) => (request.seed % 2 === 0 ? "#### heads" : "#### tails"));
 * const [toss] = await coin.generate([
 *   { prompt: "Toss.", maxTokens: 8, temperature: 1, seed: 4, position: "sample/0" },
 * ]);
 * toss.text; // "#### heads"
 */
export function scripted(respond: Respond, options: ScriptedOptions = {}): Model {
  const { name = "scripted", clock = systemClock, msPerToken = 0 } = options;
  const sent = new WeakMap<GenerateRequest, number>();

  async function run(request: GenerateRequest, index: number, call: CallOptions): Promise<Completion> {
    const start = clock.now();
    const input = inputTokens(request);
    if (call.signal?.aborted) return { text: "", finish: "cancelled", usage: nothing };
    if (options.contextLength !== undefined && input + request.maxTokens > options.contextLength) {
      const error = new Error(
        `The prompt takes ${input} tokens and ${request.maxTokens} may follow, but the context of ${name} holds ${options.contextLength}: shorten the prompt or allow fewer tokens.`,
      );
      return { text: "", finish: "error", error, usage: nothing };
    }
    const attempt = sent.get(request) ?? 0;
    sent.set(request, attempt + 1);
    const answer = await respond(request, { attempt });
    const reply = typeof answer === "string" ? { text: answer } : answer;
    const end = cut(reply, request);
    const finished = (generated: number, text: string, rest: Pick<Completion, "finish" | "error">) => ({
      text,
      ...rest,
      usage: { inputTokens: input, cachedTokens: 0, outputTokens: generated, ...reply.usage },
      ms: clock.now() - start,
      ...(request.logprobs && {
        logprobs: end.tokens
          .slice(0, generated)
          .map((token, i) => placeOf(token, reply.logprobs?.[i] ?? 0, request.topLogprobs)),
      }),
    });
    if (reply.delayMs && !(await sleep(clock, reply.delayMs, call.signal)))
      return finished(0, "", { finish: "cancelled" });
    let text = "";
    for (const [i, token] of end.tokens.entries()) {
      if (msPerToken > 0) await sleep(clock, msPerToken, call.signal);
      if (call.signal?.aborted) return finished(i, text, { finish: "cancelled" });
      const delta = end.text.slice(text.length, text.length + token.length);
      text += delta;
      if (delta !== "") call.onText?.(index, delta);
    }
    if (reply.error) return finished(end.tokens.length, text, { finish: "error", error: reply.error });
    const { stopText } = end;
    return {
      ...finished(end.tokens.length, text, { finish: end.finish }),
      ...(stopText !== undefined && { stopText }),
    };
  }

  return {
    name,
    fingerprint: options.fingerprint ?? name,
    ...(options.shape && { shape: options.shape }),
    ...(options.contextLength !== undefined && { contextLength: options.contextLength }),
    can: { prefix: true, logprobs: true, seed: true, ...(options.revises && { revise: true }) },
    countTokens: async (requests) => requests.map(inputTokens),
    generate: (requests, call = {}) =>
      Promise.all(
        requests.map(async (request, index) => {
          const completion = await run(request, index, call).catch(failed);
          call.onCompletion?.(index, completion);
          return completion;
        }),
      ),
    close: async () => {},
  };
}
