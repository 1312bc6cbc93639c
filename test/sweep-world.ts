import Database from "better-sqlite3";
import { journalKey } from "../src/budget/journal.ts";
import { type GridPlan, gridOf } from "../src/lab/grid.ts";
import type { Lane } from "../src/lab/sweep.ts";
import { TransientError } from "../src/models/errors.ts";
import type { GenerateRequest, Model } from "../src/models/model.ts";
import { type Reply, scripted } from "../src/models/scripted.ts";
import { wrap } from "../src/models/wrap.ts";
import { type Rng, rng } from "../src/random.ts";
import type { Problem } from "../src/types.ts";
import type { ScoreRequest, Verifier } from "../src/verifiers/verifier.ts";

/** A call that a model serves, as the sweep's journal knows it. */
export interface Served {
  readonly event: "start" | "end";
  readonly plan: string;
  readonly problem: string;
  /** Of the journal. */
  readonly key: string;
  /** Seed and temperature of a whole solution, which other cells may use. */
  readonly whole?: string;
}

/** How a world behaves. */
export interface World {
  /** Milliseconds that a call takes. Default: none. */
  readonly pace?: (position: string, attempt: number) => number;
  /** Told what the models serve. */
  readonly log?: (served: Served) => void;
  /** Some attempts fail, and are made again. Default false. */
  readonly fails?: boolean;
}

const SHAPE = { layers: 2, attentionWidth: 8, activeParameters: 1000, nonEmbeddingParameters: 900 };

/** Problem `number`, whose right answer is 2; its id is in its prompt. */
export const problemAt = (number: number): Problem => ({
  id: `p${number}`,
  prompt: `How many, p${number}?`,
  answer: "2",
  family: "made-up",
  level: 1 + (number % 3),
});

const idIn = (prompt: GenerateRequest["prompt"]) => String(prompt).match(/p\d+/)![0];

/** The first problems, one after the other. */
export async function* problemsTo(count: number): AsyncGenerator<Problem> {
  for (let number = 0; number < count; number += 1) yield problemAt(number);
}

/** Up to three steps and an answer, all from the request. */
function reply(request: GenerateRequest, attempt: number, { pace = () => 0, fails = false }: World): Reply {
  const random = rng(request.seed).split(request.position, attempt);
  const delayMs = pace(request.position, attempt);
  if (fails && random.next() < 0.1) return { text: "half of", delayMs, error: new TransientError("busy") };
  const written = (request.prefix ?? "").split("\n").length;
  const steps = Array.from(
    { length: Math.max(0, 3 - written) },
    (_, i) => `step ${i} is ${random.int(1, 9)}\n`,
  );
  return { text: `${steps.join("")}#### ${random.int(1, 4)}`, delayMs };
}

function generator(plan: GridPlan, world: World): Model {
  const model = scripted((request, { attempt }) => reply(request, attempt, world), {
    name: plan.name,
    fingerprint: "scripted/1",
    revises: true,
    shape: SHAPE,
  });
  const told = (event: Served["event"], request: GenerateRequest) => {
    const { prompt, prefix = "", stop = [], seed, temperature } = request;
    const problem = idIn(prompt);
    const isWhole = typeof prompt === "string" && prefix === "" && stop.length === 0;
    const key = journalKey(["generate", model.fingerprint, problem, request]);
    world.log?.({
      event,
      plan: plan.name,
      problem,
      key,
      ...(isWhole && { whole: `${seed} at ${temperature}` }),
    });
  };
  return wrap(model, (requests, options = {}) => {
    for (const request of requests) told("start", request);
    return model.generate(requests, {
      ...options,
      onCompletion(index, completion) {
        const { finish } = completion;
        if (finish === "end" || finish === "stop" || finish === "length") told("end", requests[index]!);
        options.onCompletion?.(index, completion);
      },
    });
  });
}

