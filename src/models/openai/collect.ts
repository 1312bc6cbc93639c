import type { Usage } from "../../types.ts";
import { TransientError } from "../errors.ts";
import type { Completion, Finish, GenerateRequest, TokenLogprob } from "../model.ts";
import { serverMessage } from "./http.ts";
import { count, type Fields, fields, list, number, text } from "./json.ts";
import type { ServerKind } from "./server.ts";

/** One completion as it grows. */
interface Choice {
  text: string;
  /** Pieces that arrived, those of hidden reasoning included. */
  pieces: number;
  finish: string | undefined;
  /** What ended it, as vLLM (`stop_reason`), SGLang (`matched_stop`) and llama.cpp (`stopping_word`) say. */
  stoppedBy: string | undefined;
  logprobs: TokenLogprob[] | undefined;
}

function newChoice(): Choice {
  return { text: "", pieces: 0, finish: undefined, stoppedBy: undefined, logprobs: undefined };
}

export interface CollectOptions {
  /** The requests that one call serves; more than one when the server was asked for `n`. */
  readonly requests: readonly GenerateRequest[];
  readonly kind: ServerKind;
  /** Input tokens to assume where the server says nothing. */
  readonly inputEstimate: number;
  /** Choice `index` has a new piece of text. */
  readonly onText: (index: number, delta: string) => void;
  /** A sentence for the receipt. */
  readonly note: (text: string) => void;
}

/** Gathers the events of one call into its completions. */
export interface Collector {
  /** Throws what the event reports. */
  add(event: unknown): void;
  /** Completions in order of the requests; `undefined` where the server sent none. */
  complete(): (Completion | undefined)[];
  /** Completions of a call that was cut short, with what is known to have been spent; nothing, when `unpaid`. */
  partial(cut: Pick<Completion, "finish" | "error">, unpaid: boolean): Completion[];
}

const NOTHING: Usage = { inputTokens: 0, outputTokens: 0 };
const ESTIMATE = "the server did not say what some calls took: their tokens are an estimate";
const SPLIT = "the server gives one sum for n completions: each one's share is an estimate";
const INCOMPLETE =
  "the server leaves log-probabilities out (llama.cpp: inside characters of several tokens): such completions have none";

export function collect(options: CollectOptions): Collector {
  const { requests, kind } = options;
  const choices: (Choice | undefined)[] = requests.map(() => undefined);
  let usage: Fields | undefined;
  let timings: Fields | undefined;

  function usages(): Usage[] {
    const total = reportedUsage(usage, requests.length === 1 ? timings : undefined);
    const guesses = choices.map((choice, i) => outputEstimate(choice, requests[i]!));
    if (total === undefined) {
      options.note(ESTIMATE);
      return guesses.map((outputTokens, i) => ({
        inputTokens: i === 0 ? options.inputEstimate : 0,
        outputTokens,
      }));
    }
    if (requests.length > 1) options.note(SPLIT);
    return share(total, guesses);
  }

  return {
    add(event) {
      const body = fields(event);
      if (body !== undefined && body.error !== undefined && body.error !== null) throw streamError(body);
      const parts = list(body?.choices);
      if (body === undefined || (parts === undefined && body.usage === undefined)) {
        throw new Error(
          "That is not an OpenAI-compatible server: its JSON has no choices. Check the address.",
        );
      }
      usage = fields(body.usage) ?? usage;
      timings = fields(body.timings) ?? timings;
      for (const part of parts ?? []) addChoice(fields(part), fields(body.__verbose));
    },
    complete() {
      const spent = usages();
      return choices.map((choice, i) => {
        if (choice === undefined) return undefined;
        const end = ending(choice, requests[i]!, kind);
        const usage = spent[i]!;
        if (lacksLogprobs(choice, end.finish, usage)) {
          choice.logprobs = undefined;
          options.note(INCOMPLETE);
        }
        return { ...end, ...texts(choice), usage };
      });
    },
    partial(cut, unpaid) {
      const spent = unpaid ? undefined : usages();
      return requests.map((_, i) => ({ ...cut, ...texts(choices[i]), usage: spent?.[i] ?? NOTHING }));
    },
  };

  function addChoice(part: Fields | undefined, verbose: Fields | undefined): void {
    if (part === undefined) return;
    const index = count(part.index) ?? 0;
    if (index >= choices.length) return;
    const choice = choices[index] ?? newChoice();
    choices[index] = choice;
    const message = fields(part.delta) ?? fields(part.message);
    const delta = text(message?.content) ?? text(part.text) ?? "";
    const hidden = text(message?.reasoning_content) ?? text(message?.reasoning) ?? "";
    if (delta !== "" || hidden !== "") choice.pieces += 1;
    const logprobs = tokenLogprobs(part.logprobs);
    if (logprobs !== undefined) choice.logprobs = [...(choice.logprobs ?? []), ...logprobs];
    choice.finish = text(part.finish_reason) ?? choice.finish;
    choice.stoppedBy =
      text(part.stop_reason) ??
      text(part.matched_stop) ??
      (verbose?.stop_type === "word" ? text(verbose.stopping_word) : undefined) ??
      choice.stoppedBy;
    if (delta === "") return;
    choice.text += delta;
    options.onText(index, delta);
  }
}

