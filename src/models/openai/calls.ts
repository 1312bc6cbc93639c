import type { Clock } from "../../budget/clock.ts";
import { UsageError } from "../../types.ts";
import { TransientError } from "../errors.ts";
import type { CallOptions, Completion, GenerateRequest } from "../model.ts";
import { type Body, dispensable, requestBody } from "./body.ts";
import { type Collector, collect } from "./collect.ts";
import { type Http, RefusedError } from "./http.ts";
import type { Prompts } from "./prompts.ts";
import type { Server } from "./server.ts";

export interface CallsOptions {
  readonly http: Http;
  readonly server: Server;
  readonly prompts: Prompts;
  readonly model: string;
  readonly useN: boolean;
  readonly extra: Body;
  readonly note: (text: string) => void;
  readonly clock: Pick<Clock, "now">;
}

/** Sends requests and gathers completions. */
export interface Calls {
  /** Fields that the server has refused so far; they are left out from then on. */
  readonly refused: ReadonlySet<string>;
  generate(
    requests: readonly GenerateRequest[],
    options: CallOptions,
    signal: AbortSignal,
  ): Promise<readonly Completion[]>;
}

const SINGLE_CALLS = "the server ignores n: single calls";

export function createCalls(options: CallsOptions): Calls {
  const { http, server, prompts } = options;
  const refused = new Set<string>();
  // llama.cpp reports the usage of one of the n; its slots share the prompt between single calls anyway.
  let honoursN = options.useN && server.kind !== "llama.cpp";
  if (options.useN && !honoursN) options.note(SINGLE_CALLS);

  /** Sends, and again without a field when the server refuses one that a call can do without. */
  async function send(
    requests: readonly GenerateRequest[],
    prompt: Body,
    collector: Collector,
    signal: AbortSignal,
  ): Promise<void> {
    const request = requests[0]!;
    const { endpoint } = prompts;
    const url = `${http.baseUrl}/${endpoint === "chat" ? "chat/completions" : "completions"}`;
    for (;;) {
      const { extra, model } = options;
      const context = { kind: server.kind, model, n: requests.length, refused, extra };
      const body = requestBody(request, endpoint, prompt, context);
      try {
        for await (const event of http.events(url, body, signal)) collector.add(event);
        return;
      } catch (error) {
        const without = error instanceof RefusedError ? dispensable(error.message, body) : undefined;
        if (without === undefined) throw error;
        refused.add(without.field);
        options.note(without.note);
      }
    }
  }

  /** One call for requests that differ in position and seed only; `undefined` where the server sent none. */
  async function call(
    requests: readonly GenerateRequest[],
    indices: readonly number[],
    { onText }: CallOptions,
    signal: AbortSignal,
  ): Promise<(Completion | undefined)[]> {
    const start = options.clock.now();
    const collector = collect({
      requests,
      kind: server.kind,
      inputEstimate: prompts.estimate(requests[0]!),
      note: options.note,
      onText: (choice, delta) => onText?.(indices[choice]!, delta),
    });
    const timed = (completion: Completion | undefined) =>
      completion && { ...completion, ms: options.clock.now() - start };
    let sent = false;
    try {
      signal.throwIfAborted();
      const prompt = await prompts.fields(requests[0]!, signal);
      signal.throwIfAborted();
      sent = true;
      await send(requests, prompt, collector, signal);
      return collector.complete().map(timed);
    } catch (error) {
      if (signal.aborted) return collector.partial({ finish: "cancelled" }, !sent).map(timed);
      const failure = notFound(error as Error, options.model, server.models);
      return collector.partial({ finish: "error", error: failure }, !sent || unpaid(failure)).map(timed);
    }
  }

  async function single(
    request: GenerateRequest,
    index: number,
    callOptions: CallOptions,
    signal: AbortSignal,
  ): Promise<Completion> {
    const [completion] = await call([request], [index], callOptions, signal);
    return completion ?? EMPTY;
  }

  /** All requests of one group: by `n` while the server honours it, the missing ones by single calls. */
  async function group(
    requests: readonly GenerateRequest[],
    indices: readonly number[],
    callOptions: CallOptions,
    signal: AbortSignal,
  ): Promise<Completion[]> {
    const done = (completion: Completion, i: number) => {
      if (!(completion.error instanceof UsageError)) callOptions.onCompletion?.(indices[i]!, completion);
      return completion;
    };
    const many = honoursN && requests.length > 1;
    const first = many ? await call(requests, indices, callOptions, signal) : requests.map(() => undefined);
    const refusedN = many && first.every((completion) => completion?.error instanceof RefusedError);
    if (many && (refusedN || first.includes(undefined))) {
      honoursN = false;
      options.note(SINGLE_CALLS);
    }
    return await Promise.all(
      first.map(async (completion, i) =>
        completion === undefined || refusedN
          ? done(await single(requests[i]!, indices[i]!, callOptions, signal), i)
          : done(completion, i),
      ),
    );
  }

  return {
    refused,
    async generate(requests, callOptions, signal) {
      const completions: Completion[] = [];
      await Promise.all(
        groups(requests, honoursN).map(async (indices) => {
          const members = indices.map((index) => requests[index]!);
          const results = await group(members, indices, callOptions, signal);
          results.forEach((completion, i) => {
            completions[indices[i]!] = completion;
          });
        }),
      );
      return completions;
    },
  };
}

const EMPTY: Completion = {
  text: "",
  finish: "error",
  usage: { inputTokens: 0, outputTokens: 0 },
  error: new Error("The server sent no completion."),
};

/** Indices of requests that may share one call: all alone, or by everything but position and seed. */
function groups(requests: readonly GenerateRequest[], together: boolean): number[][] {
  if (!together) return requests.map((_, index) => [index]);
  const found = new Map<string, number[]>();
  requests.forEach((request, index) => {
    const { position: _, seed: __, ...shared } = request;
    const key = JSON.stringify(shared);
    found.set(key, [...(found.get(key) ?? []), index]);
  });
  return [...found.values()];
}

/** A model that the server does not have is the caller's mistake. */
function notFound(error: Error, model: string, models: readonly string[]): Error {
  if (!(error instanceof RefusedError) || error.status !== 404) return error;
  const has = models.length === 0 ? "" : ` The server has: ${models.slice(0, 10).join(", ")}.`;
  return new UsageError(`${error.message} Check the address and the model "${model}".${has}`);
}

/** Errors that say that nothing was generated. */
function unpaid(error: Error): boolean {
  return (
    error instanceof RefusedError ||
    error instanceof UsageError ||
    (error instanceof TransientError && error.unpaid)
  );
}
