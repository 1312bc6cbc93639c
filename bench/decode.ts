import { readFileSync } from "node:fs";
import { platform } from "node:os";
import { kvTypes } from "../src/models/gguf/engine.ts";
import { type Batch, type Llama, loadLlama, type Pointer } from "../src/models/gguf/ffi.ts";
import { gguf, ggufFacts, type LocalModel, readGgufHeader } from "../src/models/gguf/index.ts";
import { quickKvType } from "../src/models/gguf/shape.ts";

export interface DecodeOptions {
  readonly path: string;
  /** Numbers of sequences to compare at. */
  readonly sequences: readonly number[];
  readonly rounds: number;
  readonly contextLength: number;
  readonly print: (line: string) => void;
}

/** Tokens generated per sequence. */
const TOKENS = 96;
/** Requests per sequence: enough of them that the last ones, which leave sequences idle, count little. */
const wavesOf = (sequences: number) => Math.min(16, Math.max(4, 128 / sequences));
const PROMPT =
  "Tom has 3 apples. Ida has 4 more apples than Tom. Max has twice as many as Ida. How many has Max?";
const PEER_BATCH = 2048;

/** llama.cpp by itself: a prompt evaluated once and copied, then batches of one token per sequence, with
 * llama.cpp's own default parameters but for the threads, and no sampling at all. */
interface Peer {
  /** Decodes `tokens` per sequence and returns how many that were. */
  run(tokens: number): number;
  close(): void;
}

function createPeer(
  llama: Llama,
  model: Pointer,
  prompt: Int32Array,
  sequences: number,
  { contextLength, kvType }: { readonly contextLength: number; readonly kvType: "f16" | "bf16" },
): Peer {
  const context = llama.createContext(model, {
    contextTokens: contextLength * sequences,
    sequences,
    batchTokens: PEER_BATCH,
    outputs: 0,
    threads: 1,
    unified: false,
    kvType: kvTypes[kvType],
  });
  if (context === null) throw new Error("No memory for the peer.");
  const memory = llama.memory(context);
  const batch: Batch = llama.createBatch(PEER_BATCH);
  const decode = (tokens: number) => {
    if (llama.decode(context, batch, tokens) !== 0) throw new Error("llama_decode failed.");
    llama.logits(context, 1);
  };
  return {
    run(tokens) {
      for (let id = 0; id < sequences; id += 1) llama.cutSequence(memory, id, 0);
      prompt.forEach((token, i) => {
        batch.token[i] = token;
        batch.position[i] = i;
        batch.sequence[i] = 0;
        batch.output[i] = i === prompt.length - 1 ? 1 : 0;
      });
      decode(prompt.length);
      for (let id = 1; id < sequences; id += 1) llama.copySequence(memory, 0, id);
      for (let step = 0; step < tokens - 1; step += 1) {
        for (let id = 0; id < sequences; id += 1) {
          batch.token[id] = 40 + ((id * 31 + step * 17) % 60);
          batch.position[id] = prompt.length + step;
          batch.sequence[id] = id;
          batch.output[id] = 1;
        }
        decode(sequences);
      }
      return sequences * tokens;
    },
    close: () => llama.freeContext(context),
  };
}

/** What one run took. */
interface Taken {
  readonly tokens: number;
  readonly seconds: number;
  /** Processor time of all processes involved; `undefined` where the platform does not tell. */
  readonly cpuSeconds: number | undefined;
}

/** Processor seconds of a process so far, from Linux's /proc in ticks of 10 ms. */
function processSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Runs something and takes its times, those of the given processes included. */
async function time(pids: readonly number[], run: () => Promise<number> | number): Promise<Taken> {
  const told = platform() === "linux";
  const children = () => (told ? pids.reduce((sum, pid) => sum + processSeconds(pid), 0) : 0);
  const [own, others, started] = [process.cpuUsage(), children(), performance.now()];
  const tokens = await run();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(own);
  return { tokens, seconds, cpuSeconds: told ? (user + system) / 1e6 + children() - others : undefined };
}

