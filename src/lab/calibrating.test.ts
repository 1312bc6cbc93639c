import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatPolicy, type Policy, parsePolicy } from "../policy/index.ts";
import { rng } from "../random.ts";
import { UsageError } from "../types.ts";
import { type Bank, openBank } from "./bank.ts";
import { type CalibrateOptions, calibrate } from "./calibrating.ts";
import { importLines } from "./exchange.ts";
import { mapped, parseMapping } from "./mapping.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-calibrate-"));
afterAll(() => rmSync(folder, { recursive: true }));

const COLUMNS = {
  prompt: "q",
  text: "outputs",
  params: { temperature: { value: 0.8 } },
  correct: "ok",
};

/** One line as somebody with a script of their own would have written it. */
interface Line {
  readonly q: string;
  readonly outputs: readonly string[];
  readonly ok?: readonly boolean[];
  readonly lengths?: readonly number[];
}

/** Problems that are easy, hopeless and in between, by turns. */
function linesOf(problems: number, samples: number, share?: number): Line[] {
  return Array.from({ length: problems }, (_, problem) => {
    const random = rng("lines").split(problem);
    const right = share ?? [1, 0, 0.5][problem % 3]!;
    const ok = Array.from({ length: samples }, () => random.next() < right);
    return {
      q: `Question ${problem}?`,
      outputs: ok.map((one, sample) => `try ${sample}\n#### ${one ? 0 : random.int(1, 9)}`),
      ok,
      lengths: ok.map(() => random.int(4, 12)),
    };
  });
}

let banks = 0;

/** Imports lines as those of a model. */
async function fill(bank: Bank, lines: readonly Line[], model = "theirs", columns: object = COLUMNS) {
  const file = join(folder, "lines.jsonl");
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const mapping = JSON.stringify({ ...columns, model: { value: model } });
  return importLines(bank, file, { records: mapped(parseMapping(mapping, "columns.json")) });
}

const WITH_TOKENS = { ...COLUMNS, outputTokens: "lengths" };
const HOW = { name: "policy", created: "2026-01-01T00:00:00.000Z" };

/** Calibrates on a bank of these lines. */
async function calibrated(
  lines: readonly Line[],
  options: Partial<CalibrateOptions> = {},
  columns: object = lines.every(({ ok }) => ok) ? WITH_TOKENS : { ...WITH_TOKENS, correct: undefined },
): Promise<Policy> {
  banks += 1;
  const bank = await openBank(join(folder, `${banks}.db`));
  const { rejected } = await fill(bank, lines, "theirs", columns);
  expect(rejected).toBe(0);
  return calibrate({ bank, ...HOW, ...options }).finally(() => bank.close());
}

describe("a policy from a file that others recorded", () => {
  let policy: Policy;
  beforeAll(async () => {
    policy = await calibrated(linesOf(60, 16));
  }, 60_000);

  it("says on what it was learned", () => {
    expect(policy.learnedOn).toMatchObject({
      generator: { name: "theirs", fingerprint: "import:theirs", params: { temperature: 0.8 } },
      problems: 60,
      samples: 16,
      seed: 1,
    });
    expect(policy.learnedOn.verifier).toBeUndefined();
    expect(policy.rule.most).toBe(16);
  });

  it("holds no number that JSON cannot say, and is read back the same", async () => {
    const text = formatPolicy(policy);
    expect(text).not.toContain("null");
    expect(await parsePolicy(text, "p.json")).toEqual(JSON.parse(text));
  });

  it("measures accuracy and cost that rise with N and with falling prices", () => {
    const { uniform, policy: points, ratios } = policy.measured;
    expect(uniform.map(({ n }) => n)).toEqual([1, 2, 4, 8, 16]);
    for (const row of [uniform, points])
      expect(row.map(({ tokens }) => tokens)).toEqual(row.map(({ tokens }) => tokens).sort((a, b) => a - b));
    expect(uniform.at(-1)!.accuracy.mean).toBeGreaterThan(uniform[0]!.accuracy.mean + 0.05);
    for (const { accuracy } of [...uniform, ...points]) {
      expect(accuracy.low).toBeLessThanOrEqual(accuracy.mean);
      expect(accuracy.high).toBeGreaterThanOrEqual(accuracy.mean);
    }
    expect(ratios.map(({ n }) => n)).toEqual([4, 8, 16]);
    expect(points.some(({ price }) => price === policy.price)).toBe(true);
    for (const { reason } of ratios) expect(reason ?? "").not.toMatch(/first|second/);
  });

  it("is the same from the same seed, and another from another", async () => {
    const few = linesOf(42, 4);
    const [one, again, other] = [
      await calibrated(few),
      await calibrated(few),
      await calibrated(few, { seed: 2 }),
    ];
    expect(formatPolicy(again)).toBe(formatPolicy(one));
    expect(formatPolicy(other)).not.toBe(formatPolicy(one));
  });
});

