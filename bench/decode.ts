import { readFileSync } from "node:fs";
import { platform } from "node:os";
import { type Batch, type Llama, loadLlama, type Pointer } from "../src/models/gguf/ffi.ts";
import { gguf, type LocalModel } from "../src/models/gguf/index.ts";

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
const PROMPT =
  "Tom has 3 apples. Ida has 4 more apples than Tom. Max has twice as many as Ida. How many has Max?";
const PEER_BATCH = 2048;

/** llama.cpp by itself: a prompt evaluated once and copied, then `TOKENS` batches of one token per sequence,
 * with llama.cpp's own default parameters, and no sampling at all. */
interface Peer {
  /** Returns how many tokens it decoded. */
  run(): number;
  close(): void;
}

function createPeer(
  llama: Llama,
  model: Pointer,
  prompt: Int32Array,
  sequences: number,
  contextLength: number,
): Peer {
  const context = llama.createContext(model, {
    contextTokens: contextLength * sequences,
    sequences,
    batchTokens: PEER_BATCH,
    outputs: 0,
    threads: 1,
    unified: false,
    kvType: 1,
  });
  if (context === null) throw new Error("No memory for the peer.");
  const memory = llama.memory(context);
  const batch: Batch = llama.createBatch(PEER_BATCH);
  const decode = (tokens: number) => {
    if (llama.decode(context, batch, tokens) !== 0) throw new Error("llama_decode failed.");
    llama.logits(context, 1);
  };
  return {
    run() {
      for (let id = 0; id < sequences; id += 1) llama.cutSequence(memory, id, 0);
      prompt.forEach((token, i) => {
        batch.token[i] = token;
        batch.position[i] = i;
        batch.sequence[i] = 0;
        batch.output[i] = i === prompt.length - 1 ? 1 : 0;
      });
      decode(prompt.length);
      for (let id = 1; id < sequences; id += 1) llama.copySequence(memory, 0, id);
      for (let step = 0; step < TOKENS - 1; step += 1) {
        for (let id = 0; id < sequences; id += 1) {
          batch.token[id] = 40 + ((id * 31 + step * 17) % 60);
          batch.position[id] = prompt.length + step;
          batch.sequence[id] = id;
          batch.output[id] = 1;
        }
        decode(sequences);
      }
      return sequences * TOKENS;
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

async function generate(model: LocalModel, sequences: number, round: number): Promise<number> {
  const requests = Array.from({ length: sequences }, (_, index) => ({
    prompt: `${round} ${PROMPT}`,
    maxTokens: TOKENS,
    temperature: 1,
    seed: round * 1000 + index,
    position: `${index}`,
  }));
  const completions = await model.generate(requests);
  return completions.reduce((sum, { usage }) => sum + usage.outputTokens, 0);
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

function row(sequences: number, own: readonly Taken[], bare: readonly Taken[]): string {
  const ratios = own.map((run, round) => rate(run) / rate(bare[round]!));
  const cpu = [cpuRate(own), cpuRate(bare)] as const;
  return [
    String(sequences).padStart(9),
    median(own.map(rate)).toFixed(0).padStart(9),
    median(bare.map(rate)).toFixed(0).padStart(11),
    median(ratios).toFixed(2).padStart(7),
    cpu[0].toFixed(0).padStart(12),
    cpu[1].toFixed(0).padStart(11),
    (cpu[0] / cpu[1]).toFixed(2).padStart(7),
  ].join(" ");
}

/**
 * Prints decode speed of the adapter against llama.cpp's own, in turns, so that both meet the same machine; by
 * the wall clock and by processor time, which other programs on the machine disturb less.
 */
export async function benchDecode(options: DecodeOptions): Promise<void> {
  const { path, contextLength, rounds, print } = options;
  const llama = loadLlama();
  const model = llama.loadModel(path);
  if (model === null) throw new Error(`llama.cpp cannot load ${path}: ${llama.takeLog()}`);
  const prompt = llama.tokenize(llama.vocabulary(model), `1 ${PROMPT}\n`, false);
  print(
    `Decode: one process, one thread, ${TOKENS} tokens per sequence after a shared prompt of ${prompt.length}, ${rounds} rounds`,
  );
  print("sequences   adapter   llama.cpp   ratio   adapter/cpu   llama.cpp   ratio   (tokens per second)");
  for (const sequences of options.sequences) {
    const adapter = await gguf({ path, workers: 1, sequences: Math.max(2, sequences), contextLength });
    const peer = createPeer(llama, model, prompt, sequences, contextLength);
    const own: Taken[] = [];
    const bare: Taken[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      own.push(await time(adapter.pids(), () => generate(adapter, sequences, round)));
      bare.push(await time([], () => peer.run()));
    }
    // The first round warms caches and compilers.
    print(row(sequences, own.slice(1), bare.slice(1)));
    peer.close();
    await adapter.close();
  }
  llama.freeModel(model);
}