/** Several requests per sequence, so that one that ended is followed by the next, as in a search of many samples. */
async function generate(model: LocalModel, sequences: number, round: number): Promise<number> {
  const requests = Array.from({ length: sequences * wavesOf(sequences) }, (_, index) => ({
    prompt: `${round} ${PROMPT}`,
    maxTokens: TOKENS,
    temperature: 1,
    seed: round * 1000 + index,
    position: `${index}`,
  }));
  const batches = sequences === 1 ? requests.map((request) => [request]) : [requests];
  let tokens = 0;
  for (const batch of batches)
    for (const { usage } of await model.generate(batch)) tokens += usage.outputTokens;
  return tokens;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

const rate = ({ tokens, seconds }: Taken) => tokens / seconds;

/** Tokens per processor second over all runs; short runs are below the clock's resolution. */
function cpuRate(runs: readonly Taken[]): number {
  const tokens = runs.reduce((sum, run) => sum + run.tokens, 0);
  return tokens / runs.reduce((sum, { cpuSeconds = Number.NaN }) => sum + cpuSeconds, 0);
}

function waves(peer: Peer, count: number, tokens: number): number {
  let decoded = 0;
  for (let wave = 0; wave < count; wave += 1) decoded += peer.run(Math.round(tokens / count));
  return decoded;
}

/** One line: the wall clock against the default peer, processor time against both. */
function row(
  sequences: number,
  own: readonly Taken[],
  bare: readonly Taken[],
  alike: readonly Taken[],
): string {
  const ratios = own.map((run, round) => rate(run) / rate(bare[round]!));
  const cpu = cpuRate(own);
  const cells: [number, number][] = [
    [median(own.map(rate)), 0],
    [median(bare.map(rate)), 0],
    [median(ratios), 2],
    [cpu, 0],
    [cpuRate(bare), 0],
    [cpu / cpuRate(bare), 2],
    [cpuRate(alike), 0],
    [cpu / cpuRate(alike), 2],
  ];
  return [sequences.toFixed(0), ...cells.map(([value, digits]) => value.toFixed(digits))]
    .map((cell) => cell.padStart(9))
    .join("");
}

function heading(prompt: number, rounds: number, kvType: string): string {
  return [
    `Decode: one process, one thread, up to ${TOKENS} tokens per sequence after a shared prompt of ${prompt}, ${rounds} rounds.`,
    "Tokens per second by the wall clock, then per second of processor time; llama.cpp with its default KV cache",
    `(F16), and last with the adapter's (${kvType.toUpperCase()}).`,
    ["sequences", "adapter", "llama", "ratio", "adapter", "llama", "ratio", "llama", "ratio"]
      .map((cell) => cell.padStart(9))
      .join(""),
  ].join("\n");
}

/**
 * Prints decode speed of the adapter against llama.cpp's own, in turns, so that both meet the same machine; by
 * the wall clock and by processor time, which other programs on the machine disturb less. The peers decode as
 * many tokens per sequence as the adapter's sequences had on average.
 */
export async function benchDecode(options: DecodeOptions): Promise<void> {
  const { path, contextLength, rounds, print } = options;
  const llama = loadLlama();
  const model = llama.loadModel(path);
  if (model === null) throw new Error(`llama.cpp cannot load ${path}: ${llama.takeLog()}`);
  const prompt = llama.tokenize(llama.vocabulary(model), `1 ${PROMPT}\n`, false);
  const kvType = quickKvType(ggufFacts(readGgufHeader(path)));
  print(heading(prompt.length, rounds, kvType));
  for (const sequences of options.sequences) {
    const adapter = await gguf({ path, workers: 1, sequences: Math.max(2, sequences), contextLength });
    const peers = (["f16", kvType] as const).map((type) =>
      createPeer(llama, model, prompt, sequences, { contextLength, kvType: type }),
    );
    const own: Taken[] = [];
    const others: Taken[][] = [[], []];
    for (let round = 0; round <= rounds; round += 1) {
      const taken = await time(adapter.pids(), () => generate(adapter, sequences, round));
      own.push(taken);
      for (const [place, peer] of peers.entries())
        others[place]!.push(await time([], () => waves(peer, wavesOf(sequences), taken.tokens / sequences)));
    }
    // The first round warms caches and compilers.
    print(row(sequences, own.slice(1), others[0]!.slice(1), others[1]!.slice(1)));
    for (const peer of peers) peer.close();
    await adapter.close();
  }
  llama.freeModel(model);
}
