import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a client asked for. */
export interface LoopbackCall {
  readonly prompt: string;
  readonly seed: number;
  readonly maxTokens: number;
  /** Calls before this one, whatever they asked. */
  readonly index: number;
}

/** A text to answer with, or a failure to play. `delayMs` passes between the pieces of a text. */
export type LoopbackReply =
  | string
  | { readonly text: string; readonly delayMs: number }
  | { readonly status: number; readonly body: string; readonly headers?: Record<string, string> }
  | { readonly hang: true }
  | { readonly half: string };

/** A small OpenAI-compatible server on a free port of this machine, for tests of whole programs. */
export interface Loopback {
  /** Ends in "/v1". */
  readonly url: string;
  /** Generations that were asked for, in order. */
  readonly calls: readonly LoopbackCall[];
  close(): Promise<void>;
}

/** Starts the server. A token is a word with the space before it. */
export async function startLoopback(respond: (call: LoopbackCall) => LoopbackReply): Promise<Loopback> {
  const calls: LoopbackCall[] = [];
  const server = createServer((request, response) => {
    serve(request, response, calls, respond).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    calls,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

interface Body {
  readonly prompt?: string;
  readonly messages?: readonly { readonly content: string }[];
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly seed?: number;
  readonly stream?: boolean;
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  calls: LoopbackCall[],
  respond: (call: LoopbackCall) => LoopbackReply,
): Promise<void> {
  let text = "";
  for await (const chunk of request) text += chunk;
  if (request.url === "/v1/models")
    return send(response, 200, { object: "list", data: [{ id: "scripted", object: "model" }] });
  const chat = request.url === "/v1/chat/completions";
  if (!chat && request.url !== "/v1/completions")
    return send(response, 404, { error: { message: "no such route" } });
  const body = JSON.parse(text) as Body;
  const call = {
    prompt: body.prompt ?? (body.messages ?? []).map((message) => message.content).join("\n"),
    seed: body.seed ?? 0,
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? 16,
    index: calls.length,
  };
  calls.push(call);
  const reply = respond(call);
  if (typeof reply === "object" && "hang" in reply) return;
  if (typeof reply === "object" && "status" in reply) {
    response
      .writeHead(reply.status, { "content-type": "application/json", ...reply.headers })
      .end(reply.body);
    return;
  }
  await answer(response, call, body.stream === true, chat, reply);
}

async function answer(
  response: ServerResponse,
  call: LoopbackCall,
  stream: boolean,
  chat: boolean,
  reply: string | { text: string; delayMs: number } | { half: string },
): Promise<void> {
  const full = typeof reply === "string" ? reply : "half" in reply ? reply.half : reply.text;
  const words = full.match(/\s*\S+|\s+$/g) ?? [];
  const pieces = words.slice(0, call.maxTokens);
  const finish = pieces.length < words.length ? "length" : "stop";
  const prompt_tokens = (call.prompt.match(/\S+/g) ?? []).length;
  const usage = {
    prompt_tokens,
    completion_tokens: pieces.length,
    total_tokens: prompt_tokens + pieces.length,
  };
  const base = {
    id: "loopback",
    object: chat ? "chat.completion" : "text_completion",
    created: 0,
    model: "scripted",
  };
  const choice = (piece: string, finish_reason: string | null, key: "delta" | "message") => ({
    index: 0,
    ...(chat ? { [key]: { role: "assistant", content: piece } } : { text: piece }),
    finish_reason,
  });
  if (!stream)
    return send(response, 200, { ...base, choices: [choice(pieces.join(""), finish, "message")], usage });
  response.writeHead(200, { "content-type": "text/event-stream" });
  const event = (data: unknown) => response.write(`data: ${JSON.stringify(data)}\n\n`);
  for (const piece of pieces) {
    if (typeof reply === "object" && "delayMs" in reply)
      await new Promise((resolve) => setTimeout(resolve, reply.delayMs));
    if (response.destroyed) return;
    event({ ...base, choices: [choice(piece, null, "delta")] });
  }
  if (typeof reply === "object" && "half" in reply) {
    response.destroy();
    return;
  }
  event({ ...base, choices: [choice("", finish, "delta")] });
  event({ ...base, choices: [], usage });
  response.end("data: [DONE]\n\n");
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
