import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UsageError } from "../../types.ts";
import { download, parseHfAddress } from "./hf.ts";

const bytes = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251));

let server: Server;
let endpoint: string;
let cache: string;
let asked: IncomingMessage[];
/** Bytes sent before the connection is cut, one per request; then the rest is sent whole. */
let cuts: number[];
let etag: string;
let content: Buffer;
let respond: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;

/** Resolves once the client has written so many bytes to its unfinished file: only those survive a broken connection. */
async function whenKept(count: number): Promise<void> {
  const kept = () =>
    readdirSync(cache, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".part"))
      .reduce((sum, name) => sum + statSync(path.join(cache, name)).size, 0);
  while (count > 0 && kept() < count) await new Promise((resolve) => setTimeout(resolve, 5));
}

beforeEach(async () => {
  [asked, cuts, etag, content, respond] = [[], [], '"one"', bytes, undefined];
  cache = mkdtempSync(path.join(tmpdir(), "hf-"));
  server = createServer((request, response) => {
    asked.push(request);
    if (respond?.(request, response)) return;
    if (request.url === "/api/models/me/tiny") {
      const names = ["README.md", "tiny-Q8_0.gguf", "tiny.Q4_K_M.gguf"];
      response.end(JSON.stringify({ siblings: names.map((rfilename) => ({ rfilename })) }));
      return;
    }
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const rest = content.subarray(from);
    const range =
      from > 0 ? { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` } : {};
    response.writeHead(from > 0 ? 206 : 200, { "content-length": rest.length, etag, ...range });
    const cut = cuts.shift();
    if (cut === undefined) response.end(rest);
    else
      response.write(rest.subarray(0, cut), () => void whenKept(from + cut).then(() => response.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  rmSync(cache, { recursive: true });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe("download", () => {
  it("continues where the connection broke, and asks nothing the second time", async () => {
    cuts = [100_000, 50_000];
    const told: string[] = [];
    const tell = (message: string) => void told.push(message);
    const file = await download("hf:me/tiny:Q8_0", { cache, endpoint, token: "secret", tell });
    expect(readFileSync(file).equals(bytes)).toBe(true);
    expect(path.basename(file)).toBe("tiny-Q8_0.gguf");
    expect(existsSync(`${file}.part`)).toBe(false);
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(Array(4).fill("Bearer secret"));
    expect(asked.map(({ headers }) => headers.range !== undefined)).toEqual([false, false, true, true]);
    expect(told.some((message) => message.includes("connection broke"))).toBe(true);
    expect(await download("hf:me/tiny:Q8_0", { cache, endpoint })).toBe(file);
    expect(asked).toHaveLength(4);
  });

  it("continues a download that an earlier program began", async () => {
    cuts = Array(9).fill(0);
    cuts[0] = 120_000;
    const address = "hf:me/tiny/tiny-Q8_0.gguf";
    await expect(download(address, { cache, endpoint })).rejects.toThrow(UsageError);
    cuts = [];
    asked = [];
    expect(readFileSync(await download(address, { cache, endpoint })).equals(bytes)).toBe(true);
    expect(asked[0]!.headers.range).toMatch(/^bytes=[1-9]/);
  });

  it("begins again when the file behind the address has changed meanwhile", async () => {
    cuts = Array(9).fill(0);
    cuts[0] = 120_000;
    const address = "hf:me/tiny/tiny-Q8_0.gguf";
    await expect(download(address, { cache, endpoint })).rejects.toThrow(UsageError);
    [cuts, etag, content] = [[], '"two"', Buffer.from(bytes).reverse()];
    expect(readFileSync(await download(address, { cache, endpoint })).equals(content)).toBe(true);
  });

  it.each([
    [401, /HF_TOKEN/],
    [404, /spelling/],
    [503, /try again later/],
  ])("says what to do about %d", async (status, message) => {
    respond = (_, response) => {
      response.writeHead(status).end();
      return true;
    };
    await expect(download("hf:me/tiny:Q8_0", { cache, endpoint })).rejects.toThrow(message);
  });

  it("names what a repository has instead of what was asked", async () => {
    await expect(download("hf:me/tiny:Q2_K", { cache, endpoint })).rejects.toThrow(/tiny-Q8_0\.gguf/);
  });
});

describe("parseHfAddress", () => {
  it("takes the three forms apart and refuses others", () => {
    expect(parseHfAddress("hf:a/b-1.5:Q4_K_M")).toEqual({ repository: "a/b-1.5", quantisation: "Q4_K_M" });
    expect(parseHfAddress("hf:a/b/sub/c.gguf")).toEqual({ repository: "a/b", file: "sub/c.gguf" });
    expect(parseHfAddress("hf:a/b")).toEqual({ repository: "a/b" });
    for (const wrong of ["hf:a", "hf:a/b/../../c.gguf", "a/b:Q4", "hf:a/b/c.bin", "hf:"]) {
      expect(() => parseHfAddress(wrong)).toThrow(UsageError);
    }
  });
});
