import { existsSync } from "node:fs";
import { embeddedPath } from "../src/models/embedded.ts";
import { gguf } from "../src/models/gguf/index.ts";
import { generateProblems } from "../src/problems/index.ts";
import { solve } from "../src/solve.ts";
import { beam } from "../src/strategies/index.ts";
import type { Problem, Receipt, RoleTotals } from "../src/types.ts";
import { prm } from "../src/verifiers/prm.ts";
import { rule } from "../src/verifiers/rule.ts";

export interface BeamOptions {
  readonly path: string;
  /** Problems to search. */
  readonly count: number;
  readonly print: (line: string) => void;
}

const N = 16;
const M = 4;

interface Search {
  readonly receipts: readonly Receipt[];
  readonly texts: readonly (string | undefined)[];
  readonly ms: number;
}

async function search(path: string, problems: readonly Problem[], shareKv: boolean): Promise<Search> {
  const model = await gguf({ path, workers: 1, shareKv });
  const verifierPath = embeddedPath("pico-prm");
  const verifier = existsSync(verifierPath)
    ? prm(await gguf({ path: verifierPath, workers: 1, shareKv }))
    : rule();
  const started = performance.now();
  const receipts: Receipt[] = [];
  const texts: (string | undefined)[] = [];
  for (const problem of problems) {
    const { receipt, text } = await solve({
      problem,
      model,
      verifier,
      strategy: beam({ n: N, width: M }),
      seed: 1,
    });
    receipts.push(receipt);
    texts.push(text);
  }
  const ms = performance.now() - started;
  await Promise.all([model.close(), verifier.close()]);
  return { receipts, texts, ms };
}

/** Tokens of all searches: evaluated from the prompts, reused, generated. */
function tokens({ receipts }: Search): string {
  const sum = (of: (role: RoleTotals) => number | undefined) =>
    receipts.flatMap(({ roles }) => Object.values(roles)).reduce((total, role) => total + (of(role) ?? 0), 0);
  const [input, cached, output] = [
    sum(({ inputTokens }) => inputTokens),
    sum(({ cachedTokens }) => cachedTokens),
    sum(({ outputTokens }) => outputTokens),
  ];
  return `${String(input - cached).padStart(9)} ${String(cached).padStart(9)} ${String(output).padStart(9)}`;
}

/** Prints time and tokens of the same beam searches with and without shared KV state. */
export async function benchBeam({ path, count, print }: BeamOptions): Promise<void> {
  const problems = [...generateProblems({ family: "chain", level: 4, count, seed: 41 })];
  print(
    `Beam search, N=${N}, M=${M}, ${count} chain problems of level 4, one process each for generator and verifier`,
  );
  print("KV state   evaluated    reused   written        ms   (input tokens; all roles)");
  const runs: Search[] = [];
  for (const shareKv of [true, false]) {
    const run = await search(path, problems, shareKv);
    runs.push(run);
    print(`${shareKv ? "shared" : "apart "}     ${tokens(run)} ${run.ms.toFixed(0).padStart(9)}`);
  }
  const same = runs[0]!.texts.every((text, index) => text === runs[1]!.texts[index]);
  print(same ? "Both found the same solutions." : "They found different solutions.");
}
