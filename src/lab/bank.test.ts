import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { samplesOf } from "../../test/bank-records.ts";
import { postgresPrograms, startPostgres } from "../../test/postgres.ts";
import { openJournal } from "../budget/journal.ts";
import { openBank } from "./bank.ts";
import type { Cell } from "./cells.ts";
import { lineOf } from "./lines.ts";
import type { BankRecord } from "./records.ts";
import { replay } from "./replay.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-bank-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SETTING = { fingerprint: "made-up/1", params: { maxTokens: 256, temperature: 1 } };

async function recordsIn(place: string): Promise<readonly BankRecord[]> {
  const bank = await openBank(place);
  const records: BankRecord[] = [];
  for await (const record of bank.records()) records.push(record);
  await bank.close();
  return records;
}

/** Strategy, N, accuracy and coverage that six made-up problems come to, wherever they are kept. */
const FIGURES = [
  ["majority", 1, 0.556, 0.672],
  ["majority", 4, 0.944, 0.963],
  ["majority", 32, 1, 1],
  ["best-of-n", 1, 0.556, 0.672],
  ["best-of-n", 4, 0.889, 0.963],
  ["best-of-n", 32, 1, 1],
  ["weighted-best-of-n", 1, 0.556, 0.672],
  ["weighted-best-of-n", 4, 0.889, 0.963],
  ["weighted-best-of-n", 32, 1, 1],
];

const CELL: Cell = {
  key: "cell",
  prompt: "What?",
  problem: "1",
  level: 3,
  label: "best-of-n n=2",
  plan: { strategy: "best-of-n", params: { n: 2, temperature: 0.5, separator: "\n" } },
  generator: "m",
  generatorFingerprint: "m/1",
  verifier: "v",
  verifierFingerprint: "v/1",
  seed: 7,
  answer: "9",
  right: true,
  stop: "done",
  roles: {
    generator: { calls: 2, inputTokens: 5, cachedTokens: 1, outputTokens: 9, flops: 1e9, usd: 0.25 },
  },
  ms: 12.5,
  candidates: [
    { answer: "9", score: 0.75, right: true, tokens: 5 },
    { right: false, tokens: 4 },
  ],
};

