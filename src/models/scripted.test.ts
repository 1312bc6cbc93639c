import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { describeModel } from "../../test/describe-model.ts";
import { virtualClock } from "../../test/virtual-clock.ts";
import { systemClock } from "../budget/clock.ts";
import { openJournal } from "../budget/journal.ts";
import { createLedger } from "../budget/ledger.ts";
import { rng } from "../random.ts";
import { journaled } from "./journaled.ts";
import { limited } from "./limited.ts";
import { metered } from "./metered.ts";
import type { GenerateRequest } from "./model.ts";
import { type Respond, scripted, scriptedTokens } from "./scripted.ts";

/** Takes three input tokens. */
function request(sample: number, maxTokens = 5): GenerateRequest {
  return { prompt: "two words", maxTokens, temperature: 1, seed: sample, position: `sample/${sample}` };
}

/** Sixty words that depend on the prompt and, unless greedy, on the seed; a prefix of them is continued. */
const babble: Respond = ({ prompt, prefix = "", temperature, seed }) => {
  const random = rng(JSON.stringify(prompt)).split(temperature === 0 ? "greedy" : seed);
  const words = Array.from({ length: 60 }, () => random.pick(["ja", "nein", "doch", "größer", "🙂", "\n"]));
  const text = words.join(" ");
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
};

const talker = () => scripted(babble, { contextLength: 2000 });

describeModel("scripted", async () => talker());
describeModel("limited", async () => limited(talker(), { concurrency: 2, timeoutMs: 60_000 }));
describeModel("metered", async () => metered(talker(), { ledger: createLedger({ clock: systemClock }) }));

describe("journaled", () => {
  const folder = mkdtempSync(join(tmpdir(), "bedacht-journal-"));
  const journal = openJournal(join(folder, "run.db"));
  afterAll(async () => {
    await (await journal).close();
    rmSync(folder, { recursive: true });
  });
  describeModel("metered, journaled, limited", async () =>
    metered(journaled(limited(talker()), { journal: await journal }), {
      ledger: createLedger({ clock: systemClock }),
    }),
  );
});

describe("scripted model", () => {
  it("splits text without loss", () => {
    const text = "  a bc\n\n d  \n#### 42 ";
    expect(scriptedTokens(text).join("")).toBe(text);
    expect(scriptedTokens("a b\n#### 42")).toEqual(["a", " b", "\n", "####", " 42"]);
  });

  it("bills what it says", async () => {
    const model = scripted(() => "a b c");
    const [completion] = await model.generate([request(0)]);
    expect(completion).toMatchObject({ text: "a b c", finish: "end" });
    expect(completion!.usage).toEqual({ inputTokens: 3, cachedTokens: 0, outputTokens: 3 });
    expect(await model.countTokens([request(0)])).toEqual([3]);
  });

  it("is cut at maxTokens and at the first stop text", async () => {
    const model = scripted(() => "a b\nc d");
    const [short] = await model.generate([request(0, 2)]);
    expect(short).toMatchObject({ text: "a b", finish: "length" });
    const [stopped] = await model.generate([{ ...request(0, 9), stop: ["d", "\nc", "\n"] }]);
    expect(stopped).toMatchObject({ text: "a b", finish: "stop", stopText: "\n" });
    expect(stopped!.usage.outputTokens).toBe(3);
  });

  it("streams what it returns, and stops when told", async () => {
    const clock = virtualClock();
    const model = scripted(() => "a b c d", { clock, msPerToken: 10 });
    const controller = new AbortController();
    let text = "";
    const run = model.generate([request(0)], {
      signal: controller.signal,
      onText: (_, delta) => {
        text += delta;
        if (text === "a b") controller.abort();
      },
    });
    const [completion] = await clock.run(run);
    expect(completion).toMatchObject({ text: "a b", finish: "cancelled", ms: 20 });
    expect(completion!.usage.outputTokens).toBe(2);
  });

  it("counts attempts of the same request and loses only the sample that fails", async () => {
    const error = new Error("down");
    const model = scripted(({ seed }, { attempt }) => {
      if (seed === 1) throw error;
      return attempt === 0 ? { text: "x", error } : "fine";
    });
    const first = request(0);
    const [a, b] = await model.generate([first, request(1)]);
    expect(a).toMatchObject({ finish: "error", error, text: "x" });
    expect(b).toMatchObject({ finish: "error", error });
    expect((await model.generate([first]))[0]).toMatchObject({ finish: "end", text: "fine" });
  });

  it("refuses what its context cannot hold", async () => {
    const model = scripted(() => "x", { contextLength: 7 });
    const [completion] = await model.generate([request(0)]);
    expect(completion!.error!.message).toMatch(/3 tokens and 5 may follow/);
  });
});
