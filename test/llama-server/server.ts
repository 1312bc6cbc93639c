import { spawn } from "node:child_process";

/** A llama-server of this test run. */
export interface LlamaServer {
  /** "http://127.0.0.1:PORT". */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts llama-server on a free port of the loopback address and waits until it answers.
 * One thread per default: ggml's threads wait for each other by spinning.
 *
 * @param path the server's executable
 * @param model a GGUF file
 * @param options more command-line options
 */
export async function startLlamaServer(
  path: string,
  model: string,
  options: readonly string[] = [],
): Promise<LlamaServer> {
  const fixed = ["--model", model, "--host", "127.0.0.1", "--port", "0", "--threads", "1", "--no-warmup"];
  const child = spawn(path, [...fixed, ...options], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let log = "";
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      log += chunk.toString();
      const found = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(log)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("error", reject);
    child.once("close", () => reject(new Error(`llama-server ended at once: ${log.slice(-2000)}`)));
  });
  return {
    url,
    async close() {
      process.off("exit", kill);
      kill();
      await exited;
    },
  };
}
