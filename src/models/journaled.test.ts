import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { journalKey, openJournal } from "../budget/journal.ts";
import { UsageError } from "../types.ts";
import { journaled as journaledVerifier } from "../verifiers/journaled.ts";
import type { Verifier } from "../verifiers/verifier.ts";
import { journaled } from "./journaled.ts";
import type { Completion, GenerateRequest } from "./model.ts";
import { type Respond, scripted } from "./scripted.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bedacht-journal-"));
  path = join(folder, "run.db");
});
afterEach(() => rm(folder, { recursive: true }));

function request(sample: number): GenerateRequest {
  return { prompt: "two words", maxTokens: 5, temperature: 1, seed: sample, position: `sample/${sample}` };
}

/** One run of a process: opens the journal, generates, closes. Says what was really sent. */
async function run(
  requests: readonly GenerateRequest[],
  options: { respond?: Respond; name?: string; scope?: string; signal?: AbortSignal } = {},
) {
  const sent: string[] = [];
  const { respond = () => "a b", name = "m", scope = "", signal } = options;
  const inner = scripted(
    (asked, context) => {
      sent.push(asked.position);
      return respond(asked, context);
    },
    { name },
  );
  const journal = await openJournal(path);
  const told: number[] = [];
  const texts: string[] = [];
  try {
    const completions = await journaled(inner, { journal, scope }).generate(requests, {
      ...(signal && { signal }),
      onCompletion: (index) => told.push(index),
      onText: (index, delta) => {
        texts[index] = (texts[index] ?? "") + delta;
      },
    });
    return { completions, sent, told: told.sort(), texts };
  } finally {
    await journal.close();
  }
}

const origins = (completions: readonly Completion[]) => completions.map(({ journal }) => journal);

describe("journaled model", () => {
  it("replays what was bought, and sends only the rest of a batch", async () => {
    const first = await run([request(0), request(2)]);
    expect(first.sent).toHaveLength(2);
    const second = await run([request(0), request(1), request(2)]);
    expect(second.sent).toEqual(["sample/1"]);
    expect(origins(second.completions)).toEqual(["replayed", undefined, "replayed"]);
    expect(second.completions.map(({ text }) => text)).toEqual(["a b", "a b", "a b"]);
    expect(second.completions[0]!.usage).toEqual(first.completions[0]!.usage);
    expect(second.told).toEqual([0, 1, 2]);
    expect(second.texts).toEqual(["a b", "a b", "a b"]);
  });

  it("has other keys for another model, scope, seed or position", async () => {
    await run([request(0)]);
    expect((await run([request(0)], { name: "other" })).sent).toHaveLength(1);
    expect((await run([request(0)], { scope: "problem 2" })).sent).toHaveLength(1);
    expect((await run([{ ...request(0), seed: 9 }])).sent).toHaveLength(1);
    expect((await run([{ ...request(0), position: "round/1" }])).sent).toHaveLength(1);
    expect((await run([request(0)])).sent).toHaveLength(0);
    expect(journalKey({ a: 1, b: { c: 2, d: 3 } })).toBe(journalKey({ b: { d: 3, c: 2 }, a: 1 }));
  });

  it("sends again what had failed or was cancelled, and says so", async () => {
    const respond: Respond = () => ({ text: "x", error: new Error("down") });
    expect((await run([request(0)], { respond })).completions[0]).toMatchObject({ finish: "error" });
    const second = await run([request(0)]);
    expect(origins(second.completions)).toEqual(["repeated"]);
    expect(origins((await run([request(0)])).completions)).toEqual(["replayed"]);
  });

  it("does not record calls that were cancelled before they were sent", async () => {
    await run([request(0)], { signal: AbortSignal.abort() });
    expect(origins((await run([request(0)])).completions)).toEqual([undefined]);
  });

  it("writes each completion when it is complete, not at the end of its batch", async () => {
    const journal = await openJournal(path);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const model = journaled(
      scripted(async ({ seed }) => {
        if (seed === 1) await held;
        return "a b";
      }),
      { journal },
    );
    let all: Promise<unknown> = Promise.resolve();
    const written = await new Promise<number>((resolve) => {
      all = model.generate([request(0), request(1)], { onCompletion: resolve });
    });
    expect(written).toBe(0);
    const key = journalKey(["generate", model.fingerprint, "", request(0)]);
    expect((await journal.find([key])).get(key)?.result).toContain("a b");
    release();
    await all;
    await journal.close();
  });

  it("keeps usage errors, and what was complete before them", async () => {
    const respond: Respond = async ({ seed }) => {
      if (seed === 0) return "a b";
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new UsageError("key refused");
    };
    await expect(run([request(0), request(1)], { respond })).rejects.toThrow("key refused");
    expect(origins((await run([request(0), request(1)])).completions)).toEqual(["replayed", "repeated"]);
  });
});

