/** The process that owns one engine: a crash in native code ends it, and not the caller. */
import { createEngine, type Engine } from "./engine.ts";
import { createPrompter, type Prompter } from "./prompt.ts";
import type {
  FromWorker,
  LoadOptions,
  ToWorker,
  WireItem,
  WireRead,
  WireRequest,
  WorkerEvent,
} from "./protocol.ts";
import { GenerateTask, type ReadMemory, ReadTask, type Task, type WireReading } from "./tasks.ts";

/** Milliseconds between reports of what running tasks have cost, for the case that this process dies. */
const PROGRESS_MS = 100;

interface Running {
  readonly call: number;
  readonly index: number;
  readonly task: Task;
}

const send = (message: FromWorker) => void process.send?.(message);
const reason = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Readings that are remembered; the oldest is forgotten first. */
const REMEMBERED = 8192;

function readMemory(): ReadMemory {
  const known = new Map<string, readonly number[]>();
  return {
    get: (key) => known.get(key),
    set(key, probabilities) {
      known.set(key, probabilities);
      if (known.size > REMEMBERED) known.delete(known.keys().next().value ?? "");
    },
  };
}

function serve(
  engine: Engine,
  prompter: Prompter,
  memory: ReadMemory | undefined,
): (message: ToWorker) => void {
  let events: WorkerEvent[] = [];
  let running: Running[] = [];
  let looping = false;
  let reported = performance.now();

  const progress = (): void => {
    running = running.filter(({ task }) => !task.done);
    if (performance.now() - reported < PROGRESS_MS) return;
    reported = performance.now();
    for (const { call, index, task } of running)
      events.push({ type: "progress", call, index, usage: task.usage });
  };

  const loop = (): void => {
    engine.step();
    progress();
    if (events.length > 0) send({ type: "events", events });
    events = [];
    looping = engine.busy;
    if (looping) setImmediate(loop);
  };

  const wake = (): void => {
    if (looping) return;
    looping = true;
    setImmediate(loop);
  };

  const add = (call: number, index: number, task: Task): void => {
    running.push({ call, index, task });
    if (!task.done) engine.add(task);
  };

  const generate = (call: number, { index, request }: WireItem<WireRequest>, stream: boolean): void => {
    const tokens = prompter.tokens(request.prompt, request.prefix);
    const onText = (delta: string) => void events.push({ type: "text", call, index, delta });
    const task = new GenerateTask(tokens, engine.room, request, engine.vocabulary, {
      ...(stream ? { onText } : {}),
      onDone: (value) => void events.push({ type: "completion", call, index, value }),
    });
    const problem = unfit(tokens.length, engine.room);
    if (problem !== undefined) task.stop(problem);
    else if (request.maxTokens <= 0) task.end();
    add(call, index, task);
  };

  const read = (call: number, { index, request }: WireItem<WireRead>): void => {
    const onDone = (value: WireReading) => void events.push({ type: "reading", call, index, value });
    try {
      const { tokens, rows } = prompter.rows(request.prompt, request.text, request.offsets);
      const ids = request.tokens.map((text) => prompter.single(text));
      const task = new ReadTask(tokens, rows, ids, engine.vocabulary.sampler, onDone, memory);
      const problem = rows.length === 0 ? undefined : unfit(task.count, engine.room + 1);
      if (problem !== undefined) task.stop(problem);
      else if (rows.length === 0) onDone({ probabilities: [], ...nothing() });
      if (rows.length > 0) add(call, index, task);
    } catch (error) {
      onDone({ ...nothing(), error: reason(error) });
    }
  };

  const counted = (call: number, index: number, value: number) =>
    void events.push({ type: "counted", call, index, value });

  return (message) => {
    if (message.type === "generate")
      for (const item of message.items) generate(message.call, item, message.stream);
    if (message.type === "read") for (const item of message.items) read(message.call, item);
    if (message.type === "count") {
      for (const { index, request } of message.items) {
        counted(message.call, index, prompter.tokens(request.prompt, request.prefix).length);
      }
    }
    if (message.type === "countRead") {
      for (const { index, request } of message.items) {
        const { rows } = prompter.rows(request.prompt, request.text, request.offsets);
        counted(message.call, index, (rows.at(-1) ?? -1) + 1);
      }
    }
    if (message.type === "cancel")
      for (const { call, task } of running) if (call === message.call) task.stop();
    wake();
  };
}

function nothing() {
  return { usage: { inputTokens: 0, cachedTokens: 0, outputTokens: 0 } };
}

/** Why a prompt of `tokens` tokens cannot be continued in a sequence of `room`. */
function unfit(tokens: number, room: number): string | undefined {
  if (tokens === 0) return "The prompt has no tokens; send some text.";
  if (tokens < room) return undefined;
  return `The prompt has ${tokens} tokens and the context holds ${room}; shorten the prompt or raise contextLength.`;
}

function load(options: LoadOptions): (message: ToWorker) => void {
  const engine = createEngine(options);
  const prompter = createPrompter(engine.llama, engine.model, options);
  send({
    type: "loaded",
    info: { room: engine.room, mode: prompter.mode, unknownTemplate: prompter.unknownTemplate },
  });
  return serve(engine, prompter, options.shareKv ? readMemory() : undefined);
}

let handle: ((message: ToWorker) => void) | undefined;

process.on("message", (message: ToWorker) => {
  try {
    if (message.type === "load") handle = load(message.options);
    else handle?.(message);
  } catch (error) {
    send({ type: "failed", message: reason(error) });
  }
});
process.on("disconnect", () => process.exit());
// An interrupt at the terminal reaches the whole group; the caller decides when this process ends.
process.on("SIGINT", () => {});
