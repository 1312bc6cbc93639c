import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  contentOf,
  drawGrid,
  problemAt,
  problemsTo,
  scriptedLane,
  type World,
} from "../../test/sweep-world.ts";
import { scripted } from "../models/scripted.ts";
import { rng } from "../random.ts";
import { type Bank, openBank } from "./bank.ts";
import type { Cell } from "./cells.ts";
import type { SweepEnd } from "./driving.ts";
import { type GridPlan, gridOf } from "./grid.ts";
import { openSweep, type SweepOptions, type SweepRun } from "./sweep.ts";
import { tabulate } from "./tabulating.ts";

// In memory where there is such a place: no disk is on trial here.
const root = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const folder = mkdtempSync(join(root, "bedacht-sweep-test-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const fresh = () => {
  files += 1;
  return join(folder, `${files}.db`);
};

const majority = (n: number | readonly number[]): readonly GridPlan[] =>
  gridOf({
    name: "test",
    problems: [],
    generator: "scripted",
    plans: [{ strategy: "majority", params: { n } }],
    maxTokens: 20,
  });

const of = (plans: readonly GridPlan[], count: number, world?: World): Omit<SweepOptions, "bank"> => ({
  problems: () => problemsTo(count),
  plans,
  seeds: [1],
  openLane: () => scriptedLane(world),
});

async function inBank<T>(place: string, use: (bank: Bank) => Promise<T>): Promise<T> {
  const bank = await openBank(place);
  try {
    return await use(bank);
  } finally {
    await bank.close();
  }
}

async function cellsIn(bank: Bank): Promise<readonly Cell[]> {
  const cells: Cell[] = [];
  for await (const cell of bank.sweeps.cells()) cells.push(cell);
  return cells;
}

/** One process's worth of a sweep. */
const sweepOnce = (
  place: string,
  options: Omit<SweepOptions, "bank">,
  run: SweepRun = {},
): Promise<SweepEnd> =>
  inBank(place, async (bank) => {
    const sweep = await openSweep({ ...options, bank });
    return sweep.run(run).finally(() => sweep.close());
  });

describe("sweep", () => {
  it.each([1, 2, 3, 4, 5])(
    "ends the same however often it is stopped, and buys no completed call twice (grid %i)",
    async (trial) => {
      const random = rng("sweep").split(trial);
      const plans = drawGrid(random);
      const common = { seeds: random.pick([[1], [3, 1]]), lanes: random.int(1, 3) };
      const count = random.int(2, 6);
      const calls = { unbroken: [] as string[], broken: [] as string[] };
      const worldOf = (which: keyof typeof calls, onCall = () => {}): World => ({
        fails: true,
        pace: (position, attempt) => random.split(position, attempt).int(0, 3),
        log({ event, plan, problem, key }) {
          if (event === "end") calls[which].push(`${plan} ${problem} ${key}`);
          onCall();
        },
      });
      const unbroken = fresh();
      await sweepOnce(unbroken, { ...of(plans, count, worldOf("unbroken")), ...common });
      const broken = fresh();
      let end: SweepEnd["stop"] | undefined;
      let stops = 0;
      while (end !== "done") {
        const stopping = new AbortController();
        let patience = random.int(1, Math.ceil(calls.unbroken.length / 3));
        const world = worldOf("broken", () => {
          patience -= 1;
          if (patience === 0) stopping.abort();
        });
        const options = { ...of(plans, count, world), ...common };
        ({ stop: end } = await sweepOnce(broken, options, { signal: stopping.signal }));
        if (end === "cancelled") stops += 1;
      }
      expect(stops).toBeGreaterThan(0);
      expect(contentOf(broken)).toEqual(contentOf(unbroken));
      expect(calls.broken.sort()).toEqual(calls.unbroken.sort());
      expect(contentOf(broken).filter((row) => row.startsWith('["call"'))).toEqual([]);
    },
  );

  it("stores what a cell found, graded after the search", async () => {
    const place = fresh();
    await sweepOnce(place, of(majority(4), 1));
    const cells = await inBank(place, cellsIn);
    const { candidates, answer, right, roles, ms, generatorFingerprint, key, ...cell } = cells[0]!;
    expect(cells).toHaveLength(1);
    expect(cell).toEqual({
      prompt: "How many, p0?",
      problem: "p0",
      family: "made-up",
      level: 1,
      label: "majority",
      plan: { strategy: "majority", params: { n: 4, temperature: 1, maxTokens: 20 } },
      generator: "majority",
      seed: 1,
      stop: "done",
    });
    expect(right).toBe(answer === "2");
    expect(candidates).toHaveLength(4);
    expect(candidates.map((one) => one.right)).toEqual(candidates.map((one) => one.answer === "2"));
    expect(roles.generator).toMatchObject({ calls: 4, cachedTokens: 0 });
    expect(roles.generator!.outputTokens).toBe(candidates.reduce((sum, { tokens }) => sum + tokens, 0));
    expect([generatorFingerprint, typeof key, ms >= 0]).toEqual(["scripted/1", "string", true]);
  });

  it("shares samples between sizes, the largest first", async () => {
    const calls: string[] = [];
    const log: World["log"] = ({ event, plan }) => event === "end" && calls.push(plan);
    await sweepOnce(fresh(), of(majority([2, 8]), 3, { log }));
    expect(calls).toEqual(Array.from({ length: 24 }, () => "majority n=8"));
  });

  it("never spends more than its budget, over all runs", async () => {
    const place = fresh();
    const options = { ...of(majority([4, 8]), 8), budget: { tokens: 900 } };
    expect((await sweepOnce(place, options)).stop).toBe("budget");
    expect((await sweepOnce(place, options)).stop).toBe("budget");
    const spent = await inBank(place, async (bank) => {
      const cells = await cellsIn(bank);
      return cells.map(({ roles }) => roles.generator!.inputTokens + roles.generator!.outputTokens);
    });
    expect(spent.length).toBeGreaterThan(1);
    expect(spent.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(900);
    expect((await sweepOnce(place, { ...options, budget: { tokens: 1e6 } })).stop).toBe("done");
  });

  it("counts cells of plans that are left out in the budget, and reports the others", async () => {
    const place = fresh();
    const options = { ...of(majority([4, 8]), 2), budget: { tokens: 1e6 } };
    await sweepOnce(place, { ...options, only: ({ name }) => name === "majority n=8" });
    await inBank(place, async (bank) => {
      const sweep = await openSweep({ ...options, bank, only: ({ name }) => name === "majority n=4" });
      expect(sweep.unspent().tokens).toBeLessThan(1e6);
      expect(sweep.stock).toMatchObject([{ plan: { name: "majority n=4" }, cells: 2, done: 0 }]);
      await sweep.run();
      const rows = await tabulate(majority(4), sweep.cells());
      expect(rows).toMatchObject([{ cells: 2, problems: 2, generations: 4 }]);
      await sweep.close();
    });
  });

  it("does not store a cell that lost calls, and gives up when there is no server", async () => {
    const place = fresh();
    const error = new Error("The server is down.");
    const openLane = () => ({
      models: async () => ({ model: scripted(() => ({ text: "", error }), { fingerprint: "scripted/1" }) }),
      close: async () => {},
    });
    const options = { ...of(majority(2), 100), openLane, lanes: 1 };
    expect(await sweepOnce(place, options)).toEqual({ stop: "failed", lost: 10, reason: error.message });
    const some = (count: number) => ({ ...of(majority(2), count) });
    expect(await sweepOnce(place, some(3))).toEqual({ stop: "done", lost: 0 });
  });

  it("says which plan does not work before anything is bought", async () => {
    const calls: unknown[] = [];
    const plans = gridOf({
      name: "test",
      problems: [],
      generator: "scripted",
      plans: [{ strategy: "majority" }, { strategy: "beam", label: "steps" }],
    });
    const log = (one: unknown) => calls.push(one);
    await expect(sweepOnce(fresh(), of(plans, 1, { log }))).rejects.toThrow(
      /^The plan "steps" does not work: /,
    );
    const twins = majority([2]).flatMap((plan) => [plan, { ...plan, name: "again" }]);
    await expect(sweepOnce(fresh(), of(twins, 1, { log }))).rejects.toThrow(
      'The plans "majority n=2" and "again" are the same: leave one out.',
    );
    expect(calls).toEqual([]);
  });

  it("takes problems one by one", async () => {
    let pulled = 0;
    async function* problems() {
      for (let number = 0; number < 50; number += 1) {
        pulled += 1;
        yield problemAt(number);
      }
    }
    await inBank(fresh(), async (bank) => {
      const sweep = await openSweep({ ...of(majority(2), 0), problems, bank });
      pulled = 0;
      const stopping = new AbortController();
      await sweep.run({ signal: stopping.signal, onCell: () => stopping.abort() });
      expect(pulled).toBeLessThan(5);
      await sweep.close();
    });
  });
});
