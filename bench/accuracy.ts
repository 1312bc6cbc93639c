/**
 * `npm run accuracy`: every strategy on the same fresh test problems with the embedded models, accuracy and
 * cost side by side, with 95% intervals; differences are paired over problems.
 *
 * Options: --chain 3-5 --countdown 2-4 --count 200 --seed 20261121 --n 16 --width 4; "none" as a level leaves a
 * family out. Strategies that draw the same N samples draw equal ones, since seeds come from the position; each
 * pays for its own all the same.
 */
import { parseArgs } from "node:util";
import { progress } from "../scripts/progress.ts";
import { embeddedPath } from "../src/models/embedded.ts";
import { gguf } from "../src/models/gguf/index.ts";
import { generateProblems } from "../src/problems/index.ts";
import { rng } from "../src/random.ts";
import { solve } from "../src/solve.ts";
import { pairedBootstrap } from "../src/stats/difference.ts";
import { wilson } from "../src/stats/proportions.ts";
import type { StrategyPlan } from "../src/strategies/index.ts";
import type { Problem } from "../src/types.ts";
import { isCorrect } from "../src/verifiers/answer.ts";
import { prm } from "../src/verifiers/prm.ts";

const AT_ONCE = 4;

const { values } = parseArgs({
  options: {
    chain: { type: "string", default: "3-5" },
    countdown: { type: "string", default: "2-4" },
    count: { type: "string", default: "200" },
    seed: { type: "string", default: "20261121" },
    n: { type: "string", default: "16" },
    width: { type: "string", default: "4" },
  },
});
const n = Number(values.n);

const plans: readonly StrategyPlan[] = [
  { strategy: "greedy", params: {} },
  { strategy: "majority", params: { n } },
  { strategy: "best-of-n", params: { n } },
  { strategy: "weighted-best-of-n", params: { n } },
  { strategy: "beam", params: { n, width: Number(values.width) } },
];

/** What one strategy did, problem by problem. */
interface Row {
  readonly strategy: string;
  readonly right: boolean[];
  generated: number;
  tokens: number;
  flops: number;
}

const model = await gguf({ path: embeddedPath("pico-s") });
const reader = await gguf({ path: embeddedPath("pico-prm"), parseSpecial: true });
const verifier = prm(reader);

async function measure(plan: StrategyPlan, problems: readonly Problem[]): Promise<Row> {
  const row: Row = { strategy: plan.strategy, right: [], generated: 0, tokens: 0, flops: 0 };
  const shown = progress(problems.length, `problems by ${plan.strategy}`);
  let next = 0;
  const work = async () => {
    for (let place = next++; place < problems.length; place = next++) {
      const problem = problems[place]!;
      const { text, receipt } = await solve({ problem, strategy: plan, model, verifier, seed: 1 });
      row.right[place] = text !== undefined && isCorrect(problem, text) === true;
      row.generated += receipt.roles.generator?.outputTokens ?? 0;
      row.tokens += receipt.total.inputTokens + receipt.total.outputTokens;
      row.flops += receipt.total.flops ?? Number.NaN;
      shown.step();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return row;
}

const mean = (values: readonly boolean[]) => values.filter(Boolean).length / values.length;
const percent = (share: number) => (100 * share).toFixed(1).padStart(5);

/** The difference of two accuracies with its 95% interval: bootstrap over problems, paired. */
function difference(a: Row, b: Row): string {
  const [first, second] = [a, b].map(({ right }) => right.map(Number)) as [number[], number[]];
  const { mean: middle, low, high } = pairedBootstrap(first, second, rng(1));
  const [points, from, to] = [middle, low, high].map((share) => (100 * share).toFixed(1));
  return `${points} points (${from} to ${to})`;
}

function print(family: string, level: string, rows: readonly Row[]): void {
  const count = rows[0]!.right.length;
  console.log(`\n${family}, level ${level}, ${count} test problems, N=${n}, seed ${values.seed}`);
  console.log(
    "strategy             right %  (95% interval)  generated  all tokens     FLOPs   (per problem)",
  );
  for (const row of rows) {
    const [low, high] = wilson(row.right.filter(Boolean).length, count);
    console.log(
      `${row.strategy.padEnd(20)} ${percent(mean(row.right))}   (${percent(low)} -${percent(high)})  ${(row.generated / count).toFixed(0).padStart(8)}  ${(row.tokens / count).toFixed(0).padStart(10)}  ${(row.flops / count).toExponential(2)}`,
    );
  }
  const [greedy, majority, ...searches] = rows;
  for (const row of searches)
    console.log(
      `${row.strategy} beats majority by ${difference(row, majority!)}, greedy by ${difference(row, greedy!)}`,
    );
}

try {
  for (const family of ["chain", "countdown"] as const) {
    const level = values[family];
    if (level === "none") continue;
    const options = { family, level, count: Number(values.count), seed: Number(values.seed) };
    const problems = [...generateProblems(options)];
    const rows: Row[] = [];
    for (const plan of plans) rows.push(await measure(plan, problems));
    print(family, level, rows);
  }
} finally {
  await model.close();
  await verifier.close();
}
