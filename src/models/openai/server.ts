import { UsageError } from "../../types.ts";
import type { Message } from "../model.ts";
import { continued } from "./body.ts";
import { type Http, RefusedError } from "./http.ts";
import { count, type Fields, fields, list, text } from "./json.ts";

/** Servers with endpoints of their own that bedacht uses; every other one is "unknown". */
export type ServerKind = "llama.cpp" | "vllm" | "sglang" | "ollama" | "unknown";

/** A prompt rendered by the server's chat template. */
export interface Rendered {
  readonly text: string;
  /** Fields that a raw completion of it needs: whether the tokenizer adds its own special tokens. */
  readonly fields: Fields;
}

/** What a server told about itself. Asking costs no tokens. */
export interface Server {
  readonly kind: ServerKind;
  /** Names of the models that it lists. */
  readonly models: readonly string[];
  /** Tokens of one sequence. */
  readonly contextLength: number | undefined;
  /** Requests that it evaluates at once; `undefined` when it does not say. */
  readonly slots: number | undefined;
  /** Changes when the server says that another model is behind the name. */
  readonly mark: string;
  /** Renders a chat, and `prefix` behind it; `undefined` when the server has no endpoint for it. */
  render(messages: readonly Message[], prefix: string, signal: AbortSignal): Promise<Rendered | undefined>;
  /** Tokens of a rendered prompt; `undefined` when the server has no endpoint for it. */
  count(rendered: Rendered, signal: AbortSignal): Promise<number | undefined>;
}

const OWNERS: Readonly<Record<string, ServerKind>> = {
  llamacpp: "llama.cpp",
  vllm: "vllm",
  sglang: "sglang",
  library: "ollama",
};

/** What the endpoint answers, or `undefined` when the server does not have it or cannot serve it. */
async function ask(
  http: Http,
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<Fields | undefined> {
  try {
    return fields(await http.json(http.rootUrl + path, body, signal));
  } catch (error) {
    if (error instanceof RefusedError || error instanceof UsageError) return undefined;
    throw error;
  }
}

/** Reads `/v1/models` and picks the endpoints. A server without it is "unknown". Throws `UsageError` when
 * nothing answers, access is refused, or the answer is not JSON.
 * @param extra the caller's own fields, of which `chat_template_kwargs` matters for rendering */
export async function probeServer(
  http: Http,
  model: string,
  extra: Fields,
  signal: AbortSignal,
): Promise<Server> {
  const entries = await listModels(http, signal);
  const entry = entries.find(({ id }) => id === model) ?? (entries.length === 1 ? entries[0] : undefined);
  const kind = OWNERS[text(entry?.owned_by ?? entries[0]?.owned_by) ?? ""] ?? "unknown";
  const meta = fields(entry?.meta);
  const { created: _, ...stable } = entry ?? {};
  const { chat_template_kwargs } = extra;
  const props = kind === "llama.cpp" ? await ask(http, "/props", undefined, signal) : undefined;
  const common: Fields = { model, ...(chat_template_kwargs === undefined ? {} : { chat_template_kwargs }) };
  return {
    kind,
    models: entries.flatMap(({ id }) => text(id) ?? []),
    contextLength: count(entry?.max_model_len) ?? count(meta?.n_ctx) ?? count(meta?.n_ctx_train),
    slots: count(props?.total_slots),
    mark: JSON.stringify(kind === "llama.cpp" ? stable : [entry?.id, entry?.root]),
    render: RENDER[kind]?.(http, common) ?? (async () => undefined),
    count: COUNT[kind]?.(http, common) ?? (async () => undefined),
  };
}

async function listModels(http: Http, signal: AbortSignal): Promise<Fields[]> {
  const url = `${http.baseUrl}/models`;
  let answer: unknown;
  try {
    answer = await http.json(url, undefined, signal);
  } catch (error) {
    if (error instanceof RefusedError) return [];
    if (error instanceof UsageError) throw error;
    const why = signal.aborted ? `${url} did not answer in time` : (error as Error).message;
    throw new UsageError(why);
  }
  const data = list(fields(answer)?.data);
  if (data === undefined) {
    throw new UsageError(
      `That is not an OpenAI-compatible server: ${url} lists no models. Check the address.`,
    );
  }
  return data.map(fields).filter((entry) => entry !== undefined);
}

type Render = Server["render"];
type Count = Server["count"];

/** llama.cpp renders without the token that its tokenizer puts in front. */
function renderLlamaCpp(http: Http, common: Fields): Render {
  return async (messages, prefix, signal) => {
    const chat = prefix === "" ? { messages } : continued(messages, prefix);
    const answer = await ask(http, "/apply-template", { ...common, ...chat }, signal);
    const prompt = text(answer?.prompt);
    return prompt === undefined ? undefined : { text: prompt, fields: {} };
  };
}

/** vLLM tokenises a chat and turns tokens into text; together they render, special tokens included. */
function renderVllm(http: Http, common: Fields): Render {
  return async (messages, prefix, signal) => {
    const chat = prefix === "" ? { messages, add_generation_prompt: true } : continued(messages, prefix);
    const tokens = list((await ask(http, "/tokenize", { ...common, ...chat }, signal))?.tokens);
    if (tokens === undefined) return undefined;
    const prompt = text((await ask(http, "/detokenize", { ...common, tokens }, signal))?.prompt);
    return prompt === undefined ? undefined : { text: prompt, fields: { add_special_tokens: false } };
  };
}

function countLlamaCpp(http: Http, common: Fields): Count {
  return async (rendered, signal) => {
    const body = { ...common, content: rendered.text, add_special: true, parse_special: true };
    return list((await ask(http, "/tokenize", body, signal))?.tokens)?.length;
  };
}

function countVllm(http: Http, common: Fields): Count {
  return async (rendered, signal) => {
    const body = { ...common, prompt: rendered.text, ...rendered.fields };
    return count((await ask(http, "/tokenize", body, signal))?.count);
  };
}

const RENDER: Readonly<Partial<Record<ServerKind, (http: Http, common: Fields) => Render>>> = {
  "llama.cpp": renderLlamaCpp,
  vllm: renderVllm,
};

const COUNT: Readonly<Partial<Record<ServerKind, (http: Http, common: Fields) => Count>>> = {
  "llama.cpp": countLlamaCpp,
  vllm: countVllm,
};