describe("journaled verifier", () => {
  function verifier(free: boolean) {
    let scored = 0;
    const inner: Verifier = {
      name: "v",
      fingerprint: "v",
      scoresPartial: true,
      free,
      countTokens: async (requests) => requests.map(() => ({ input: 1, output: 0 })),
      score: async (requests) => {
        scored += requests.length;
        return requests.map(({ text }) =>
          text === "good"
            ? { value: 0.5, steps: [0.5] }
            : { value: undefined, error: new Error(text), unreadable: text === "mumble" },
        );
      },
      close: async () => {},
    };
    return { inner, scored: () => scored };
  }
  const requests = ["good", "bad", "mumble"].map((text) => ({
    problem: { id: "p", prompt: "?" },
    text,
    position: `score/${text}`,
  }));

  it("replays scores, and asks again for those that failed", async () => {
    const { inner, scored } = verifier(false);
    const journal = await openJournal(path);
    const kept = journaledVerifier(inner, { journal });
    await kept.score(requests);
    expect(scored()).toBe(3);
    const again = await kept.score(requests);
    expect(scored()).toBe(4);
    expect(again).toMatchObject([
      { value: 0.5, steps: [0.5], journal: "replayed" },
      { journal: "repeated" },
      { error: new Error("mumble"), journal: "replayed" },
    ]);
    await journal.close();
  });

  it("leaves a free verifier alone", async () => {
    const journal = await openJournal(path);
    const { inner } = verifier(true);
    expect(journaledVerifier(inner, { journal })).toBe(inner);
    await journal.close();
  });
});

describe("journal file", () => {
  it.each([
    ["text", "not a database at all"],
    ["half a header", "SQLite for"],
    ["garbage after the header", `SQLite format 3\0${"garbage ".repeat(600)}`],
  ])("is refused when it is %s", async (_, content) => {
    await writeFile(path, content);
    await expect(openJournal(path)).rejects.toThrow(UsageError);
    expect(await readFile(path, "utf8")).toBe(content);
  });

  it("is refused when its folder does not exist or it is one", async () => {
    await expect(openJournal(join(folder, "none", "run.db"))).rejects.toThrow(/Cannot use the journal/);
    await expect(openJournal(folder)).rejects.toThrow(UsageError);
  });

  it("is refused when it belongs to another program", async () => {
    const { default: Database } = await import("better-sqlite3");
    const other = new Database(path);
    other.exec("create table theirs (id integer)");
    other.close();
    await expect(openJournal(path)).rejects.toThrow(/of another program/);
  });

  it("is refused when it is damaged", async () => {
    for (let i = 0; i < 40; i += 1) await run([request(i)]);
    const bytes = await readFile(path);
    bytes.fill(0xab, 4096, 8192);
    await writeFile(path, bytes);
    await expect(openJournal(path)).rejects.toThrow(/damaged/);
  });

  it("is refused while another holds it, and free after", async () => {
    const first = await openJournal(path);
    await expect(openJournal(path)).rejects.toThrow(/Another process is using/);
    await first.close();
    await (await openJournal(path)).close();
  });

  it("can be an empty file", async () => {
    await writeFile(path, "");
    expect((await run([request(0)])).sent).toHaveLength(1);
  });
});
