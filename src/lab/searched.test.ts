import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { rng } from "../random.ts";
import { type Bank, openBank } from "./bank.ts";
import { calibrate } from "./calibrating.ts";
import type { Cell } from "./cells.ts";
import { importLines } from "./exchange.ts";
import { mapped, parseMapping } from "./mapping.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-searches-"));
afterAll(() => rmSync(folder, { recursive: true }));

const PROBLEMS = 60;
const BEAM = { strategy: "beam", params: { n: 4, width: 2 } };
const promptOf = (problem: number) => `Question ${problem}?`;

/** Samples of which one in five is right, and scores that know nothing. */
async function fill(bank: Bank): Promise<void> {
  const lines = Array.from({ length: PROBLEMS }, (_, problem) => {
    const random = rng("searches").split(problem);
    const right = Array.from({ length: 8 }, () => random.next() < 0.2);
    return JSON.stringify({
      q: promptOf(problem),
      outputs: right.map((one) => `#### ${one ? 0 : random.int(1, 9)}`),
      right,
      scores: right.map(() => 0.5),
      lengths: right.map(() => 10),
    });
  });
  const file = join(folder, "lines.jsonl");
  writeFileSync(file, `${lines.join("\n")}\n`);
  const mapping = {
    prompt: "q",
    text: "outputs",
    correct: "right",
    score: "scores",
    outputTokens: "lengths",
    model: { value: "theirs" },
    verifier: { value: "critic" },
    params: { temperature: { value: 1 } },
  };
  await importLines(bank, file, { records: mapped(parseMapping(JSON.stringify(mapping), "columns.json")) });
}

/** A beam search that finds the right answer for 20 tokens. */
function found(problem: number, more: Partial<Cell> = {}): Cell {
  const totals = {
    calls: 4,
    inputTokens: 0,
    cachedTokens: 0,
    outputTokens: 20,
    flops: undefined,
    usd: undefined,
  };
  return {
    key: `cell ${problem} ${more.generatorFingerprint ?? ""}`,
    prompt: promptOf(problem),
    problem: String(problem),
    label: "beam",
    plan: BEAM,
    generator: "theirs",
    generatorFingerprint: "import:theirs",
    verifier: "critic",
    verifierFingerprint: "import:critic",
    seed: 1,
    answer: "0",
    right: true,
    stop: "done",
    roles: { generator: totals },
    ms: 1,
    candidates: Array.from({ length: 4 }, () => ({ answer: "0", score: 0.9, right: true, tokens: 5 })),
    ...more,
  };
}

const calibrated = async (name: string, cells: readonly Cell[]) => {
  const bank = await openBank(join(folder, name));
  await fill(bank);
  for (const cell of cells) await bank.sweeps.finish(cell);
  return calibrate({ bank, name: "p", created: "2026-01-01" }).finally(() => bank.close());
};

const all = Array.from({ length: PROBLEMS }, (_, problem) => problem);
const searchesOf = ({ rule }: Awaited<ReturnType<typeof calibrated>>) =>
  rule.actions.filter(({ kind }) => kind === "search");

it("learns to buy a search that a sweep ran on every problem, and what it costs", async () => {
  const policy = await calibrated(
    "searched.db",
    all.map((problem) => found(problem)),
  );
  const [search] = searchesOf(policy);
  expect(search).toMatchObject({ plan: BEAM });
  expect(search!.samples).toBeCloseTo(2);
  const best = Math.max(...policy.measured.policy.map(({ accuracy }) => accuracy.mean));
  expect(best).toBeGreaterThan(0.9);
  expect(Math.max(...policy.measured.uniform.map(({ accuracy }) => accuracy.mean))).toBeLessThan(0.6);
}, 60_000);

it("passes over searches of other models, and those that some problems lack", async () => {
  const others = all.map((problem) => found(problem, { generatorFingerprint: "import:others" }));
  const policy = await calibrated("others.db", [...others, ...all.slice(1).map((problem) => found(problem))]);
  expect(searchesOf(policy)).toEqual([]);
}, 60_000);
