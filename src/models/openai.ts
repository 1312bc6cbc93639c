import { type Clock, systemClock } from "../budget/clock.ts";
import { UsageError } from "../types.ts";
import type { CallOptions, Completion, GenerateRequest, Model, ModelShape } from "./model.ts";
import { type Body, limitsThinking } from "./openai/body.ts";
import { createCalls } from "./openai/calls.ts";
import { createHttp } from "./openai/http.ts";
import { createPrompts } from "./openai/prompts.ts";
import { probeServer } from "./openai/server.ts";

/** How to reach a model behind an OpenAI-compatible server. */
export interface OpenAiOptions {
  /** Name of the model, as the server knows it. */
  readonly model: string;
  /** "http://127.0.0.1:8080" or "http://127.0.0.1:8080/v1". The key goes to this origin and nowhere else. */
  readonly baseUrl: string;
  /** "chat": /v1/chat/completions. "raw": /v1/completions; a plain prompt is sent with a newline behind it and
   * no template, as base models want it, and whole chats need a server that renders them (llama.cpp, vLLM).
   * "auto" (default): raw completions of the prompt as the server's own chat template renders it, which lets
   * any prefix be continued exactly; chat where the server does not render. */
  readonly mode?: "chat" | "raw" | "auto";
  /** Environment variable with the key. Default "OPENAI_API_KEY"; unset or empty: no key is sent. */
  readonly apiKeyEnv?: string;
  /** Shape of the model behind the server, for budgets in FLOPs. Default: unknown. */
  readonly shape?: ModelShape;
  /** Tokens of one sequence. Default: what the server says. */
  readonly contextLength?: number;
  /** Ask for several samples of one prompt in one call, where the server honours `n`. Then one seed stands for
   * all of them, so single samples cannot be repeated or resumed by position. Default false: single calls
   * in parallel, each with its own seed; servers with a prefix cache evaluate the prompt once all the same. */
  readonly useN?: boolean;
  /** The server goes on with a chat's last message when `continue_final_message` is set. Default: probed by
   * rendering such a chat where the server can render, true for SGLang, else false. */
  readonly continues?: boolean;
  /** The server honours `seed`. Default: true for llama.cpp, vLLM, SGLang and Ollama, else false. */
  readonly seeds?: boolean;
  /** The server gives log-probabilities. Default true, until the server refuses them. */
  readonly logprobs?: boolean;
  /** The model is trained to revise earlier solutions that are given as the beginning of its answer, as
   * `Model.can.revise` says. Default false. */
  readonly revises?: boolean;
  /** The server ends thinking at a limit itself: llama.cpp (`reasoning_budget_tokens`) and, when it was started with
   * a reasoning parser, vLLM (`thinking_token_budget`). Default: true for these two, until the server refuses. */
  readonly limitsThinking?: boolean;
  /** More fields for every request body; they win over bedacht's own. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Milliseconds for the free questions asked at the start. Default 10000. */
  readonly probeTimeoutMs?: number;
  readonly fetch?: typeof fetch;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the machine's. */
  readonly clock?: Pick<Clock, "now">;
}

/**
 * A model behind any OpenAI-compatible server: llama.cpp, vLLM, SGLang, Ollama, a hosted service.
 * Asks the server at once what it is and can (`/v1/models`, templates, tokenizer), which costs no tokens.
 * Tested on a real llama.cpp server; the others' dialects come from their documents and were tested on replicas.
 *
 * What goes wrong with one request ends as a completion with finish "error"; a `TransientError` in it may be
 * retried. Throws `UsageError` here when nothing answers, the answer is not that of such a server, or access is
 * refused, and from `generate` when that is the end of every request of a batch.
 *
 * @example
 * const model = await openai({ model: "qwen3-8b", baseUrl: "http://127.0.0.1:8080/v1" });
 */
export async function openai(options: OpenAiOptions): Promise<Model> {
  const keyEnv = options.apiKeyEnv ?? "OPENAI_API_KEY";
  const key = (options.env ?? process.env)[keyEnv] || undefined;
  const http = createHttp({ baseUrl: options.baseUrl, fetch: options.fetch ?? fetch, key, keyEnv });
  const closing = new AbortController();
  const soon = AbortSignal.any([closing.signal, AbortSignal.timeout(options.probeTimeoutMs ?? 10_000)]);
  const extra: Body = options.extra ?? {};
  const server = await probeServer(http, options.model, extra, soon);
  const notes = new Set<string>();
  const note = (text: string) => void notes.add(text);
  const prompts = await createPrompts(server, options, soon, closing.signal, note);
  const calls = createCalls({
    http,
    server,
    prompts,
    model: options.model,
    useN: options.useN ?? false,
    extra,
    note,
    clock: options.clock ?? systemClock,
  });
  const contextLength = options.contextLength ?? server.contextLength;
  const alive = (signal: AbortSignal | undefined) =>
    signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);

  return {
    name: `${options.model}@${http.host}`,
    fingerprint: JSON.stringify([
      "openai",
      http.baseUrl,
      options.model,
      prompts.endpoint,
      server.mark,
      extra,
    ]),
    ...(options.shape === undefined ? {} : { shape: options.shape }),
    ...(contextLength === undefined ? {} : { contextLength }),
    ...(server.slots ? { concurrency: server.slots } : {}),
    get can() {
      return {
        prefix: prompts.continues,
        logprobs: (options.logprobs ?? true) && !calls.refused.has("logprobs"),
        seed: (options.seeds ?? server.kind !== "unknown") && !calls.refused.has("seed"),
        chat: options.mode !== "raw",
        thinking:
          (options.limitsThinking ?? true) &&
          limitsThinking(server.kind) &&
          !calls.refused.has("thinking_token_budget"),
        ...(options.revises && { revise: prompts.continues }),
      };
    },
    async countTokens(requests, callOptions) {
      return await prompts.countTokens(requests, alive(callOptions?.signal));
    },
    async generate(requests: readonly GenerateRequest[], callOptions: CallOptions = {}) {
      if (closing.signal.aborted) throw new UsageError(`The model ${options.model} is closed.`);
      const completions = await calls.generate(requests, callOptions, alive(callOptions.signal));
      throwIfHopeless(completions);
      return completions;
    },
    notes: () => [...notes],
    async close() {
      closing.abort();
    },
  };
}

/** Only when not one request of the batch brought anything: what others paid for must not be lost. */
function throwIfHopeless(completions: readonly Completion[]): void {
  const first = completions[0]?.error;
  if (first instanceof UsageError && completions.every(({ error }) => error instanceof UsageError))
    throw first;
}
