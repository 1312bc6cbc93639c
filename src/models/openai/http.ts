import { UsageError } from "../../types.ts";
import { TransientError } from "../errors.ts";
import { fields, text } from "./json.ts";
import { serverSentEvents } from "./sse.ts";

/** The server understood and said no (400, 404, 413, 422 ...): no retry mends it, another request may be fine. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Sends JSON to one server. The key goes to the origin of `baseUrl` and nowhere else. */
export interface Http {
  /** Without a slash at the end: "http://127.0.0.1:8080/v1". */
  readonly baseUrl: string;
  /** `baseUrl` without "/v1", for the server's own endpoints. */
  readonly rootUrl: string;
  /** Host and port, for people. */
  readonly host: string;
  /** The JSON of one answer. Throws `TransientError`, `RefusedError` or `UsageError`; an abort is rethrown. */
  json(url: string, body: unknown, signal: AbortSignal): Promise<unknown>;
  /** The JSON of each event of a stream, or of the whole answer when the server does not stream. */
  events(url: string, body: unknown, signal: AbortSignal): AsyncGenerator<unknown>;
}

export interface HttpOptions {
  /** "http://host:port" stands for "http://host:port/v1"; any other path is taken as it is. */
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
  /** Sent as a bearer token. */
  readonly key: string | undefined;
  /** Name of the variable that `key` came from, for messages. */
  readonly keyEnv: string;
}

const REDIRECTS = 3;
const TRANSIENT = new Set([408, 409, 425, 429]);

function parseUrl(baseUrl: string): URL {
  const url = URL.parse(baseUrl);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`"${baseUrl}" is not a server address: write it as http://127.0.0.1:8080/v1.`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError("A server address must not hold a user or a key: keys come from the environment.");
  }
  url.search = "";
  url.hash = "";
  return url;
}

/** Milliseconds of `retry-after-ms` or `retry-after`; a date counts from the server's own `date`. */
function retryAfterMs(headers: Headers): number | undefined {
  const ms = Number(headers.get("retry-after-ms") ?? Number.NaN);
  if (ms >= 0) return ms;
  const after = headers.get("retry-after");
  if (after === null) return undefined;
  const seconds = /^\s*\d+(\.\d+)?\s*$/.test(after) ? Number(after) : Number.NaN;
  const until = Number.isNaN(seconds)
    ? Date.parse(after) - Date.parse(headers.get("date") ?? "")
    : seconds * 1000;
  return Number.isNaN(until) ? undefined : Math.max(0, until);
}

/** The server's own message: `{ error: { message } }`, `{ error }`, `{ message }`, `{ detail }`. */
export function serverMessage(value: unknown): string | undefined {
  const body = fields(value);
  if (body === undefined) return text(value);
  const error = fields(body.error);
  return (
    text(error?.message) ??
    text(body.error) ??
    text(body.message) ??
    text(body.detail) ??
    (body.detail === undefined ? undefined : JSON.stringify(body.detail))
  );
}

