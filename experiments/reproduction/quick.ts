import { spawnSync } from "node:child_process";
import path from "node:path";
import { type Bank, type CellFigures, openBank } from "../../src/lab/index.ts";
import { generateProblems } from "../../src/problems/index.ts";
import type { Problem } from "../../src/types.ts";
import { type Judged, judgedOf } from "./judged.ts";
import { LEVELS, type Line, type Recording, type Run, recordingOf } from "./recordings.ts";

const FILE = path.join(import.meta.dirname, "quick.yaml");
/** As quick.yaml has them. */
const PROBLEMS = { count: 6, seed: 20261127, split: "test" } as const;
const SAMPLES = 64;
const SEARCHES = ["beam-4-4", "beam-16-4", "beam-64-4"];

/** Everything that the claims look at. */
export interface Quick {
  readonly recordings: readonly Recording[];
  /** By the id of the problem. */
  readonly judged: ReadonlyMap<string, Judged>;
  /** Cells by the name of the plan and the problem. */
  readonly cells: ReadonlyMap<string, ReadonlyMap<string, CellFigures>>;
}

/** Buys what quick.yaml asks for with `bedacht sweep`; what is in the bank already is not bought again. */
export function buy(place: string): void {
  const cli = path.join(import.meta.dirname, "../../src/cli/main.ts");
  const { status } = spawnSync(process.execPath, [cli, "sweep", FILE, "--bank", place], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error("The sweep ended early: the same command goes on from there.");
}

/** What the bank of a quick run holds. */
export async function readQuick(place: string): Promise<Quick> {
  const bank = await openBank(place);
  try {
    const { cells, runs } = await readCells(bank);
    const recordings: Recording[] = [];
    const judged = new Map<string, Judged>();
    for (const problem of quickProblems()) {
      const lines = await linesOf(bank, problem);
      const searches = SEARCHES.map((name) => [name, runs.get(`${name} ${problem.id}`)!] as const);
      recordings.push(recordingOf(problem, lines, SAMPLES, searches));
      judged.set(problem.id, judgedOf(problem, lines));
    }
    return { recordings, judged, cells };
  } finally {
    await bank.close();
  }
}

async function readCells(bank: Bank) {
  const runs = new Map<string, Run>();
  const cells = new Map<string, Map<string, CellFigures>>();
  for await (const cell of bank.sweeps.cells()) {
    const { label, problem, candidates, roles } = cell;
    cells.set(label, (cells.get(label) ?? new Map<string, CellFigures>()).set(problem, cell));
    const flops = Object.values(roles).reduce((sum, role) => sum + (role.flops ?? 0), 0);
    const answered = candidates.map(({ answer, score }) => ({
      answer,
      score: score ?? Number.NaN,
      count: 1,
    }));
    runs.set(`${label} ${problem}`, { candidates: answered, flops });
  }
  return { cells, runs };
}

/** The samples of pico-s, as a recording has them. */
async function linesOf(bank: Bank, problem: Problem): Promise<readonly Line[]> {
  const { settings, verifiers } = await bank.contents();
  const own = settings.filter(({ model }) => model === "pico-s");
  const verifier = verifiers.find(({ name }) => name === "pico-prm")!.id;
  const temperature = new Map(own.map(({ id, params }) => [id, Number(params.temperature)]));
  const id = (await bank.prompt(problem.prompt))!;
  const drawn = await bank.drawn(id, { settings: [...temperature.keys()], verifier, whole: true });
  return drawn.map(({ setting, whole, outputTokens = 0, score, steps = [] }): Line => {
    const { text, finish, inputTokens } = whole!;
    return {
      prompt: problem.prompt,
      text,
      params: { temperature: temperature.get(setting)! },
      finish,
      inputTokens,
      outputTokens,
      ...(score !== undefined && { scores: [{ value: score, steps }] }),
    };
  });
}

function quickProblems(): readonly Problem[] {
  return LEVELS.flatMap(({ family, level }) => [
    ...generateProblems({ family, level: String(level), ...PROBLEMS }),
  ]);
}
