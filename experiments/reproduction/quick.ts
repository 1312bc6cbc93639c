import { spawnSync } from "node:child_process";
import path from "node:path";
import { openBank } from "../../src/lab/index.ts";
import { generateProblems } from "../../src/problems/index.ts";
import type { Problem } from "../../src/types.ts";
import { LEVELS, type Line, type Recording, type Run, recordingOf } from "./recordings.ts";

const FILE = path.join(import.meta.dirname, "quick.yaml");
/** As quick.yaml has them. */
const PROBLEMS = { count: 6, seed: 20261127, split: "test" } as const;
const SAMPLES = 32;
const SEARCHES = ["beam-4-4", "beam-16-4"];

/** Buys what quick.yaml asks for with `bedacht sweep`; what is in the bank already is not bought again. */
export function buy(place: string): void {
  const cli = path.join(import.meta.dirname, "../../src/cli/main.ts");
  const { status } = spawnSync(process.execPath, [cli, "sweep", FILE, "--bank", place], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error("The sweep ended early: the same command goes on from there.");
}

/** The recordings in the bank of a quick run. */
export async function quickRecordings(place: string): Promise<readonly Recording[]> {
  const bank = await openBank(place);
  try {
    const { settings, verifiers } = await bank.contents();
    const own = settings.filter(({ model }) => model === "pico-s");
    const verifier = verifiers.find(({ name }) => name === "pico-prm")!.id;
    const temperature = new Map(own.map(({ id, params }) => [id, Number(params.temperature)]));
    const runs = new Map<string, (readonly [string, Run])[]>();
    for await (const { label, prompt, candidates, roles } of bank.sweeps.cells()) {
      if (!SEARCHES.includes(label)) continue;
      const flops = Object.values(roles).reduce((sum, role) => sum + (role.flops ?? 0), 0);
      const answered = candidates.map(({ answer, score }) => ({
        answer,
        score: score ?? Number.NaN,
        count: 1,
      }));
      runs.set(prompt, [...(runs.get(prompt) ?? []), [label, { candidates: answered, flops }]]);
    }
    const found: Recording[] = [];
    for (const problem of quickProblems()) {
      const id = await bank.prompt(problem.prompt);
      const drawn =
        id === undefined
          ? []
          : await bank.drawn(id, { settings: [...temperature.keys()], verifier, whole: true });
      const lines = drawn.map(
        (one): Line => ({
          prompt: problem.prompt,
          text: one.whole!.text,
          params: { temperature: temperature.get(one.setting)! },
          finish: one.whole!.finish,
          inputTokens: one.whole!.inputTokens,
          outputTokens: one.outputTokens ?? 0,
          ...(one.score !== undefined && { scores: [{ value: one.score, steps: one.steps ?? [] }] }),
        }),
      );
      const searches = SEARCHES.map((name) => runs.get(problem.prompt)!.find(([label]) => label === name)!);
      found.push(recordingOf(problem, lines, SAMPLES, searches));
    }
    return found;
  } finally {
    await bank.close();
  }
}

function quickProblems(): readonly Problem[] {
  return LEVELS.flatMap(({ family, level }) => [
    ...generateProblems({ family, level: String(level), ...PROBLEMS }),
  ]);
}