/** What every bank must do, wherever it is. `fresh` names an empty one. */
function contract(fresh: () => string) {
  it("gives back what was put in, also to the next process", async () => {
    const place = fresh();
    const records = [...samplesOf(1, 300), ...samplesOf(2, 20)];
    const bank = await openBank(place);
    await bank.append(records);
    const { prompt, text, sample, scores } = records[7]!;
    expect((await bank.samples(SETTING, prompt, [7, 9999])).get(7)).toEqual({
      text,
      finish: "end",
      usage: sample!.usage,
    });
    expect((await bank.scores("made-up-prm/1", prompt, [text, "other"])).get(text)).toEqual({
      value: scores![0]!.value,
      steps: scores![0]!.steps,
      usage: scores![0]!.usage,
    });
    await bank.close();
    const again = await recordsIn(place);
    const whole = (all: readonly BankRecord[]) => all.map(lineOf).sort();
    const bare = ({ scores: _, grades: __, ...rest }: BankRecord): BankRecord => rest;
    expect(whole(again.map(bare))).toEqual(whole(records.map(bare)));
    const told = (all: readonly BankRecord[]) =>
      new Set(all.flatMap(({ text, scores = [], grades = [] }) => JSON.stringify([text, scores, grades])));
    expect([...told(records)].filter((one) => !told(again).has(one))).toEqual([]);
  });

  it("stores what it has already only once, and keeps the first", async () => {
    const place = fresh();
    const bank = await openBank(place);
    const records = samplesOf(3, 40);
    await Promise.all([bank.append(records), bank.append(records), bank.append(records.slice(3))]);
    await bank.append([{ ...records[0]!, text: "another text", scores: [] }]);
    const [setting] = (await bank.contents()).settings;
    expect(setting).toMatchObject({ model: "made-up", samples: 40, params: { temperature: 1 } });
    const kept = await bank.samples(SETTING, records[0]!.prompt, [0]);
    expect(kept.get(0)!.text).toBe(records[0]!.text);
    await bank.close();
  });

  it("lets two write at once", async () => {
    const place = fresh();
    const banks = await Promise.all([openBank(place), openBank(place)]);
    await Promise.all(
      banks.flatMap((bank, one) =>
        Array.from({ length: 8 }, (_, part) => bank.append(samplesOf(4 + (part % 3), 60, 30 * part + one))),
      ),
    );
    const [a, b] = await Promise.all(banks.map((bank) => bank.contents()));
    expect(a).toEqual(b);
    expect(a!.settings[0]!.samples).toBeGreaterThan(300);
    await Promise.all(banks.map((bank) => bank.close()));
  });

  it("keeps strange texts and large seeds", async () => {
    const place = fresh();
    const bank = await openBank(place);
    const sample = { ...samplesOf(1, 1)[0]!.sample!, seed: Number.MAX_SAFE_INTEGER };
    const texts = [
      "",
      "zero \0 byte",
      "half \uD800 pair",
      "😀 'quotes' \"and\" \\ ? $1",
      "x".repeat(100_000),
    ];
    await bank.append(
      texts.map((text, index) => ({
        prompt: "What?",
        text,
        sample: { ...sample, seed: sample.seed - index },
      })),
    );
    const found = await bank.samples(
      SETTING,
      "What?",
      texts.map((_, index) => sample.seed - index),
    );
    expect(texts.map((_, index) => found.get(sample.seed - index)!.text)).toEqual([
      "",
      "zero \uFFFD byte",
      "half \uFFFD pair",
      texts[3],
      texts[4],
    ]);
    await bank.close();
  });

  it("keeps the calls of a cell until the cell is there", async () => {
    const place = fresh();
    const bank = await openBank(place);
    const journal = bank.sweeps.journal(CELL.key);
    await journal.begin([
      { key: "a", model: "m", position: "sample/0" },
      { key: "b", model: "m", position: "sample/1" },
    ]);
    await journal.finish("a", "answered", "first");
    await journal.finish("a", "answered", "second");
    await journal.finish("b", "lost", "{}");
    const found = await (await openBank(place)).sweeps.journal(CELL.key).find(["a", "b", "c"]);
    expect([...found]).toEqual([
      ["a", { result: "first" }],
      ["b", {}],
    ]);
    expect((await bank.sweeps.journal("other").find(["a"])).size).toBe(0);
    await bank.sweeps.finish(CELL);
    await bank.sweeps.finish({ ...CELL, answer: "8" });
    expect((await journal.find(["a", "b"])).size).toBe(0);
    await journal.begin([{ key: "late", model: "m", position: "sample/2" }]);
    await bank.sweeps.forgetLateCalls();
    expect((await journal.find(["late"])).size).toBe(0);
    const { prompt: _, candidates: __, ...figures } = CELL;
    expect(await bank.sweeps.cellsOf(["none", CELL.key])).toEqual(new Map([[CELL.key, figures]]));
    for (let number = 0; number < 205; number += 1)
      await bank.sweeps.finish({ ...CELL, key: `key ${number}`, prompt: `Prompt ${number % 7}` });
    const keys = new Set<string>();
    for await (const cell of bank.sweeps.cells()) {
      keys.add(cell.key);
      if (cell.key === CELL.key) expect(cell).toEqual(CELL);
    }
    expect(keys.size).toBe(206);
    await bank.close();
  });

  it("replays the same figures", async () => {
    const bank = await openBank(fresh());
    for (let problem = 0; problem < 6; problem += 1) await bank.append(samplesOf(problem, 32));
    const plans = [{ strategy: "majority" }, { strategy: "best-of-n" }, { strategy: "weighted-best-of-n" }];
    const { rows } = await replay({ bank, plans, n: [1, 4, 32], subsets: 3 });
    expect(
      rows.map(({ strategy, n, accuracy, coverage }) => [
        strategy,
        n,
        Number(accuracy.mean.toFixed(3)),
        Number(coverage.mean.toFixed(3)),
      ]),
    ).toEqual(FIGURES);
    await bank.close();
  });
}

