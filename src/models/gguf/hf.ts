import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { UsageError } from "../../types.ts";

/** How a file is downloaded. */
export interface DownloadOptions {
  /** Told of progress and of what is reused, in plain words. */
  readonly tell?: (message: string) => void;
  /** Default: BEDACHT_CACHE, else bedacht's folder in XDG_CACHE_HOME, else in ~/.cache. */
  readonly cache?: string;
  /** Default: HF_ENDPOINT, else https://huggingface.co. */
  readonly endpoint?: string;
  /** Default: HF_TOKEN. */
  readonly token?: string;
  /** Default: the platform's. */
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
}

/** An `hf:` address, taken apart. */
export interface HfAddress {
  readonly repository: string;
  /** Exact file, when the address names one. */
  readonly file?: string;
  /** Quantisation, when the address names one ("Q4_K_M"). */
  readonly quantisation?: string;
}

interface Settings {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal | undefined;
  readonly tell: (message: string) => void;
}

const ATTEMPTS = 5;
const TELL_BYTES = 32 << 20;

/**
 * Takes `hf:USER/REPO:QUANT`, `hf:USER/REPO/FILE.gguf` or `hf:USER/REPO` apart.
 * @throws UsageError when it is none of them.
 */
export function parseHfAddress(address: string): HfAddress {
  const match = /^hf:([\w.-]+\/[\w.-]+?)(?:\/([\w./-]+\.gguf)|:([\w.-]+))?$/u.exec(address);
  if (match === null || match[0].includes("..")) {
    throw new UsageError(
      `"${address}" is not an hf: address; write hf:USER/REPO:QUANT or hf:USER/REPO/FILE.gguf.`,
    );
  }
  const [, repository, file, quantisation] = match;
  return {
    repository: repository!,
    ...(file === undefined ? {} : { file }),
    ...(quantisation === undefined ? {} : { quantisation }),
  };
}

/** Where downloads are kept: BEDACHT_CACHE, else bedacht's folder in XDG_CACHE_HOME, else in ~/.cache. */
export function cacheFolder(): string {
  const { BEDACHT_CACHE, XDG_CACHE_HOME } = process.env;
  return BEDACHT_CACHE ?? path.join(XDG_CACHE_HOME ?? path.join(homedir(), ".cache"), "bedacht");
}

function refuse(status: number, what: string): never {
  const advice =
    status === 401 || status === 403
      ? "set HF_TOKEN to a token that may read it"
      : status === 404
        ? "check the spelling of user, repository and file"
        : "try again later";
  throw new UsageError(`The server answered ${status} for ${what}; ${advice}.`);
}

/** Chooses a repository's file by quantisation. */
async function chooseFile(address: HfAddress, settings: Settings): Promise<string> {
  const { repository, quantisation = "Q4_K_M" } = address;
  const url = `${settings.endpoint}/api/models/${repository}`;
  const response = await settings.fetch(url, { headers: settings.headers, signal: settings.signal ?? null });
  if (!response.ok) refuse(response.status, repository);
  const { siblings = [] } = (await response.json()) as { siblings?: { rfilename: string }[] };
  const names = siblings.map(({ rfilename }) => rfilename).filter((name) => name.endsWith(".gguf"));
  const wanted = quantisation.toLowerCase();
  const whole = names.filter((name) => !/-\d{5}-of-\d{5}\.gguf$/u.test(name));
  const found = whole.find((name) =>
    path.basename(name, ".gguf").toLowerCase().split(/[-.]/u).includes(wanted),
  );
  const file = found ?? whole.find((name) => name.toLowerCase().includes(wanted));
  if (file !== undefined) return file;
  const offer = whole.length === 0 ? "it has no single-file GGUF" : `it has ${whole.join(", ")}`;
  throw new UsageError(`${repository} has no GGUF file for ${quantisation}; ${offer}.`);
}

/** What a half download was of, so that it is not continued with another file. */
interface Part {
  readonly etag: string | null;
  readonly size: number;
}

function readPart(file: string): Part | undefined {
  if (!existsSync(file) || !existsSync(`${file}.json`)) return undefined;
  return JSON.parse(readFileSync(`${file}.json`, "utf8")) as Part;
}

/** Total size from `Content-Range` or `Content-Length`. */
function totalSize(response: Response): number {
  const range = response.headers.get("content-range")?.split("/")[1];
  return Number(range ?? response.headers.get("content-length") ?? Number.NaN);
}

