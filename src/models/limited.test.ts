import { describe, expect, it } from "vitest";
import { virtualClock } from "../../test/virtual-clock.ts";
import { createLedger } from "../budget/ledger.ts";
import { type Budget, UsageError } from "../types.ts";
import { TransientError } from "./errors.ts";
import { type LimitedOptions, limited } from "./limited.ts";
import { metered } from "./metered.ts";
import type { GenerateRequest, Model } from "./model.ts";
import { type Respond, scripted } from "./scripted.ts";
import { wrap } from "./wrap.ts";

/** Takes three input tokens. */
function request(sample: number): GenerateRequest {
  return { prompt: "two words", maxTokens: 5, temperature: 1, seed: sample, position: `sample/${sample}` };
}

const four = [0, 1, 2, 3].map(request);
const busy = new TransientError("busy");

function setUp(respond: Respond, options: LimitedOptions, change: (model: Model) => Model = (m) => m) {
  const clock = virtualClock();
  const inner = change(scripted(respond, { clock }));
  return { clock, model: limited(inner, { clock, ...options }) };
}

/** Fails so often, then answers. */
const failing =
  (times: number, error: Error = busy): Respond =>
  (_, { attempt }) =>
    attempt < times ? { text: "x", error } : "a b";

describe("limited model", () => {
  it("keeps to its concurrency over all batches, in order", async () => {
    let inFlight = 0;
    let most = 0;
    const order: string[] = [];
    const counting = (model: Model) =>
      wrap(model, async (requests, options) => {
        inFlight += requests.length;
        most = Math.max(most, inFlight);
        order.push(requests[0]!.position);
        const completions = await model.generate(requests, options);
        inFlight -= requests.length;
        return completions;
      });
    const respond: Respond = ({ seed }) => ({ text: String(seed), delayMs: 10 - seed });
    const { clock, model } = setUp(respond, { concurrency: 2 }, counting);
    const both = Promise.all([model.generate(four), model.generate([request(4)])]);
    const [first] = await clock.run(both);
    expect(first.map(({ text }) => text)).toEqual(["0", "1", "2", "3"]);
    expect(order).toEqual(four.map(({ position }) => position).concat("sample/4"));
    expect(most).toBe(2);
  });

  it("sends a whole batch in one call when no concurrency is asked for", async () => {
    const sizes: number[] = [];
    const seeing = (model: Model) =>
      wrap(model, (requests, options) => {
        sizes.push(requests.length);
        return model.generate(requests, options);
      });
    const respond: Respond = ({ seed }, { attempt }) => failing(seed % 2)(request(seed), { attempt });
    const { clock, model } = setUp(respond, {}, seeing);
    const completions = await clock.run(model.generate(four));
    expect(sizes).toEqual([4, 1, 1]);
    expect(completions.map(({ retries = 0 }) => retries)).toEqual([0, 1, 0, 1]);
  });

  it("retries what may pass with a growing pause, and counts every attempt", async () => {
    const { clock, model } = setUp(failing(3), { backoffMs: 100 });
    const [completion] = await clock.run(model.generate([request(0)]));
    expect(completion).toMatchObject({ text: "a b", finish: "end", retries: 3 });
    expect(completion!.usage).toEqual({ inputTokens: 12, cachedTokens: 0, outputTokens: 5 });
    expect(completion!.attempts).toHaveLength(4);
    expect(clock.now()).toBeGreaterThanOrEqual(350);
    expect(clock.now()).toBeLessThanOrEqual(700);
  });

  it("gives up after its retries, and at once on an error that will not pass", async () => {
    const { clock, model } = setUp(failing(9), { retries: 2, concurrency: 1 });
    const [completion] = await clock.run(model.generate([request(0)]));
    expect(completion).toMatchObject({ finish: "error", error: busy, retries: 2 });
    const final = setUp(failing(9, new Error("bad prompt")), {});
    const [lost] = await final.clock.run(final.model.generate([request(0)]));
    expect(lost).toMatchObject({ finish: "error" });
    expect(lost!.retries).toBeUndefined();
    expect(final.clock.now()).toBe(0);
  });

  it("waits as long as the server asks, but not for ever", async () => {
    const slow = new TransientError("busy", { retryAfterMs: 7000 });
    const { clock, model } = setUp(failing(1, slow), {});
    expect((await clock.run(model.generate([request(0)])))[0]).toMatchObject({ finish: "end" });
    expect(clock.now()).toBe(7000);
    const never = setUp(failing(1, slow), { longestWaitMs: 5000 });
    expect((await never.clock.run(never.model.generate([request(0)])))[0]).toMatchObject({
      finish: "error",
      error: slow,
    });
  });

  it("ends an attempt at its time limit, and tries again", async () => {
    const respond: Respond = (_, { attempt }) => ({ text: "a", delayMs: attempt === 0 ? 1e6 : 1 });
    const { clock, model } = setUp(respond, { timeoutMs: 50, backoffMs: 0, concurrency: 4 });
    const [completion] = await clock.run(model.generate([request(0)]));
    expect(completion).toMatchObject({ finish: "end", retries: 1 });
    expect(completion!.usage.inputTokens).toBe(6);
    expect(clock.now()).toBe(51);
  });

  it("does not wait for a model that ignores its time limit, and counts all it could have spent", async () => {
    const deaf = (model: Model) =>
      wrap(model, (requests, { signal: _, ...options } = {}) => model.generate(requests, options));
    const { clock, model } = setUp(
      () => ({ text: "a", delayMs: 1e6 }),
      { timeoutMs: 50, graceMs: 5, concurrency: 1 },
      deaf,
    );
    const [completion] = await clock.run(model.generate([request(0)]));
    expect(completion).toMatchObject({ finish: "error", usage: { inputTokens: 3, outputTokens: 5 } });
    expect(clock.now()).toBe(55);
  });

  it("ends as cancelled when told to stop while it waits", async () => {
    const { clock, model } = setUp(failing(9), { backoffMs: 1000 });
    const controller = new AbortController();
    clock.after(100, () => controller.abort());
    const [completion] = await clock.run(model.generate([request(0)], { signal: controller.signal }));
    expect(completion).toMatchObject({ finish: "cancelled", usage: { inputTokens: 3, outputTokens: 1 } });
    expect(clock.now()).toBe(100);
  });

  it("stops the other calls when one cannot be mended", async () => {
    const respond: Respond = ({ seed }) => {
      if (seed === 1) throw new UsageError("key refused");
      return { text: "a", delayMs: 1000 };
    };
    const { clock, model } = setUp(respond, { concurrency: 4 });
    await expect(clock.run(model.generate(four))).rejects.toThrow("key refused");
    expect(clock.now()).toBe(0);
  });

  it("refuses a concurrency that is none", () => {
    expect(() =>
      limited(
        scripted(() => ""),
        { concurrency: 0 },
      ),
    ).toThrow(/from 1 on/);
  });
});