/** A verifier whose scores cost tokens and depend on the text alone. */
function verifier(plan: GridPlan, { log, pace }: World): Verifier {
  const fingerprint = "judge/1";
  const told = (event: Served["event"], request: ScoreRequest) => {
    const problem = request.problem.id;
    log?.({ event, plan: plan.name, problem, key: journalKey(["score", fingerprint, problem, request]) });
  };
  const usage = { inputTokens: 5, cachedTokens: 0, outputTokens: 1 };
  return {
    name: plan.name,
    fingerprint,
    scoresPartial: true,
    shape: SHAPE,
    countTokens: async (requests) => requests.map(() => ({ input: 5, output: 1 })),
    async score(requests, { onScore } = {}) {
      for (const request of requests) told("start", request);
      if (pace) await new Promise((resolve) => setTimeout(resolve, pace("score", 0)));
      return requests.map((request, index) => {
        const score = { value: rng("score").split(request.text).next(), usage };
        told("end", request);
        onScore?.(index, score);
        return score;
      });
    },
    close: async () => {},
  };
}

/** A lane of scripted models: each plan has its own, all with the same fingerprint. */
export function scriptedLane(world: World = {}): Lane {
  const models = new Map<GridPlan, Awaited<ReturnType<Lane["models"]>>>();
  return {
    async models(plan) {
      const known = models.get(plan) ?? {
        model: generator(plan, world),
        ...(plan.verifier !== undefined && { verifier: verifier(plan, world) }),
        limits: { retries: 4, backoffMs: 0 },
      };
      models.set(plan, known);
      return known;
    },
    close: async () => {},
  };
}

/** A random grid of one to four strategies, some with an axis. */
export function drawGrid(random: Rng): readonly GridPlan[] {
  const sizes = () => random.pick([[2], [4, 2], [8, 4, 2], [6]]);
  const all = [
    { strategy: "greedy" },
    { strategy: "majority", params: { n: sizes() } },
    { strategy: "best-of-n", params: { n: sizes() }, verifier: "judge" },
    { strategy: "weighted-best-of-n", params: { n: sizes() }, verifier: "judge" },
    { strategy: "beam", params: { n: sizes(), width: 2 }, verifier: "judge" },
    { strategy: "dvts", params: { n: sizes(), width: 2 }, verifier: "judge" },
    { strategy: "rebase", params: { n: sizes() }, verifier: "judge" },
    { strategy: "revisions", params: { n: 4, chain: [1, 2] }, verifier: "judge" },
    { strategy: "esc", params: { n: 8 } },
  ];
  const plans = random.shuffle(all).slice(0, random.int(1, 4));
  return gridOf({ name: "drawn", problems: [], generator: "scripted", plans, maxTokens: 20 });
}

/** All that an SQLite bank holds, by content: without the numbers of rows and without times. */
export function contentOf(place: string): readonly string[] {
  const database = new Database(place, { readonly: true });
  const queries = [
    `select 'sample', p.text, s.fingerprint, s.params, m.seed, t.text, m.complete, m.finish, m.input_tokens,
      m.cached_tokens, m.output_tokens, m.reasoning_tokens, m.logprob, m.logprobs from samples m
      join prompts p on p.id = m.prompt join settings s on s.id = m.setting join texts t on t.id = m.text`,
    `select 'score', p.text, t.text, v.fingerprint, s.value, s.steps, s.error, s.input_tokens, s.cached_tokens,
      s.output_tokens from scores s join texts t on t.id = s.text join prompts p on p.id = t.prompt
      join verifiers v on v.id = s.verifier`,
    `select 'grade', p.text, t.text, g.reference, g.correct from grades g join texts t on t.id = g.text
      join prompts p on p.id = t.prompt`,
    "select 'text', p.text, t.hash, t.text, t.answer from texts t join prompts p on p.id = t.prompt",
    "select 'prompt', hash, text from prompts",
    `select 'cell', c.key, p.text, c.problem, c.family, c.level, c.label, c.strategy, c.params,
      c.generator_fingerprint, c.verifier_fingerprint, c.seed, c.answer, c.correct, c.stop, c.roles, c.candidates
      from cells c join prompts p on p.id = c.prompt`,
    "select 'call', cell, key, event, result from calls",
  ];
  try {
    return queries.flatMap((sql) =>
      database
        .prepare(sql)
        .raw()
        .all()
        .map((row) => JSON.stringify(row))
        .sort(),
    );
  } finally {
    database.close();
  }
}
