import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../types.ts";
import type { FromWorker, Loaded, LoadOptions, ToWorker, WorkerEvent } from "./protocol.ts";

/** One worker process, started when first needed and again after it died. */
export interface Worker {
  /** Requests in flight. */
  load: number;
  /** Starts the process if none runs; resolves once the model is loaded. */
  start(): Promise<Loaded>;
  send(message: ToWorker): void;
  /** Process id, while one runs. */
  readonly pid: number | undefined;
  close(): Promise<void>;
}

export interface WorkerHandlers {
  readonly onEvents: (worker: Worker, events: readonly WorkerEvent[]) => void;
  /** The process died: what it was doing is lost. */
  readonly onDeath: (worker: Worker, why: string) => void;
}

/** Deaths in a row, without a finished request between them, after which it is not started again. */
const MOST_DEATHS = 2;
const TAIL = 2000;

/** Beside this file: TypeScript in the sources, JavaScript in the package. */
function workerFile(): string {
  const name = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Lets a process that waits for nothing else end, although a worker stands by. */
function setHold(child: ChildProcess, hold: boolean): void {
  const pipe = child.stderr as unknown as { ref(): void; unref(): void } | null;
  const method = hold ? "ref" : "unref";
  child[method]();
  child.channel?.[method]();
  pipe?.[method]();
}

/** A worker for one model. Nothing is started yet. */
export function createWorker(options: LoadOptions, handlers: WorkerHandlers): Worker {
  let child: ChildProcess | undefined;
  let ready: Promise<Loaded> | undefined;
  let load = 0;
  let deaths = 0;
  let closing = false;

  const launch = (): Promise<Loaded> => {
    const started = fork(workerFile(), [], {
      execArgv: [],
      // Its backtrace would start a debugger and take seconds.
      env: { ...process.env, GGML_NO_BACKTRACE: "1" },
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    child = started;
    let tail = "";
    started.stderr?.on("data", (data: Buffer) => {
      tail = (tail + data.toString()).slice(-TAIL);
    });
    return new Promise((resolve, reject) => {
      started.on("message", (message: FromWorker) => {
        if (message.type === "loaded") {
          setHold(started, load > 0);
          resolve(message.info);
        } else if (message.type === "failed") {
          reject(new UsageError(message.message));
          started.kill();
        } else {
          deaths = 0;
          handlers.onEvents(worker, message.events);
        }
      });
      started.on("error", reject);
      started.on("exit", (code, signal) => {
        if (child === started) {
          child = undefined;
          ready = undefined;
        }
        const line = tail.trim().split("\n").at(-1);
        const why = `The process that ran ${options.path} ended (${signal ?? `exit code ${code}`}${line ? `: ${line}` : ""})`;
        deaths += 1;
        reject(new UsageError(`${why}; the file may not fit this build of llama.cpp.`));
        if (!closing) handlers.onDeath(worker, `${why}.`);
      });
      started.send({ type: "load", options } satisfies ToWorker);
    });
  };

  const worker: Worker = {
    get load() {
      return load;
    },
    set load(value) {
      load = value;
      if (child !== undefined) setHold(child, value > 0);
    },
    get pid() {
      return child?.pid;
    },
    start() {
      if (closing) return Promise.reject(new UsageError("The model was closed; open it again."));
      if (ready === undefined && deaths >= MOST_DEATHS) {
        return Promise.reject(
          new UsageError(
            `The process that runs ${options.path} died ${deaths} times in a row; it is not started again.`,
          ),
        );
      }
      ready ??= launch();
      return ready;
    },
    send: (message) => void child?.send(message),
    async close() {
      closing = true;
      const running = child;
      if (running === undefined) return;
      const ended = new Promise<void>((resolve) => running.once("exit", () => resolve()));
      setHold(running, true);
      running.disconnect();
      await ended;
    },
  };
  return worker;
}
