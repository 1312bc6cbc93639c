import { describe, expect, it } from "vitest";
import { virtualClock } from "../../test/virtual-clock.ts";
import { createLedger } from "../budget/ledger.ts";
import { type Budget, UsageError } from "../types.ts";
import { metered } from "./metered.ts";
import type { Completion, GenerateRequest, Model } from "./model.ts";
import { type Respond, scripted } from "./scripted.ts";
import { wrap } from "./wrap.ts";

/** Takes three input tokens. */
function request(sample: number, maxTokens = 5): GenerateRequest {
  return { prompt: "two words", maxTokens, temperature: 1, seed: sample, position: `sample/${sample}` };
}

function setUp(budget: Budget, respond: Respond = () => "a b", change: (model: Model) => Model = (m) => m) {
  const clock = virtualClock();
  const sent: string[] = [];
  const model = scripted(
    (asked, context) => {
      sent.push(asked.position);
      return respond(asked, context);
    },
    { clock },
  );
  const ledger = createLedger({ budget, clock });
  return { clock, ledger, sent, model: metered(change(model), { ledger, graceMs: 10 }) };
}

const finishes = (completions: readonly Completion[]) => completions.map(({ finish }) => finish);

describe("metered model", () => {
  it("sends in waves what fits, and never what does not", async () => {
    // Each call reserves 3 + 5 and spends 3 + 2.
    const { model, ledger, sent } = setUp({ tokens: 20 });
    const completions = await model.generate([0, 1, 2, 3, 4].map((i) => request(i)));
    expect(finishes(completions)).toEqual(["end", "end", "end", "refused", "refused"]);
    expect(sent).toEqual(["sample/0", "sample/1", "sample/2"]);
    expect(ledger.spent().tokens).toBe(15);
    expect(completions[3]!.error!.message).toMatch(/up to 8 tokens do not fit .* in tokens/);
  });

  it("lets a smaller call go ahead of one that does not fit", async () => {
    const { model } = setUp({ tokens: 9 });
    expect(finishes(await model.generate([request(0, 50), request(1, 6)]))).toEqual(["refused", "end"]);
  });

  it("waits for calls of another batch before it refuses", async () => {
    const { model, clock } = setUp({ tokens: 13 }, () => ({ text: "a b", delayMs: 10 }));
    const both = Promise.all([model.generate([request(0)]), model.generate([request(1)])]);
    expect((await clock.run(both)).flatMap(finishes)).toEqual(["end", "end"]);
  });

  it("cancels what is in flight at the deadline, counts it, and refuses what follows", async () => {
    const respond: Respond = ({ position }) => ({
      text: "a",
      delayMs: position === "sample/1" ? 100 : 10,
    });
    const { model, ledger, clock } = setUp({ ms: 50 }, respond);
    const completions = await clock.run(model.generate([request(0), request(1)]));
    expect(finishes(completions)).toEqual(["end", "cancelled"]);
    expect(clock.now()).toBe(50);
    expect(ledger.spent().tokens).toBe(3 + 1 + 3);
    expect(finishes(await model.generate([request(2)]))).toEqual(["refused"]);
    expect(ledger.entries.at(-1)).toMatchObject({ type: "refused", unit: "ms" });
  });

  it("does not send, nor count, what was cancelled before", async () => {
    const { model, ledger, sent } = setUp({});
    const options = { signal: AbortSignal.abort() };
    expect(finishes(await model.generate([request(0)], options))).toEqual(["cancelled"]);
    expect(sent).toEqual([]);
    expect(ledger.entries).toEqual([]);
  });

  it("gives up a model that does not stop, and counts all that was reserved", async () => {
    const deaf = (model: Model) =>
      wrap(model, (requests, { signal: _, ...options } = {}) => model.generate(requests, options));
    const respond: Respond = ({ position }) => ({ text: "a", delayMs: position === "sample/0" ? 1 : 1000 });
    const { model, ledger, clock } = setUp({ ms: 50 }, respond, deaf);
    const completions = await clock.run(model.generate([request(0), request(1)]));
    expect(finishes(completions)).toEqual(["end", "cancelled"]);
    expect(clock.now()).toBe(60);
    expect(ledger.spent().tokens).toBe(4 + 8);
  });

  it("does not wait at the deadline for a server that does not even count", async () => {
    const silent = (model: Model): Model => ({
      ...wrap(model, (requests, options) => model.generate(requests, options)),
      countTokens: () => new Promise(() => {}),
    });
    const { model, ledger, clock } = setUp({ ms: 50 }, () => "a", silent);
    expect(finishes(await clock.run(model.generate([request(0)])))).toEqual(["cancelled"]);
    expect(clock.now()).toBe(60);
    expect(ledger.entries).toEqual([]);
  });

  it("turns an exception into lost samples, but keeps those that were done", async () => {
    const breaking = (model: Model) =>
      wrap(model, async (requests, options) => {
        await model.generate(requests.slice(0, 1), options);
        throw new Error("broken");
      });
    const { model, ledger } = setUp({}, () => "a b", breaking);
    const completions = await model.generate([request(0), request(1)]);
    expect(finishes(completions)).toEqual(["end", "error"]);
    expect(completions[1]!.error!.message).toBe("broken");
    expect(ledger.spent().tokens).toBe(5 + 8);
  });

  it("passes a usage error on, with nothing left reserved", async () => {
    const { model, ledger } = setUp({ tokens: 100 }, () => {
      throw new UsageError("no such model");
    });
    await expect(model.generate([request(0)])).rejects.toThrow("no such model");
    expect(ledger.nextSettlement()).toBeUndefined();
    expect(ledger.spent().tokens).toBe(0);
  });

  it("tells each completion once, with the caller's index", async () => {
    const told = new Map<number, string>();
    const { model } = setUp({ tokens: 13 });
    await model.generate([request(0, 50), request(1), request(2)], {
      onCompletion: (index, { finish }) => told.set(index, `${told.get(index) ?? ""}${finish}`),
    });
    expect([...told].sort()).toEqual([
      [0, "refused"],
      [1, "end"],
      [2, "end"],
    ]);
  });

  it("refuses budgets that it cannot keep before any call", () => {
    expect(() => setUp({ flops: 1e9 })).toThrow(/shape of the generator scripted/);
    expect(() => setUp({ usd: 1 })).toThrow(/price of the generator scripted/);
  });
});
