import { createLedger } from "../src/budget/ledger.ts";
import { createReceipt } from "../src/budget/receipt.ts";
import { TransientError } from "../src/models/errors.ts";
import { limited } from "../src/models/limited.ts";
import { metered } from "../src/models/metered.ts";
import type { Completion, GenerateRequest, Model } from "../src/models/model.ts";
import { type Reply, scripted, scriptedTokens } from "../src/models/scripted.ts";
import { wrap } from "../src/models/wrap.ts";
import { allocated } from "../src/policy/allocated.ts";
import { type Rng, rng } from "../src/random.ts";
import { solve } from "../src/solve.ts";
import { type Budget, BudgetTooSmallError, type Receipt } from "../src/types.ts";
import { metered as meteredVerifier } from "../src/verifiers/metered.ts";
import type { PairRequest, Score, ScoreRequest, Scoring, Verifier } from "../src/verifiers/verifier.ts";
import { brokenByLedger, brokenByReceipt, type Server } from "./fault-laws.ts";
import { policyOf, ruleOf, threshold } from "./policy-world.ts";
import { type VirtualClock, virtualClock } from "./virtual-clock.ts";

/** A schedule of faults, drawn from a seed. */
interface Schedule {
  readonly random: Rng;
  readonly clock: VirtualClock;
  readonly server: Server;
  /** How likely an attempt fails. */
  readonly failing: number;
}

const shape = { layers: 2, attentionWidth: 8, activeParameters: 1000, nonEmbeddingParameters: 900 };
const price = { inputPerMillion: 0.3, cachedInputPerMillion: 0.03, outputPerMillion: 1.7 };
const prices = { version: "test", models: { faulty: price, judge: price } };
const likely = (random: Rng, probability: number) => random.next() < probability;

/** Words and an answer; behind the end of some thinking, or instead a list of parts, where those are looked for. */
function said(position: string, random: Rng): string {
  const words = "word ".repeat(random.int(0, 30));
  const answer = `#### ${random.int(1, 3)}`;
  if (position.startsWith("think/")) return `${words}</think>\n${answer}`;
  return position.endsWith("split") ? "1. How many?\n2. How much?" : `${words}\n${answer}`;
}

function reply(schedule: Schedule, request: GenerateRequest, attempt: number): Reply {
  const random = schedule.random.split("reply", request.position, attempt);
  const { clock, server } = schedule;
  server.positions.add(request.position);
  server.lastSentAt = clock.now();
  if (likely(random, server.throwing ? 0.1 : 0)) throw new Error("The script breaks.");
  const text = said(request.position, random);
  const answer = { text, delayMs: likely(random, 0.05) ? 1e5 : random.int(0, 60) };
  if (likely(random, schedule.failing)) {
    const retryAfterMs = likely(random, 0.2) ? random.int(0, 500) : undefined;
    const passing = likely(random, 0.8);
    return { ...answer, error: passing ? new TransientError("busy", { retryAfterMs }) : new Error("bad") };
  }
  if (server.dishonest && likely(random, 0.3))
    return { ...answer, usage: { outputTokens: request.maxTokens + random.int(0, 3) } };
  return answer;
}

