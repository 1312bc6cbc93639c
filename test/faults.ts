import { createLedger, type Entry, type Ledger } from "../src/budget/ledger.ts";
import { createReceipt } from "../src/budget/receipt.ts";
import { TransientError } from "../src/models/errors.ts";
import { limited } from "../src/models/limited.ts";
import { metered } from "../src/models/metered.ts";
import type { Completion, GenerateRequest, Model } from "../src/models/model.ts";
import { type Reply, scripted, scriptedTokens } from "../src/models/scripted.ts";
import { wrap } from "../src/models/wrap.ts";
import { type Rng, rng } from "../src/random.ts";
import type { Budget, Receipt } from "../src/types.ts";
import { metered as meteredVerifier } from "../src/verifiers/metered.ts";
import type { Score, ScoreRequest, Verifier } from "../src/verifiers/verifier.ts";
import { type VirtualClock, virtualClock } from "./virtual-clock.ts";

/** What a server did, by its own account. */
interface Served {
  readonly positions: Set<string>;
  tokens: number;
  lastSentAt: number;
}

/** A schedule of faults, drawn from a seed. */
interface Schedule {
  readonly random: Rng;
  readonly clock: VirtualClock;
  readonly served: Served;
  /** Bills more than it was allowed. */
  readonly dishonest: boolean;
  /** Goes on when told to stop. */
  readonly deaf: boolean;
  /** Some calls end in an exception. */
  readonly throwing: boolean;
  /** How likely an attempt fails. */
  readonly failing: number;
}

const shape = { layers: 2, attentionWidth: 8, activeParameters: 1000, nonEmbeddingParameters: 900 };
const price = { inputPerMillion: 0.3, cachedInputPerMillion: 0.03, outputPerMillion: 1.7 };
const prices = { version: "test", models: { faulty: price, judge: price } };
const likely = (random: Rng, probability: number) => random.next() < probability;

function reply(schedule: Schedule, request: GenerateRequest, attempt: number): Reply {
  const random = schedule.random.split("reply", request.position, attempt);
  const { clock, served } = schedule;
  served.positions.add(request.position);
  served.lastSentAt = clock.now();
  if (likely(random, schedule.throwing ? 0.1 : 0)) throw new Error("The script breaks.");
  const text = `${"word ".repeat(random.int(0, 30))}\n#### ${random.int(1, 3)}`;
  const answer = { text, delayMs: likely(random, 0.05) ? 1e5 : random.int(0, 60) };
  if (likely(random, schedule.failing)) {
    const retryAfterMs = likely(random, 0.2) ? random.int(0, 500) : undefined;
    const passing = likely(random, 0.8);
    return { ...answer, error: passing ? new TransientError("busy", { retryAfterMs }) : new Error("bad") };
  }
  if (schedule.dishonest && likely(random, 0.3))
    return { ...answer, usage: { outputTokens: request.maxTokens + random.int(0, 3) } };
  return answer;
}