function shorten(message: string): string {
  const line = message.replace(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)}...` : line;
}

function looksLikeHtml(response: Response, body: string): boolean {
  return /text\/html/i.test(response.headers.get("content-type") ?? "") || /^\s*<(!doctype|html)/i.test(body);
}

function notCompatible(url: string, got: string): Error {
  return new Error(`That is not an OpenAI-compatible server: got ${got} at ${url}. Check the address.`);
}

async function failure(response: Response, url: string, options: HttpOptions): Promise<Error> {
  const { status } = response;
  const body = await response.text().catch(() => "");
  let said: string | undefined;
  try {
    said = serverMessage(JSON.parse(body));
  } catch {
    said = looksLikeHtml(response, body) ? "an HTML page" : body;
  }
  const because = said === undefined || said.trim() === "" ? "" : `: ${shorten(said)}`;
  if (TRANSIENT.has(status) || status >= 500) {
    const message = `${url} answered ${status}${because}`;
    return new TransientError(message, { retryAfterMs: retryAfterMs(response.headers), unpaid: true });
  }
  if (status === 401 || status === 403) {
    const advice =
      options.key === undefined
        ? `put its key into the environment variable ${options.keyEnv}`
        : `check the key in the environment variable ${options.keyEnv}`;
    return new UsageError(`${url} refused access (${status}): ${advice}. It said${because || " nothing"}`);
  }
  return new RefusedError(`${url} refused the request (${status})${because}`, status);
}

/** Why a connection failed, from the chain of causes that fetch wraps. */
function connectionFailure(error: unknown, url: string): Error {
  let cause: unknown = error;
  let code: string | undefined;
  while (cause instanceof Error) {
    code ??= text((cause as { code?: unknown }).code);
    if (cause.cause === undefined) break;
    cause = cause.cause;
  }
  const { host } = new URL(url);
  if (code === "ECONNREFUSED") {
    return new TransientError(`Nothing answers at ${host}: start the server or mend the address.`, {
      cause,
      unpaid: true,
    });
  }
  if (code === "ENOTFOUND") return new UsageError(`There is no host ${host}: mend the address.`);
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TransientError(`The connection to ${host} failed: ${shorten(why)}`, { cause });
}

export function createHttp(options: HttpOptions): Http {
  const base = parseUrl(options.baseUrl);
  const path = base.pathname.replace(/\/+$/, "");
  const baseUrl = base.origin + (path === "" ? "/v1" : path);
  const headers: Record<string, string> = { accept: "application/json, text/event-stream" };
  if (options.key !== undefined) headers.authorization = `Bearer ${options.key}`;

  async function send(url: string, body: unknown, signal: AbortSignal): Promise<Response> {
    let target = url;
    for (let hop = 0; ; hop += 1) {
      const init: RequestInit = { headers, signal, redirect: "manual" };
      if (body !== undefined) {
        init.method = "POST";
        init.headers = { ...headers, "content-type": "application/json" };
        init.body = JSON.stringify(body);
      }
      let response: Response;
      try {
        response = await options.fetch(target, init);
      } catch (error) {
        if (signal.aborted) throw error;
        throw connectionFailure(error, target);
      }
      if (response.status < 300 || response.status >= 400) {
        if (response.ok) return response;
        throw await failure(response, target, options);
      }
      await response.body?.cancel();
      const next = URL.parse(response.headers.get("location") ?? "", target);
      if (next === null || next.origin !== base.origin || hop === REDIRECTS) {
        throw new UsageError(
          `${target} redirects to ${next?.href ?? "nowhere"}: point the address at the server itself.`,
        );
      }
      target = next.href;
    }
  }

  function parse(body: string, response: Response, url: string): unknown {
    try {
      return JSON.parse(body);
    } catch {
      throw notCompatible(url, looksLikeHtml(response, body) ? "HTML" : `"${shorten(body).slice(0, 40)}"`);
    }
  }

  async function whole(response: Response, url: string, signal: AbortSignal): Promise<unknown> {
    let body: string;
    try {
      body = await response.text();
    } catch (error) {
      if (signal.aborted) throw error;
      throw connectionFailure(error, url);
    }
    return parse(body, response, url);
  }

  return {
    baseUrl,
    rootUrl: baseUrl.replace(/\/v1$/, ""),
    host: base.host,
    async json(url, body, signal) {
      return await whole(await send(url, body, signal), url, signal);
    },
    async *events(url, body, signal) {
      const response = await send(url, body, signal);
      if (!/event-stream/i.test(response.headers.get("content-type") ?? "") || response.body === null) {
        yield await whole(response, url, signal);
        return;
      }
      try {
        for await (const data of serverSentEvents(response.body)) {
          if (data === "[DONE]") return;
          yield parseEvent(data, url);
        }
      } catch (error) {
        if (signal.aborted || error instanceof TransientError) throw error;
        throw connectionFailure(error, url);
      }
    },
  };
}

function parseEvent(data: string, url: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw new TransientError(`The stream from ${url} broke off in the middle of an event.`);
  }
}
