import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));

/** How a run of the command line ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a run gets beside its arguments. */
export interface SpawnOptions {
  /** Text of standard input. Default: empty. */
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the process once it runs, and again with each piece of its output. */
  readonly watch?: (child: ChildProcess, output: string) => void;
}

/** Runs the real command line in a process of its own, from its sources. */
export function spawnCli(args: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, ...args], {
    env: { ...process.env, NO_COLOR: "1", OPENAI_API_KEY: "", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const watch = () => options.watch?.(child, stdout + stderr);
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    watch();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    watch();
  });
  child.stdin.on("error", () => {});
  child.stdin.end(options.stdin ?? "");
  watch();
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