async function save(
  response: Response,
  part: string,
  from: number,
  size: number,
  settings: Settings,
): Promise<void> {
  let got = from;
  let told = from;
  const started = performance.now();
  const body = Readable.fromWeb(response.body as import("node:stream/web").ReadableStream);
  body.on("data", (chunk: Buffer) => {
    got += chunk.length;
    if (got - told < TELL_BYTES && got !== size) return;
    told = got;
    const rate = (got - from) / (performance.now() - started) / 1000;
    const left = Number.isFinite(size) ? ` of ${(size / 1e6).toFixed(0)}` : "";
    settings.tell(`${(got / 1e6).toFixed(0)}${left} MB, ${rate.toFixed(1)} MB/s`);
  });
  await pipeline(body, createWriteStream(part, { flags: from > 0 ? "a" : "w" }));
}

/** One attempt: continues the part file if it belongs to the same remote file. True once it is complete. */
async function attempt(url: string, part: string, settings: Settings): Promise<boolean> {
  const before = readPart(part);
  const from = before === undefined ? 0 : statSync(part).size;
  const range: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
  const response = await settings.fetch(url, {
    headers: { ...settings.headers, ...range },
    signal: settings.signal ?? null,
  });
  const etag = response.headers.get("x-linked-etag") ?? response.headers.get("etag");
  const changed = from > 0 && (response.status !== 206 || etag !== before?.etag);
  if (response.status === 416 || (changed && response.status === 206)) {
    await response.body?.cancel();
    rmSync(part);
    return false;
  }
  if (!response.ok) refuse(response.status, url);
  const start = changed ? 0 : from;
  const size = totalSize(response);
  writeFileSync(`${part}.json`, JSON.stringify({ etag, size } satisfies Part));
  await save(response, part, start, size, settings);
  return !Number.isFinite(size) || statSync(part).size === size;
}

/**
 * Returns the local path of an `hf:` address, downloading it into the cache the first time. An interrupted
 * download is continued, also by a later call.
 * @throws UsageError when the address is wrong, the server refuses, or the connection keeps breaking.
 */
export async function download(address: string, options: DownloadOptions = {}): Promise<string> {
  const parsed = parseHfAddress(address);
  const token = options.token ?? process.env.HF_TOKEN;
  const settings: Settings = {
    endpoint: (options.endpoint ?? process.env.HF_ENDPOINT ?? "https://huggingface.co").replace(/\/+$/u, ""),
    headers: token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` },
    fetch: options.fetch ?? fetch,
    signal: options.signal,
    tell: options.tell ?? (() => {}),
  };
  const cache = path.join(options.cache ?? cacheFolder(), "hf", ...parsed.repository.split("/"));
  try {
    const file = parsed.file ?? (await remembered(cache, parsed, settings));
    const target = path.join(cache, ...file.split("/"));
    if (existsSync(target)) return target;
    mkdirSync(path.dirname(target), { recursive: true });
    await fetchFile(`${settings.endpoint}/${parsed.repository}/resolve/main/${file}`, target, settings);
    return target;
  } catch (cause) {
    if (cause instanceof UsageError || options.signal?.aborted) throw cause;
    const why = ((cause as Error).cause as Error | undefined)?.message ?? (cause as Error).message;
    throw new UsageError(
      `Cannot download ${address}: ${why}; check the network, or download the file by hand.`,
      { cause },
    );
  }
}

/** The file behind a quantisation, asked once, so that a cached model needs no network. */
async function remembered(cache: string, address: HfAddress, settings: Settings): Promise<string> {
  const note = path.join(cache, `${address.quantisation ?? "default"}.name`);
  if (existsSync(note)) return readFileSync(note, "utf8");
  const file = await chooseFile(address, settings);
  mkdirSync(cache, { recursive: true });
  writeFileSync(note, file);
  return file;
}

async function fetchFile(url: string, target: string, settings: Settings): Promise<void> {
  const part = `${target}.part`;
  settings.tell(`downloading ${url}`);
  for (let left = ATTEMPTS; ; left -= 1) {
    const had = existsSync(part) ? statSync(part).size : 0;
    try {
      if (await attempt(url, part, settings)) break;
      if (left <= 1) throw new Error("the file arrived incomplete");
    } catch (error) {
      const progressed = existsSync(part) && statSync(part).size > had;
      if (error instanceof UsageError || settings.signal?.aborted || (left <= 1 && !progressed)) throw error;
      settings.tell("the connection broke; continuing");
    }
  }
  rmSync(`${part}.json`);
  renameSync(part, target);
}
