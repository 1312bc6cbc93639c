import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { type Loopback, startLoopback } from "../../test/loopback.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const hasScript =
  spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") ?? false;
const open: Loopback[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.close())));

/** Runs bedacht on a pseudo-terminal, with util-linux's `script`; what it shows, control codes included. */
function onTerminal(args: readonly string[], env: Record<string, string>): Promise<string> {
  const quoted = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(" ");
  const child = spawn("script", ["-qec", quoted, "/dev/null"], {
    env: { ...process.env, TERM: "xterm", NO_COLOR: "", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  });
  return new Promise((resolve) => child.on("close", () => resolve(text)));
}

describe("the live display", () => {
  async function run(env: Record<string, string>, ...more: string[]): Promise<string | undefined> {
    if (!hasScript) {
      console.log("skipped: no util-linux script here to make a terminal");
      return undefined;
    }
    const server = await startLoopback(({ index }) => ({
      text: `#### ${index > 0 ? 42 : 41}`,
      delayMs: 150,
    }));
    open.push(server);
    return onTerminal(["solve", "p", "--n", "3", "--generator", `openai:m@${server.url}`, ...more], env);
  }

  it("redraws one region in place and leaves only the result", async () => {
    const text = await run({});
    if (text === undefined) return;
    expect(text).toMatch(/majority {2}░+ 0\/3 candidates/);
    expect(text).toContain("\x1b[4A");
    const after = text.slice(text.lastIndexOf("\x1b[J") + 3);
    expect(after.split("\r\n")[0]).toBe("\x1b[1mAnswer:\x1b[22m \x1b[1m42\x1b[22m");
  });

  it("honours NO_COLOR", async () => {
    const text = await run({ NO_COLOR: "1" });
    if (text !== undefined) expect(text).not.toContain("\x1b[1m");
  });

  it("writes plain lines on a terminal that cannot move its cursor, and nothing with --quiet", async () => {
    const dumb = await run({ TERM: "dumb" });
    if (dumb !== undefined) expect(dumb).not.toContain("\x1b");
    const quiet = await run({}, "--quiet");
    if (quiet !== undefined) expect(quiet).not.toContain("candidates,");
    expect(quiet ?? "").not.toContain("░");
  });
});
