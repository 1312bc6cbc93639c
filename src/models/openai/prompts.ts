import { UsageError } from "../../types.ts";
import type { GenerateRequest, Message } from "../model.ts";
import { type Body, continued, type Endpoint, messagesOf } from "./body.ts";
import type { Rendered, Server } from "./server.ts";

/** Turns requests into prompts on the wire, and counts their tokens. */
export interface Prompts {
  readonly endpoint: Endpoint;
  /** A given prefix is continued exactly. */
  readonly continues: boolean;
  /** The prompt's fields of a request body. Throws `UsageError` for what this endpoint cannot express. */
  fields(request: GenerateRequest, signal: AbortSignal): Promise<Body>;
  countTokens(requests: readonly GenerateRequest[], signal: AbortSignal): Promise<readonly number[]>;
  /** The last count of a request, or an upper bound. */
  estimate(request: GenerateRequest): number;
}

interface PromptOptions {
  readonly mode?: "chat" | "raw" | "auto";
  readonly continues?: boolean;
}

/** Counts and rendered prompts to remember; a search asks for the same ones again and again. */
const REMEMBERED = 4096;
/** What a chat template may add to each message, and once per chat (a default system prompt), in tokens. */
const MARGIN = 64;

const UNCOUNTED = "the server did not count some prompts: they are reserved by their bytes";

/** One token is at least one byte in every tokenizer that falls back to bytes. */
function upperBound(request: GenerateRequest): number {
  const messages = messagesOf(request);
  const bytes = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  return bytes + Buffer.byteLength(request.prefix ?? "") + MARGIN * (messages.length + 1);
}

/** A prefix that templates which trim or rewrite messages would not leave alone. */
const PROBE = "2 + 3 = 5\n5 * 2 = ";

async function continuesChat(server: Server, signal: AbortSignal): Promise<boolean> {
  if (server.kind === "sglang") return true;
  const rendered = await server.render([{ role: "user", content: "2 + 3" }], PROBE, signal);
  return rendered?.text.endsWith(PROBE) ?? false;
}

/**
 * @param soon bounds the first questions
 * @param life ends with the model; questions that several calls share must not end with one of them
 */
export async function createPrompts(
  server: Server,
  options: PromptOptions,
  soon: AbortSignal,
  life: AbortSignal,
  note: (text: string) => void,
): Promise<Prompts> {
  const mode = options.mode ?? "auto";
  if (mode === "raw" && server.kind === "ollama") {
    throw new UsageError("Ollama puts every prompt into the chat template: use mode chat.");
  }
  const renders = (await server.render([{ role: "user", content: "2 + 3" }], "", soon)) !== undefined;
  const endpoint: Endpoint = mode === "raw" || (mode === "auto" && renders) ? "raw" : "chat";
  const continues = endpoint === "raw" || (options.continues ?? (await continuesChat(server, soon)));
  const rendered = remember<Promise<Rendered | undefined>>();
  const counts = remember<Promise<number | undefined>>();
  const counted = new WeakMap<GenerateRequest, number>();

  function render(messages: readonly Message[], prefix: string): Promise<Rendered | undefined> {
    const key = JSON.stringify([messages, prefix]);
    return rendered(key, () => server.render(messages, prefix, life));
  }

  /** What the tokenizer sees: the template's text for raw calls and for chats, or the plain prompt. */
  async function whole(request: GenerateRequest): Promise<Rendered | undefined> {
    const prefix = request.prefix ?? "";
    if (endpoint === "chat") return await render(messagesOf(request), prefix);
    if (mode === "raw" && typeof request.prompt === "string") {
      return { text: `${request.prompt}\n${prefix}`, fields: {} };
    }
    const start = await render(messagesOf(request), "");
    return start && { text: start.text + prefix, fields: start.fields };
  }

  async function count(request: GenerateRequest, signal: AbortSignal): Promise<number> {
    const asked = whole(request).then(
      (prompt) => prompt && counts(JSON.stringify(prompt), () => server.count(prompt, life)),
    );
    const known = await unlessAborted(asked, signal).catch(() => undefined);
    if (known === undefined && !signal.aborted) note(UNCOUNTED);
    const tokens = known ?? upperBound(request);
    counted.set(request, tokens);
    return tokens;
  }

  return {
    endpoint,
    continues,
    async fields(request, signal) {
      const prefix = request.prefix ?? "";
      if (endpoint === "raw") {
        const prompt = await unlessAborted(whole(request), signal);
        if (prompt === undefined) throw new UsageError("This server does not render chats: use mode chat.");
        return { prompt: prompt.text, ...prompt.fields };
      }
      if (prefix === "") return { messages: messagesOf(request) };
      if (!continues) {
        throw new UsageError(
          "This server does not continue a given answer in chat: use a strategy without steps.",
        );
      }
      return continued(messagesOf(request), prefix);
    },
    countTokens: (requests, signal) => Promise.all(requests.map((request) => count(request, signal))),
    estimate: (request) => counted.get(request) ?? upperBound(request),
  };
}

/** The answer, or the abort when that comes first. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Remembers the last results of an asynchronous question, failures not. */
function remember<T extends Promise<unknown>>(): (key: string, ask: () => T) => T {
  const known = new Map<string, T>();
  return (key, ask) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const answer = ask();
    known.set(key, answer);
    answer.then(
      (value) => value === undefined && known.delete(key),
      () => known.delete(key),
    );
    if (known.size > REMEMBERED) known.delete(known.keys().next().value!);
    return answer;
  };
}
