import type { GenerateRequest, Message } from "../model.ts";
import type { ServerKind } from "./server.ts";

/** Which of the two endpoints a request takes. */
export type Endpoint = "chat" | "raw";

/** A request body; keys are the wire's own. */
export type Body = Readonly<Record<string, unknown>>;

/** What the adapter knows when it writes a body. */
export interface BodyContext {
  readonly kind: ServerKind;
  readonly model: string;
  /** Completions asked of one call. */
  readonly n: number;
  /** Fields that this server has refused. */
  readonly refused: ReadonlySet<string>;
  /** The caller's own fields, which win. */
  readonly extra: Body;
}

/**
 * Samplers off, so that temperature and topP mean what they say: llama.cpp defaults to top-k 40 and min-p
 * .05, vLLM and SGLang to what the model's generation_config.json says.
 */
const NEUTRAL: Readonly<Record<ServerKind, Body>> = {
  "llama.cpp": { top_k: 0, min_p: 0, typical_p: 1, repeat_penalty: 1 },
  vllm: { top_k: -1, min_p: 0, repetition_penalty: 1 },
  sglang: { top_k: -1, min_p: 0, repetition_penalty: 1 },
  ollama: {},
  unknown: {},
};

/** Messages of a request: a plain prompt is one message of the user. */
export function messagesOf(request: GenerateRequest): readonly Message[] {
  return typeof request.prompt === "string" ? [{ role: "user", content: request.prompt }] : request.prompt;
}

/** A chat whose last message the model goes on with, as vLLM, SGLang and llama.cpp write it. */
export function continued(messages: readonly Message[], prefix: string): Body {
  return {
    messages: [...messages, { role: "assistant", content: prefix }],
    continue_final_message: true,
    add_generation_prompt: false,
  };
}

/** llama.cpp streams the log-probability of the last token of each piece only, so it must not stream them. */
export function streams(request: GenerateRequest, kind: ServerKind): boolean {
  return !(kind === "llama.cpp" && request.logprobs === true);
}

function streaming(request: GenerateRequest, kind: ServerKind): Body {
  if (!streams(request, kind)) return { stream: false };
  const usage = { include_usage: true };
  const running = kind === "vllm" || kind === "sglang";
  return { stream: true, stream_options: running ? { ...usage, continuous_usage_stats: true } : usage };
}

function limit(maxTokens: number, endpoint: Endpoint, kind: ServerKind): Body {
  // Old servers know only the first, reasoning models of hosted services only the second.
  return endpoint === "chat" && kind === "unknown"
    ? { max_tokens: maxTokens, max_completion_tokens: maxTokens }
    : { max_tokens: maxTokens };
}

function logprobs(request: GenerateRequest, endpoint: Endpoint, kind: ServerKind): Body {
  if (request.logprobs !== true) return {};
  // llama.cpp reads 0 as "none at all".
  const top = Math.max(request.topLogprobs ?? 0, kind === "llama.cpp" ? 1 : 0);
  return endpoint === "raw" ? { logprobs: top } : { logprobs: true, top_logprobs: top };
}

/** What only llama.cpp understands: counts while it runs, and which stop text ended a completion. */
function llamaCpp(request: GenerateRequest, kind: ServerKind): Body {
  if (kind !== "llama.cpp") return {};
  const counts = { timings_per_token: true };
  if (request.stop === undefined || request.stop.length === 0) return counts;
  return { ...counts, verbose: true, response_fields: ["stop_type", "stopping_word"] };
}

/** Servers that end thinking at a limit themselves. */
export function limitsThinking(kind: ServerKind): boolean {
  return kind === "llama.cpp" || kind === "vllm";
}

/**
 * A limit of the thinking. vLLM knows the markers from its own options, and counts what the prompt holds. For a raw
 * prompt llama.cpp must be told the markers, and that the prompt ends inside of them; then it counts from there.
 */
function thinking({ thinking: limit }: GenerateRequest, prompt: Body, kind: ServerKind): Body {
  if (limit === undefined || !limitsThinking(kind)) return {};
  const { open, close, tokens, before = 0 } = limit;
  if (kind === "vllm") return { thinking_token_budget: before + tokens };
  if (typeof prompt.prompt !== "string") return { reasoning_budget_tokens: tokens };
  const thinks = prompt.prompt.lastIndexOf(open) > prompt.prompt.lastIndexOf(close);
  return {
    reasoning_budget_tokens: tokens,
    reasoning_budget_start_tag: open,
    reasoning_budget_end_tags: [close],
    reasoning_budget_message: "",
    ...(thinks && { generation_prompt: open }),
  };
}

/** The body of one call, without the fields that the server has refused. */
export function requestBody(
  request: GenerateRequest,
  endpoint: Endpoint,
  prompt: Body,
  context: BodyContext,
): Body {
  const { kind } = context;
  const body: Record<string, unknown> = {
    model: context.model,
    ...prompt,
    temperature: request.temperature,
    top_p: request.topP ?? 1,
    seed: request.seed,
    ...limit(request.maxTokens, endpoint, kind),
    ...(request.stop === undefined || request.stop.length === 0 ? {} : { stop: request.stop }),
    ...(context.n > 1 ? { n: context.n } : {}),
    ...streaming(request, kind),
    ...logprobs(request, endpoint, kind),
    ...NEUTRAL[kind],
    ...llamaCpp(request, kind),
    ...thinking(request, prompt, kind),
    ...context.extra,
  };
  for (const field of context.refused) delete body[field];
  return body;
}

/** Fields that a call can do without, and the sentence that says what is lost. */
const DISPENSABLE: readonly (readonly [field: string, note: string])[] = [
  ["stream_options", "the server refuses stream_options: tokens are estimated where it sends no usage"],
  ["top_logprobs", "the server refuses top_logprobs: no alternatives of a token"],
  ["logprobs", "the server refuses logprobs: no log-probabilities"],
  ["seed", "the server refuses seed: samples cannot be repeated"],
  ["thinking_token_budget", "the server refuses thinking_token_budget: thinking is ended by one more call"],
  ["max_tokens", "the server wants max_completion_tokens instead of max_tokens"],
  ["max_completion_tokens", "the server wants max_tokens instead of max_completion_tokens"],
];

const UNSUPPORTED =
  /unsupported|(not|n.t) (be )?support|unrecogni[sz]ed|unknown|unexpected|not (permitted|allowed|available|configured|implemented)|extra (inputs|fields)/i;

/** The field that a refusal names and that can be left out, with a sentence for the receipt. */
export function dispensable(
  message: string,
  body: Body,
): { readonly field: string; readonly note: string } | undefined {
  if (!UNSUPPORTED.test(message)) return undefined;
  const limits = ["max_tokens", "max_completion_tokens"];
  for (const [field, note] of DISPENSABLE) {
    if (!(field in body) || !new RegExp(`(?<!\\w)${field}(?!\\w)`).test(message)) continue;
    // One of the two limits must stay, or nothing bounds the call.
    if (limits.includes(field) && !limits.every((name) => name in body)) continue;
    return { field, note };
  }
  if (body.temperature === 1 && /(?<!\w)temperature(?!\w)/.test(message)) {
    return { field: "temperature", note: "the server refuses temperature: it samples at its own" };
  }
  return body.top_p === 1 && /(?<!\w)top_p(?!\w)/.test(message)
    ? { field: "top_p", note: "the server refuses top_p" }
    : undefined;
}