/** Counts what the server bills, whether or not anybody still listens. */
function counted<T extends { readonly usage?: Completion["usage"] }>(server: Server, results: readonly T[]) {
  for (const { usage } of results) server.tokens += (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
  return results;
}

function faultyModel(schedule: Schedule): Model {
  const { clock, server, random } = schedule;
  const script = scripted((request, { attempt }) => reply(schedule, request, attempt), {
    name: "faulty",
    clock,
    shape,
    revises: true,
  });
  let calls = 0;
  return wrap(script, async (requests, { signal, ...options } = {}) => {
    const passed = server.deaf || !signal ? options : { ...options, signal };
    const results = counted(server, await script.generate(requests, passed));
    calls += 1;
    if (server.throwing && likely(random.split("call", calls), 0.1)) throw new Error("The adapter breaks.");
    return results;
  });
}

/** Its calls are a scripted model's too, one for each scoring. */
function faultyVerifier(schedule: Schedule): Verifier {
  const { clock, server } = schedule;
  const script = scripted((request, { attempt }) => reply(schedule, request, attempt), { clock });
  const scoring = <Request extends { readonly position: string }>(
    promptOf: (request: Request) => string,
  ): Scoring<Request> => {
    const asked = (request: Request): GenerateRequest => ({
      prompt: promptOf(request),
      maxTokens: 2,
      temperature: 0,
      seed: 1,
      position: request.position,
    });
    return {
      countTokens: async (requests) =>
        (await script.countTokens(requests.map(asked))).map((input) => ({ input, output: 2 })),
      async score(requests, { signal } = {}) {
        const completions = counted(
          server,
          await script.generate(requests.map(asked), signal ? { signal } : {}),
        );
        return completions.map(({ usage, finish, error, text }): Score => {
          if (finish === "error" || finish === "cancelled")
            return { value: undefined, usage, error: error ?? new Error("cancelled") };
          return { value: (scriptedTokens(text).length % 10) / 10, usage };
        });
      },
    };
  };
  return {
    name: "judge",
    fingerprint: "judge",
    scoresPartial: true,
    shape,
    ...scoring(({ text }: ScoreRequest) => text),
    pairs: scoring(({ first, second }: PairRequest) => first + second),
    close: async () => {},
  };
}

function drawBudget(random: Rng): Budget {
  return {
    ...(likely(random, 0.6) && { tokens: random.int(1, 800) }),
    ...(likely(random, 0.3) && { flops: random.int(1, 2_000_000) }),
    ...(likely(random, 0.3) && { usd: random.int(1, 1000) / 1e6 }),
    ...(likely(random, 0.4) && { ms: random.int(1, 2000) }),
  };
}

function drawLimits(random: Rng) {
  return {
    retries: random.int(0, 3),
    backoffMs: random.int(0, 200),
    graceMs: 20,
    ...(likely(random, 0.6) && { concurrency: random.int(1, 5) }),
    ...(likely(random, 0.5) && { timeoutMs: random.int(10, 300) }),
  };
}

/** Batches that overlap, each followed by scoring: more disorder than any strategy makes. */
async function storm(model: Model, verifier: Verifier, random: Rng, signal: AbortSignal) {
  const texts = new Map<string, readonly Completion[]>();
  const batch = async (name: string) => {
    const draw = random.split(name);
    for (let round = 0; round < 3; round += 1) {
      const requests = Array.from({ length: draw.int(0, 8) }, (_, i) => ({
        prompt: "a few words",
        maxTokens: draw.int(1, 40),
        temperature: 1,
        seed: draw.int(0, 1e9),
        position: `${name}/${round}/${i}`,
      }));
      const completions = await model.generate(requests, { signal });
      texts.set(`${name}/${round}`, completions);
      const problem = { id: "p", prompt: "a few words" };
      const scores = await verifier.score(
        completions.map(({ text }, i) => ({ problem, text, position: `score/${name}/${round}/${i}` })),
        { signal },
      );
      if (completions.length !== requests.length || scores.length !== requests.length)
        throw new Error("A batch came back with another length.");
      if (![...completions, ...scores].every((result) => result !== undefined))
        throw new Error("A result is missing.");
    }
  };
  await Promise.all(["a", "b", "c"].slice(0, random.int(1, 3)).map(batch));
}

/** What came of one schedule. */
export interface Faults {
  /** Laws that were broken: none, ever. */
  readonly broken: readonly string[];
  /** `undefined` when the budget was too small for one sample. */
  readonly receipt: Receipt | undefined;
}

async function runStorm(schedule: Schedule, budget: Budget, signal: AbortSignal): Promise<Faults> {
  const { random, clock, server } = schedule;
  const ledger = createLedger({ budget, clock });
  const options = { ledger, prices, graceMs: 50 };
  const limits = { ...drawLimits(random.split("limits")), clock };
  const model = metered(limited(faultyModel(schedule), limits), options);
  const verifier = meteredVerifier(faultyVerifier(schedule), options);
  await clock.run(storm(model, verifier, random.split("storm"), signal));
  const receipt = createReceipt(ledger.entries, {
    plan: { strategy: "storm", params: {}, generator: "faulty" },
    reason: "asked for",
    seed: 1,
    stop: "done",
    selectedTokens: 0,
    budget,
    pricesVersion: prices.version,
    wallMs: clock.now(),
  });
  ledger.close();
  const broken = [...brokenByReceipt(receipt, server), ...brokenByLedger(ledger.entries, receipt, server)];
  return { broken, receipt };
}

/** Blocks of samples and a beam search, by a rule that buys while there are few solutions. */
function allocatedBy(maxTokens: number) {
  const gain = threshold("log2 samples", 3, -3);
  const rule = ruleOf({
    blocks: [1, 4].map((m) => ({ m, gain })),
    searches: [{ plan: { strategy: "beam", params: { n: 2, width: 2, maxRounds: 5 } }, gain }],
    most: 12,
  });
  const verifier = { name: "judge", fingerprint: "judge" };
  const generator = { name: "faulty", fingerprint: "faulty", params: {} };
  return allocated({ policy: policyOf(rule, { generator, verifier }), price: 0.001, maxTokens });
}

async function runSolve(schedule: Schedule, budget: Budget, signal: AbortSignal): Promise<Faults> {
  const { random, clock, server } = schedule;
  const draw = random.split("plan");
  const params = { n: draw.int(1, 10), maxTokens: draw.int(1, 60) };
  const strategy = draw.pick([
    { strategy: "greedy", params: { maxTokens: params.maxTokens } },
    { strategy: "majority", params },
    { strategy: "adaptive-consistency", params: { ...params, level: 0.3 } },
    { strategy: "esc", params: { ...params, level: 0.5 } },
    { strategy: "e-process", params: { ...params, level: 0.5 } },
    {
      strategy: "deepconf",
      params: { ...params, warmup: draw.int(1, 5), window: draw.int(1, 9), keep: 0.5 },
    },
    { strategy: "tournament", params },
    { strategy: "best-of-n", params },
    { strategy: "weighted-best-of-n", params },
    { strategy: "revisions", params: { ...params, chain: draw.int(1, 5) } },
    { strategy: "revision-search", params: { ...params, rounds: draw.int(1, 4), width: 2 } },
    { strategy: "critique-revise", params: { rounds: draw.int(1, 4), maxTokens: params.maxTokens } },
    {
      strategy: "budget-forcing",
      params: { maxTokens: params.maxTokens, thinkingTokens: draw.int(1, 60), extensions: draw.int(0, 3) },
    },
    {
      strategy: "decompose",
      params: { maxTokens: params.maxTokens, inner: draw.pick(["greedy", "majority"]) },
    },
    { strategy: "beam", params: { ...params, width: draw.int(1, params.n), maxRounds: 5 } },
    { strategy: "mcts", params: { ...params, rollout: likely(draw, 0.3), maxRounds: 5 } },
    { strategy: "ab-mcts", params },
    { strategy: "lookahead", params: { ...params, width: 1, steps: draw.int(1, 3), maxRounds: 5 } },
    { strategy: "dvts", params: { ...params, width: draw.int(1, params.n), maxRounds: 5 } },
    { strategy: "rebase", params: { ...params, maxRounds: 5 } },
    { strategy: "particles", params: { ...params, maxRounds: 5 } },
    allocatedBy(params.maxTokens),
  ]);
  const run = solve({
    problem: "a few words",
    strategy,
    model: faultyModel(schedule),
    verifier: faultyVerifier(schedule),
    limits: drawLimits(random.split("limits")),
    budget,
    prices,
    clock,
    signal,
    seed: draw.int(1, 1e6),
  });
  try {
    const { receipt } = await clock.run(run);
    return { broken: brokenByReceipt(receipt, server), receipt };
  } catch (error) {
    if (!(error instanceof BudgetTooSmallError)) throw error;
    return {
      broken: server.positions.size > 0 ? ["what is too small buys nothing"] : [],
      receipt: undefined,
    };
  }
}

/**
 * Runs one random schedule of failures, slow calls, time limits, cancellations, over-long outputs, servers that
 * bill too much, do not stop or break, under a random budget, in virtual time; and checks every law. Half of
 * them are searches by `solve`, half are storms of overlapping batches.
 */
export async function faultSchedule(seed: number): Promise<Faults> {
  const random = rng(seed).split("faults");
  const draw = random.split("schedule");
  const clock = virtualClock();
  const schedule: Schedule = {
    random,
    clock,
    server: {
      positions: new Set(),
      tokens: 0,
      lastSentAt: 0,
      dishonest: likely(draw, 0.15),
      deaf: likely(draw, 0.1),
      throwing: likely(draw, 0.15),
    },
    failing: draw.pick([0, 0.1, 0.4, 0.9]),
  };
  const cancel = new AbortController();
  if (likely(draw, 0.3)) clock.after(draw.int(0, 800), () => cancel.abort());
  const run = likely(draw, 0.5) ? runStorm : runSolve;
  return run(schedule, drawBudget(random.split("budget")), cancel.signal);
}