function texts(choice: Choice | undefined): Pick<Completion, "text" | "logprobs"> {
  return {
    text: choice?.text ?? "",
    ...(choice?.logprobs === undefined ? {} : { logprobs: choice.logprobs }),
  };
}

/** Sums over some tokens only would mislead. After a stop text it cannot be seen: servers trim its tokens. */
function lacksLogprobs({ logprobs }: Choice, finish: Finish, { outputTokens }: Usage): boolean {
  const missing = outputTokens - (logprobs?.length ?? outputTokens);
  return (finish === "length" && missing > 0) || (finish === "end" && missing > 1);
}

function streamError(body: Fields): Error {
  const error = fields(body.error);
  const message = `The server broke off: ${serverMessage(body) ?? "it did not say why"}`;
  const status = number(error?.code) ?? 500;
  return status >= 400 && status < 500 && status !== 429 ? new Error(message) : new TransientError(message);
}

/** How a choice ended. Servers that tell why make "end" and "stop" exact; for others "stop" has no stopText. */
function ending(
  choice: Choice,
  request: GenerateRequest,
  kind: ServerKind,
): { finish: Finish; stopText?: string; error?: Error } {
  switch (choice.finish) {
    case "length":
      return { finish: "length" };
    case "content_filter":
      return { finish: "error", error: new Error("The server's content filter withheld the completion.") };
    case "abort":
    case "error":
      return { finish: "error", error: new TransientError("The server gave the generation up.") };
    case undefined:
      return { finish: "error", error: new TransientError("The stream ended before the completion did.") };
  }
  const stop = request.stop ?? [];
  if (choice.stoppedBy !== undefined && stop.includes(choice.stoppedBy)) {
    return { finish: "stop", stopText: choice.stoppedBy };
  }
  const tells = kind === "vllm" || kind === "sglang" || kind === "llama.cpp";
  return { finish: stop.length === 0 || tells ? "end" : "stop" };
}

/** From `usage`, else from llama.cpp's timings. */
function reportedUsage(usage: Fields | undefined, timings: Fields | undefined): Usage | undefined {
  const [input, output] = [count(usage?.prompt_tokens), count(usage?.completion_tokens)];
  if (input !== undefined && output !== undefined) {
    const cached = count(fields(usage?.prompt_tokens_details)?.cached_tokens);
    const reasoning = count(fields(usage?.completion_tokens_details)?.reasoning_tokens);
    return {
      inputTokens: input,
      ...(cached === undefined ? {} : { cachedTokens: Math.min(cached, input) }),
      outputTokens: output,
      ...(reasoning === undefined ? {} : { reasoningTokens: Math.min(reasoning, output) }),
    };
  }
  const [fresh, reused] = [count(timings?.prompt_n), count(timings?.cache_n)];
  const predicted = count(timings?.predicted_n);
  if (fresh === undefined || reused === undefined || predicted === undefined) return undefined;
  return { inputTokens: fresh + reused, cachedTokens: reused, outputTokens: predicted };
}

function outputEstimate(choice: Choice | undefined, request: GenerateRequest): number {
  if (choice === undefined) return 0;
  if (choice.finish === "length") return request.maxTokens;
  // Servers may put several tokens into a piece: four bytes are at least one token in common tokenizers.
  const tokens =
    choice.logprobs?.length ?? Math.max(choice.pieces, Math.ceil(Buffer.byteLength(choice.text) / 4));
  return Math.min(tokens, request.maxTokens);
}

/** One call's usage over its completions: the prompt was paid once, the output in proportion. */
function share(total: Usage, guesses: readonly number[]): Usage[] {
  const sum = guesses.reduce((a, b) => a + b, 0);
  let [seen, given] = [0, 0];
  return guesses.map((guess, i) => {
    seen += guess;
    const last = i === guesses.length - 1;
    const upTo = last || sum === 0 ? total.outputTokens : Math.round((total.outputTokens * seen) / sum);
    const outputTokens = upTo - given;
    given = upTo;
    return i === 0 ? { ...total, outputTokens } : { inputTokens: 0, outputTokens };
  });
}

/** Both shapes: chat's `content: [{ token, logprob, top_logprobs }]` and the older parallel arrays. */
function tokenLogprobs(value: unknown): TokenLogprob[] | undefined {
  const content = list(fields(value)?.content);
  if (content !== undefined) return content.flatMap((entry) => fromEntry(fields(entry)));
  const tokens = list(fields(value)?.tokens);
  const probabilities = list(fields(value)?.token_logprobs);
  const tops = list(fields(value)?.top_logprobs);
  return tokens?.flatMap((token, i) =>
    fromEntry({ token, logprob: probabilities?.[i], top_logprobs: fromMap(fields(tops?.[i])) }),
  );
}

function fromMap(map: Fields | undefined): Fields[] | undefined {
  return map && Object.entries(map).map(([token, logprob]) => ({ token, logprob }));
}

function fromEntry(entry: Fields | undefined): TokenLogprob[] {
  const [token, logprob] = [text(entry?.token), number(entry?.logprob)];
  if (token === undefined || logprob === undefined) return [];
  const top = list(entry?.top_logprobs)
    ?.flatMap((other) => fromEntry(fields(other)))
    .map((other) => ({ token: other.token, logprob: other.logprob }))
    .sort((a, b) => b.logprob - a.logprob);
  return [{ token, logprob: Math.min(logprob, 0), ...(top === undefined ? {} : { top }) }];
}