/** Counts what the server bills, whether or not anybody still listens. */
function counted<T extends { readonly usage?: Completion["usage"] }>(served: Served, results: readonly T[]) {
  for (const { usage } of results) served.tokens += (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
  return results;
}

function faultyModel(schedule: Schedule): Model {
  const { clock, served, random } = schedule;
  const script = scripted((request, { attempt }) => reply(schedule, request, attempt), {
    name: "faulty",
    clock,
    shape,
  });
  let calls = 0;
  return wrap(script, async (requests, { signal, ...options } = {}) => {
    const passed = schedule.deaf || !signal ? options : { ...options, signal };
    const results = counted(served, await script.generate(requests, passed));
    calls += 1;
    if (schedule.throwing && likely(random.split("call", calls), 0.1)) throw new Error("The adapter breaks.");
    return results;
  });
}

/** Its calls are a scripted model's too, one for each scoring. */
function faultyVerifier(schedule: Schedule): Verifier {
  const { clock, served } = schedule;
  const script = scripted((request, { attempt }) => reply(schedule, request, attempt), { clock });
  const asked = ({ text, position }: ScoreRequest): GenerateRequest => ({
    prompt: text,
    maxTokens: 2,
    temperature: 0,
    seed: 1,
    position,
  });
  return {
    name: "judge",
    fingerprint: "judge",
    scoresPartial: true,
    shape,
    countTokens: async (requests) =>
      (await script.countTokens(requests.map(asked))).map((input) => ({ input, output: 2 })),
    async score(requests, { signal } = {}) {
      const completions = counted(
        served,
        await script.generate(requests.map(asked), signal ? { signal } : {}),
      );
      return completions.map(({ usage, finish, error, text }): Score => {
        if (finish === "error" || finish === "cancelled")
          return { value: undefined, usage, error: error ?? new Error("cancelled") };
        return { value: (scriptedTokens(text).length % 10) / 10, usage };
      });
    },
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

function drawLimits(random: Rng, clock: VirtualClock) {
  return {
    clock,
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

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** What the laws say of a finished run; each sentence is a law that was broken. */
function broken(
  { served, dishonest, deaf, throwing }: Schedule,
  entries: readonly Entry[],
  receipt: Receipt,
  start: number,
): string[] {
  const settled = entries.filter((entry) => entry.type === "settled");
  const reserved = new Map<number, number>();
  for (const entry of entries)
    if (entry.type === "reserved" || entry.type === "extended") reserved.set(entry.call, entry.most.tokens);
  const { budget, total } = receipt;
  const tokens = total.inputTokens + total.outputTokens;
  const honest = receipt.overrunTokens === 0;
  const firstOverrun = settled.find((entry) => entry.overrunTokens > 0)?.at ?? Infinity;
  const after = entries.find((entry) => entry.type === "reserved" && entry.at > firstOverrun);
  const limitedSpending = (["tokens", "flops", "usd"] as const).some((unit) => budget[unit] !== undefined);
  const laws: [string, boolean][] = [
    ["an honest server overruns nothing", dishonest || honest],
    ["tokens stay in the budget", tokens - receipt.overrunTokens <= (budget.tokens ?? Infinity)],
    ["FLOPs stay in the budget", !honest || total.flops! <= (budget.flops ?? Infinity)],
    ["dollars stay in the budget", !honest || total.usd! <= (budget.usd ?? Infinity)],
    ["nothing is sent after the deadline", served.lastSentAt - start <= (budget.ms ?? Infinity)],
    ["nothing is reserved after an overrun", !(limitedSpending && after)],
    [
      "spending never exceeds its reservation",
      settled.every((entry) => entry.cost.tokens - entry.overrunTokens <= reserved.get(entry.call)!),
    ],
    ["every reservation is settled", settled.length === reserved.size],
    [
      "refused calls are never sent",
      entries.every((entry) => entry.type !== "refused" || !served.positions.has(entry.position)),
    ],
    [
      "the receipt is the sum of the ledger",
      tokens === sum(settled.map((entry) => entry.cost.tokens)) &&
        total.calls === settled.length &&
        total.flops === sum(settled.map((entry) => entry.cost.flops!)) &&
        Math.abs(total.usd! - sum(settled.map((entry) => entry.cost.usd!))) < 1e-12 &&
        sum(Object.values(receipt.roles).map((role) => role.inputTokens)) === total.inputTokens,
    ],
    [
      "the receipt is what the server billed",
      tokens === served.tokens || (deaf && (dishonest || tokens > served.tokens)) || throwing,
    ],
  ];
  return laws.filter(([, holds]) => !holds).map(([law]) => law);
}

/** What came of one schedule. */
export interface Faults {
  /** Laws that were broken: none, ever. */
  readonly broken: readonly string[];
  readonly receipt: Receipt;
  readonly cancelled: number;
}

async function runStorm(schedule: Schedule, budget: Budget, signal: AbortSignal): Promise<Faults> {
  const { random, clock } = schedule;
  const ledger: Ledger = createLedger({ budget, clock });
  const options = { ledger, prices, graceMs: 50 };
  const inner = limited(faultyModel(schedule), drawLimits(random.split("limits"), clock));
  const model = metered(inner, options);
  const verifier = meteredVerifier(faultyVerifier(schedule), options);
  await clock.run(storm(model, verifier, random.split("storm"), signal));
  const receipt = createReceipt(ledger.entries, {
    plan: { strategy: "storm", params: {}, generator: "faulty" },
    reason: "asked for",
    seed: 1,
    stop: "done",
    selectedTokens: 0,
    budget,
    pricesVersion: "test",
    wallMs: clock.now(),
  });
  ledger.close();
  const cancelled = ledger.entries.filter(
    (entry) => entry.type === "settled" && entry.outcome === "cancelled",
  ).length;
  return { broken: broken(schedule, ledger.entries, receipt, 0), receipt, cancelled };
}

/**
 * Runs one random schedule of failures, slow calls, time limits, cancellations, over-long outputs, servers that
 * bill too much, do not stop or break, under a random budget, in virtual time; and checks every law.
 */
export async function faultSchedule(seed: number): Promise<Faults> {
  const random = rng(seed).split("faults");
  const draw = random.split("schedule");
  const clock = virtualClock();
  const schedule: Schedule = {
    random,
    clock,
    served: { positions: new Set(), tokens: 0, lastSentAt: 0 },
    dishonest: likely(draw, 0.15),
    deaf: likely(draw, 0.1),
    throwing: likely(draw, 0.15),
    failing: draw.pick([0, 0.1, 0.4, 0.9]),
  };
  const cancel = new AbortController();
  if (likely(draw, 0.3)) clock.after(draw.int(0, 800), () => cancel.abort());
  return runStorm(schedule, drawBudget(random.split("budget")), cancel.signal);
}