describe("a bank in an SQLite file", () => {
  let count = 0;
  const fresh = () => {
    count += 1;
    return join(folder, `${count}.db`);
  };
  contract(fresh);

  it("waits for another writer, and says so when it does not let go", async () => {
    const place = fresh();
    const bank = await openBank(place);
    const other = new Database(place);
    other.exec("begin immediate");
    const waiting = bank.append(samplesOf(1, 3));
    await expect(waiting).rejects.toThrow(/^Another process is using the bank .*: wait until it ends/);
    other.exec("rollback");
    other.close();
    await bank.append(samplesOf(1, 3));
    await bank.close();
  });

  it("gives the tables of sweeps to a file of version 1, and leaves the rest", async () => {
    const place = fresh();
    const bank = await openBank(place);
    await bank.append(samplesOf(1, 5));
    await bank.close();
    const database = new Database(place);
    database.exec("drop table cells; drop table calls; pragma user_version = 1");
    database.close();
    const upgraded = await openBank(place);
    await upgraded.sweeps.finish(CELL);
    expect((await upgraded.contents()).settings[0]!.samples).toBe(5);
    await upgraded.close();
    const after = new Database(place);
    expect(after.pragma("user_version", { simple: true })).toBe(2);
    after.close();
  });

  it("refuses in one sentence what is no bank", async () => {
    const text = join(folder, "notes.txt");
    writeFileSync(text, "hello");
    await expect(openBank(text)).rejects.toThrow(/notes\.txt is not a bank: give another file\.$/);
    const journal = join(folder, "run.db");
    await (await openJournal(journal)).close();
    await expect(openBank(journal)).rejects.toThrow(/is an SQLite file of another program, not a bank/);
    const newer = fresh();
    await (await openBank(newer)).close();
    const database = new Database(newer);
    database.pragma("user_version = 3");
    database.close();
    await expect(openBank(newer)).rejects.toThrow(/was written by a newer version of bedacht: update it\.$/);
    await expect(openBank(join(folder, "no/such/folder.db"))).rejects.toThrow(/^Cannot use the bank/);
    await expect(openBank("postgres://me:secret@127.0.0.1:9/x")).rejects.toThrow(
      "There is no Postgres server at postgres://me@127.0.0.1:9/x: start it, or give another address.",
    );
  });
});

const programs = postgresPrograms();
const where = programs === undefined ? "Postgres (skipped: this machine has none)" : "a real Postgres";

describe.skipIf(programs === undefined)(`a bank in ${where}`, () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => {
    server = await startPostgres(programs!);
    console.log(`The bank is tested on ${server.version}.`);
  });
  afterAll(() => server?.stop());
  afterEach(async () => {
    const { default: pg } = await import("pg");
    const client = new pg.Client(server.url);
    await client.connect();
    await client.query("drop schema bedacht cascade");
    await client.end();
  });
  contract(() => server.url);

  it("gives the tables of sweeps to a database of version 1", async () => {
    await (await openBank(server.url)).close();
    const { default: pg } = await import("pg");
    const client = new pg.Client(server.url);
    await client.connect();
    await client.query("drop table bedacht.cells, bedacht.calls; update bedacht.versions set version = 1");
    const bank = await openBank(server.url);
    await bank.sweeps.finish(CELL);
    await bank.close();
    expect((await client.query("select version from bedacht.versions")).rows).toEqual([{ version: "2" }]);
    await client.end();
  });

  it("refuses a newer one, and a journal", async () => {
    await (await openBank(server.url)).close();
    const { default: pg } = await import("pg");
    const client = new pg.Client(server.url);
    await client.connect();
    await client.query("update bedacht.versions set version = 3");
    await client.end();
    await expect(openBank(server.url)).rejects.toThrow(
      /was written by a newer version of bedacht: update it\.$/,
    );
    await expect(openJournal(server.url)).rejects.toThrow(
      "The journal belongs to one process: give a file, not a Postgres server.",
    );
  });
});
