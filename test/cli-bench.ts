import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach } from "vitest";
import { type Loopback, type LoopbackCall, type LoopbackReply, startLoopback } from "./loopback.ts";
import { type Ended, type SpawnOptions, spawnCli } from "./spawn-cli.ts";

/** A folder for one test file, and servers that end with their test. */
export interface Bench {
  readonly folder: string;
  /** Writes a file into the folder and returns its path. */
  file(name: string, text: string | Uint8Array): string;
  serve(respond: (call: LoopbackCall) => LoopbackReply): Promise<Loopback>;
}

/** Sets a bench up; call it once, at the top of a test file. */
export function createBench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), "bedacht-cli-"));
  const open: Loopback[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((server) => server.close()));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  return {
    folder,
    file(name, text) {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    },
    async serve(respond) {
      const server = await startLoopback(respond);
      open.push(server);
      return server;
    },
  };
}

/** Says 42 twice as often as 41, whatever it is asked. */
export function mostly42({ index }: Pick<LoopbackCall, "index">): string {
  return `Let me see.\n#### ${index % 3 === 0 ? 41 : 42}`;
}

/** Runs `bedacht solve` with the server's model as the generator. */
export function solveOn(server: Loopback, args: readonly string[], options?: SpawnOptions): Promise<Ended> {
  return spawnCli(["solve", ...args, "--generator", `openai:scripted@${server.url}`], options);
}

/** What a run said to its user in sentences of its own. */
export function sentences({ stderr }: Ended): string[] {
  return stderr.split("\n").filter((line) => line.startsWith("bedacht: "));
}

/** Without what differs from run to run: times, the widths of their columns, the port. */
export function plain(text: string): string {
  return text
    .replace(/[\d.]+ s\b/g, "T s")
    .replace(/127.0.0.1:\d+/g, "HOST")
    .replace(/(?<=\S) {2,}/g, "  ");
}