describe("retries under a budget", () => {
  async function spend(budget: Budget) {
    const clock = virtualClock();
    const ledger = createLedger({ budget, clock });
    const model = metered(limited(scripted(failing(2), { clock }), { clock }), { ledger });
    const [completion] = await clock.run(model.generate([request(0)]));
    return { completion: completion!, tokens: ledger.spent().tokens };
  }

  it("is made only while there is room for one more attempt", async () => {
    // Two failed attempts of 4 tokens, and up to 8 for the one that answers in 5.
    expect(await spend({ tokens: 16 })).toMatchObject({ completion: { finish: "end" }, tokens: 13 });
    expect(await spend({ tokens: 15 })).toMatchObject({
      completion: { finish: "error", retries: 1 },
      tokens: 8,
    });
    expect(await spend({ tokens: 11 })).toMatchObject({ completion: { finish: "error" }, tokens: 4 });
  });

  it.each([
    ["first", 17, ["end", "error"]],
    ["last", 17, ["end", "error"]],
    ["first", 21, ["end", "end"]],
    ["last", 21, ["end", "end"]],
  ])("goes to the first in order, whether it fails %s or not, with %d tokens", async (when, tokens, ends) => {
    // Both fail once and spend 4; a retry needs room for 8 and spends 5.
    const clock = virtualClock();
    const ledger = createLedger({ budget: { tokens }, clock });
    const respond: Respond = ({ seed }, { attempt }) => ({
      text: attempt === 0 ? "x" : "a b",
      delayMs: (seed === 0) === (when === "first") ? 10 : 2000,
      ...(attempt === 0 && { error: busy }),
    });
    const inner = limited(scripted(respond, { clock }), { clock, concurrency: 2 });
    const run = metered(inner, { ledger }).generate([request(0), request(1)]);
    expect((await clock.run(run)).map(({ finish }) => finish)).toEqual(ends);
    expect(ledger.spent().tokens).toBeLessThanOrEqual(tokens);
  });

  it("is not made after the deadline", async () => {
    expect(await spend({ ms: 100 })).toMatchObject({ completion: { finish: "cancelled" }, tokens: 4 });
  });
});
