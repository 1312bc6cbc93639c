import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { buildLlamaServer } from "./build.ts";

const empty = mkdtempSync(join(tmpdir(), "bedacht-build-"));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(empty, { recursive: true });
});

test("a machine without the tools gets a reason, not an error", async () => {
  vi.stubEnv("XDG_CACHE_HOME", empty);
  vi.stubEnv("PATH", empty);
  const said: string[] = [];
  expect(await buildLlamaServer((line) => said.push(line))).toEqual({
    reason: "llama-server is built with git, which is missing here",
  });
  expect(said).toEqual([]);
});
