import { appendFileSync, existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Clock, systemClock } from "../src/budget/clock.ts";
import { TransientError } from "../src/models/errors.ts";
import type { GenerateRequest, Model } from "../src/models/model.ts";
import { type Reply, scripted } from "../src/models/scripted.ts";
import { wrap } from "../src/models/wrap.ts";
import { type Rng, rng } from "../src/random.ts";
import { solve } from "../src/solve.ts";
import type { StrategyPlan } from "../src/strategies/strategy.ts";
import type { Result } from "../src/types.ts";
import type { Score, ScoreRequest, Verifier } from "../src/verifiers/verifier.ts";

/** Told by the models themselves what they serve: a call starts, and it ends with a result. */
export type Log = (event: "start" | "end", position: string) => void;

/** How many milliseconds an attempt takes: about ten on average. */
export type Pace = (position: string, attempt: number) => number;

/** A few steps and an answer, all from the request; some attempts fail. */
function reply(request: GenerateRequest, attempt: number, pace: Pace): Reply {
  const random = rng(request.seed).split(request.position, attempt);
  const delayMs = pace(request.position, attempt);
  if (random.next() < 0.15) return { text: "half of", delayMs, error: new TransientError("busy") };
  if (random.next() < 0.03) return { text: "half", delayMs, error: new Error("bad") };
  const written = (request.prefix ?? "").split("\n").length;
  const steps = Array.from(
    { length: Math.max(0, 3 - written) },
    (_, i) => `step ${i} is ${random.int(1, 9)}\n`,
  );
  return { text: `${steps.join("")}#### ${random.int(1, 4)}`, delayMs };
}

/** Tells the log of every call that is really served. */
function logged(model: Model, log: Log): Model {
  return wrap(model, (requests, options = {}) => {
    for (const { position } of requests) log("start", position);
    return model.generate(requests, {
      ...options,
      onCompletion(index, completion) {
        if (completion.finish !== "error") log("end", requests[index]!.position);
        options.onCompletion?.(index, completion);
      },
    });
  });
}

/** A verifier on a model of its own, so that scores cost tokens and time and are told to the log too. */
function judge(model: Model): Verifier {
  const asked = ({ text, position }: ScoreRequest): GenerateRequest => ({
    prompt: text,
    maxTokens: 3,
    temperature: 0,
    seed: text.length,
    position,
  });
  return {
    name: "judge",
    fingerprint: "judge",
    scoresPartial: true,
    countTokens: async (requests) =>
      (await model.countTokens(requests.map(asked))).map((input) => ({ input, output: 3 })),
    async score(requests, { signal, onScore } = {}) {
      const told = (position: string, text: string, usage: Score["usage"] & object): Score => ({
        value: rng(text.length).split(position).next(),
        usage,
      });
      const scores: Score[] = [];
      await model.generate(requests.map(asked), {
        ...(signal && { signal }),
        onCompletion(index, { text, usage, error }) {
          const score = error
            ? { value: undefined, usage, error }
            : told(requests[index]!.position, text, usage);
          scores[index] = score;
          onScore?.(index, score);
        },
      });
      return scores;
    },
    close: async () => {},
  };
}

function drawPlan(random: Rng): StrategyPlan {
  const n = random.int(2, 12);
  return random.pick([
    { strategy: "majority", params: { n, maxTokens: 20 } },
    { strategy: "deepconf", params: { n, warmup: 3, keep: 0.5, window: 3, maxTokens: 20 } },
    { strategy: "best-of-n", params: { n, maxTokens: 20 } },
    { strategy: "weighted-best-of-n", params: { n, maxTokens: 20 } },
    { strategy: "beam", params: { n, width: 2, maxTokens: 20 } },
    { strategy: "mcts", params: { n, width: 2, maxTokens: 20 } },
    { strategy: "ab-mcts", params: { n, maxTokens: 20 } },
    { strategy: "lookahead", params: { n, width: 2, steps: 2, maxTokens: 20 } },
    { strategy: "dvts", params: { n, width: 2, maxTokens: 20 } },
    { strategy: "rebase", params: { n, maxTokens: 20 } },
    { strategy: "particles", params: { n, maxTokens: 20 } },
    { strategy: "revisions", params: { n, chain: 3, maxTokens: 20 } },
    { strategy: "revision-search", params: { n, rounds: 3, threshold: 0.5, maxTokens: 20 } },
    { strategy: "critique-revise", params: { rounds: 3, maxTokens: 20 } },
  ]);
}

/** One search, everything about it drawn from the seed but its pace. Default: nothing takes time. */
export function killTrial(
  seed: number,
  options: {
    readonly journal?: string;
    readonly pace?: Pace;
    readonly clock?: Clock;
    readonly log?: Log;
  } = {},
): Promise<Result> {
  const { pace = () => 0, log = () => {}, clock = systemClock, journal } = options;
  const random = rng(seed).split("kill");
  const model = (name: string) =>
    logged(
      scripted((request, { attempt }) => reply(request, attempt, pace), { name, clock, revises: true }),
      log,
    );
  const tokens = random.next() < 0.6 ? { tokens: random.int(60, 600) } : {};
  return solve({
    problem: { id: `trial-${seed}`, prompt: "How many?" },
    strategy: drawPlan(random),
    model: model("scripted"),
    verifier: judge(model("judge")),
    budget: tokens,
    seed,
    limits: {
      retries: 3,
      backoffMs: options.pace ? 4 : 0,
      ...(random.next() < 0.7 && { concurrency: random.int(1, 6) }),
    },
    clock,
    ...(journal !== undefined && { journal }),
  });
}

/** What must not depend on when, and how often, a run was killed. */
export function lasting({ answer, text, trace, receipt }: Result, except: readonly string[] = []): string {
  const volatile = new Set(["wallMs", "modelMs", "replayedCalls", "repeatedCalls", ...except]);
  return JSON.stringify({ answer, text, trace, receipt }, (key, value: unknown) =>
    volatile.has(key) ? undefined : value,
  );
}

/**
 * The process that is killed: runs the trials of these seeds side by side, as far as they are not done, and
 * prints a dot for every event.
 */
async function main(folder: string, run: string, seeds: readonly number[]) {
  const random = rng(run);
  const pace: Pace = (position, attempt) => random.split(position, attempt).int(1, 15);
  const trials = seeds.map(async (seed) => {
    const file = join(folder, `${seed}.json`);
    if (existsSync(file)) return;
    const log: Log = (event, position) => {
      appendFileSync(join(folder, `${seed}.log`), `${run} ${event} ${position}\n`);
      process.stdout.write(".");
    };
    const result = await killTrial(seed, { journal: join(folder, `${seed}.db`), pace, log });
    writeFileSync(`${file}.part`, lasting(result));
    renameSync(`${file}.part`, file);
  });
  await Promise.all(trials);
}

const [, script, folder, run, ...seeds] = process.argv;
if (script && import.meta.url === pathToFileURL(script).href) await main(folder!, run!, seeds.map(Number));