describe("what cannot be learned from", () => {
  it.each<[string, readonly Line[], Partial<CalibrateOptions>, RegExp]>([
    ["an empty bank", [], {}, /^The bank is empty: fill it with/],
    ["39 problems", linesOf(39, 4), {}, /graded samples of 39 problems, and a policy needs 40/],
    [
      "samples that nobody graded",
      linesOf(40, 4).map(({ ok: _, ...line }) => line),
      {},
      /graded samples of 0 problems/,
    ],
    ["3 samples", linesOf(40, 3), {}, /Some problem has 3 samples, and a policy needs 4 of each/],
    [
      "3 samples of one problem",
      [...linesOf(40, 5).slice(1), ...linesOf(1, 3)],
      {},
      /Some problem has 3 samples/,
    ],
    [
      "samples that are all right",
      linesOf(40, 4, 1),
      {},
      /Every sample of the bank is right, so one is enough/,
    ],
    ["samples that are all wrong", linesOf(40, 4, 0), {}, /No sample of the bank is right/],
    ["a setting that is not there", linesOf(40, 4), { setting: 9 }, /no setting 9/],
    ["a verifier that is not there", linesOf(40, 4), { verifier: "prm" }, /The bank has no scores/],
    [
      "other problems",
      linesOf(40, 4),
      { problems: [{ id: "p", prompt: "Else?", answer: "1" }] },
      /of 0 problems/,
    ],
  ])("refuses %s in one sentence", async (_, lines, options, message) => {
    const refused = calibrated(lines, options);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toBeInstanceOf(UsageError);
  });

  it("refuses samples that do not say how long they are", async () => {
    await expect(calibrated(linesOf(40, 4), {}, COLUMNS)).rejects.toThrow(
      "Some samples do not say how many tokens they took: import them with outputTokens.",
    );
  });

  it("refuses two settings and two verifiers until one is chosen, and a verifier that scored nothing", async () => {
    const bank = await openBank(join(folder, "several.db"));
    for (const model of ["one", "other"]) await fill(bank, linesOf(40, 4), model, WITH_TOKENS);
    const made = (options: Partial<CalibrateOptions>) => calibrate({ bank, ...HOW, ...options });
    await expect(made({})).rejects.toThrow(
      /samples of several settings: choose with --setting among 1 \(one/,
    );
    const scoring = (verifier: string) => ({
      prompt: "Something else",
      text: "#### 1",
      scores: [{ verifier, fingerprint: verifier, value: 0.5 }],
    });
    await bank.append([scoring("prm"), scoring("orm")]);
    await expect(made({ setting: 1 })).rejects.toThrow(/scores of several verifiers: choose with --verifier/);
    await expect(made({ setting: 1, verifier: "prm" })).rejects.toThrow(
      "The verifier prm scored none of these samples: score them, or let answers vote with --verifier none.",
    );
    expect((await made({ setting: 2, verifier: "none" })).learnedOn).toMatchObject({
      generator: { name: "other" },
    });
    await bank.close();
  });

  it("takes problems of different numbers of samples, empty solutions and solutions without an answer", async () => {
    const lines = linesOf(42, 6).map((line, problem) => ({
      ...line,
      outputs: line.outputs.map((text, sample) =>
        sample === 1 && problem % 2 ? "hm" : sample === 2 ? "no idea" : text,
      ),
      lengths: line.lengths!.map((count, sample) => (sample === 1 && problem % 2 ? 0 : count)),
    }));
    const more = linesOf(3, 9).map((line) => ({ ...line, q: `More: ${line.q}` }));
    const policy = await calibrated([...lines, ...more]);
    expect(policy.rule.most).toBe(6);
    expect(formatPolicy(policy)).not.toContain("null");
  });
});
