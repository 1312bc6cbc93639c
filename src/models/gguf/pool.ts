import { type Usage, UsageError } from "../../types.ts";
import { type Assigner, createAssigner } from "./assign.ts";
import { createWorker, type Worker } from "./process.ts";
import type { Loaded, LoadOptions, ToWorker, WireItem, WorkerEvent } from "./protocol.ts";

/** How one batch is sent and answered. */
export interface Batch<Request, Value> {
  /** What each request shares with others; see {@link Assigner}. */
  readonly keys: readonly string[];
  readonly requests: readonly Request[];
  /** The message that carries some of the requests; each is answered by an event with a {@link Value}. */
  readonly message: (call: number, items: readonly WireItem<Request>[]) => ToWorker;
  /** The answer of a request whose worker died (another attempt may succeed) or cannot start (it will not). */
  readonly lost: (why: string, usage: Usage, transient: boolean) => Value;
  readonly onText?: (index: number, delta: string) => void;
  /** Told of each answer as it comes, lost ones included. */
  readonly onAnswer?: (index: number, value: Value, worker: number, ms: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Several workers with the same model. */
export interface Pool {
  /** Loads the model in the first worker; the others follow when there is work for them. */
  open(): Promise<Loaded>;
  /** One answer per request, in order. Never rejects. */
  run<Request, Value>(batch: Batch<Request, Value>): Promise<Value[]>;
  readonly assigner: Assigner;
  readonly pids: readonly number[];
  close(): Promise<void>;
}

interface Pending {
  readonly worker: Worker;
  readonly index: number;
  usage: Usage;
  readonly settle: (value: unknown) => void;
  readonly lose: (why: string, usage: Usage, transient: boolean) => void;
  readonly onText: ((index: number, delta: string) => void) | undefined;
}

const nothing: Usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0 };

export function createPool(options: LoadOptions, count: number): Pool {
  const assigner = createAssigner();
  const pending = new Map<string, Pending>();
  let calls = 0;

  const settle = (id: string): Pending | undefined => {
    const waiting = pending.get(id);
    if (waiting === undefined) return undefined;
    pending.delete(id);
    waiting.worker.load -= 1;
    return waiting;
  };

  const onEvent = (event: WorkerEvent): void => {
    const id = `${event.call}/${event.index}`;
    if (event.type === "text") pending.get(id)?.onText?.(event.index, event.delta);
    else if (event.type === "progress") {
      const waiting = pending.get(id);
      if (waiting !== undefined) waiting.usage = event.usage;
    } else settle(id)?.settle(event.value);
  };

  const lose = (worker: Worker, why: string): void => {
    assigner.forget(workers.indexOf(worker));
    for (const [id, waiting] of [...pending]) {
      if (waiting.worker === worker) settle(id)?.lose(why, waiting.usage, true);
    }
  };

  const workers: readonly Worker[] = Array.from({ length: count }, () =>
    createWorker(options, {
      onEvents: (_, events) => events.forEach(onEvent),
      onDeath: lose,
    }),
  );

  /** Sends its part of a batch to one worker, once that runs. */
  const dispatch = async (
    worker: Worker,
    ids: readonly string[],
    message: ToWorker,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    try {
      await worker.start();
      worker.send(message);
      if (signal?.aborted && message.type !== "load") worker.send({ type: "cancel", call: message.call });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      for (const id of ids) settle(id)?.lose(why, nothing, !(error instanceof UsageError));
    }
  };

  const run = async <Request, Value>(batch: Batch<Request, Value>): Promise<Value[]> => {
    const call = calls++;
    const started = performance.now();
    const chosen = assigner.assign(
      batch.keys,
      workers.map(({ load }) => load),
    );
    const answers = batch.requests.map(
      (_, index) =>
        new Promise<Value>((resolve) => {
          const at = chosen[index]!;
          const worker = workers[at]!;
          worker.load += 1;
          const done = (value: Value) => {
            batch.onAnswer?.(index, value, at, performance.now() - started);
            resolve(value);
          };
          pending.set(`${call}/${index}`, {
            worker,
            index,
            usage: nothing,
            settle: (value) => done(value as Value),
            lose: (why, usage, transient) => done(batch.lost(why, usage, transient)),
            onText: batch.onText,
          });
        }),
    );
    workers.forEach((worker, at) => {
      const mine = chosen.flatMap((to, index) => (to === at ? [index] : []));
      if (mine.length === 0) return;
      const items = mine.map((index) => ({ index, request: batch.requests[index]! }));
      const ids = mine.map((index) => `${call}/${index}`);
      void dispatch(worker, ids, batch.message(call, items), batch.signal);
    });
    const abort = () => {
      for (const worker of new Set(chosen)) workers[worker]!.send({ type: "cancel", call });
    };
    batch.signal?.addEventListener("abort", abort, { once: true });
    const values = await Promise.all(answers);
    batch.signal?.removeEventListener("abort", abort);
    return values;
  };

  return {
    open: () => workers[0]!.start(),
    run,
    assigner,
    get pids() {
      return workers.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
      for (const worker of workers) lose(worker, "The model was closed.");
    },
  };
}
