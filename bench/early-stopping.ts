/**
 * `npm run bench:stopping`: what stopping early saves on pico, against majority voting of N = 40 on the same problems
 * and seeds, behind a server of eight slots: samples, tokens and wall-clock saved, accuracy lost, with 95% intervals
 * by bootstrap over problems. All knobs are the papers'; nothing is tuned on these problems. Samples saved are counted
 * twice: those that the decision did without, and those that were never sent (at the decision up to seven are under
 * way, and are cancelled).
 *
 * Options: --upstream llama-server (default; built on first use, `--parallel 8`) or loopback, where the samples of
 * the embedded model are bought beforehand and a server of this process says them word by word, --ms-per-word 5;
 * --chain 2-4 --count 100 --seed 20261124.
 */
import { parseArgs } from "node:util";
import { progress } from "../scripts/progress.ts";
import { embeddedPath } from "../src/models/embedded.ts";
import { gguf } from "../src/models/gguf/index.ts";
import { openai } from "../src/models/openai.ts";
import { generateProblems } from "../src/problems/index.ts";
import { rng } from "../src/random.ts";
import { solve } from "../src/solve.ts";
import { wilson } from "../src/stats/proportions.ts";
import { adaptiveConsistency, eProcess, esc, majority } from "../src/strategies/index.ts";
import type { Problem } from "../src/types.ts";
import { isCorrect } from "../src/verifiers/answer.ts";
import { buildLlamaServer } from "../test/llama-server/build.ts";
import { startLlamaServer } from "../test/llama-server/server.ts";
import { startLoopback } from "../test/loopback.ts";

const SLOTS = 8;
const N = 40;
const MAX_TOKENS = 200;
const RESAMPLES = 10_000;

const { values } = parseArgs({
  options: {
    upstream: { type: "string", default: "llama-server" },
    chain: { type: "string", default: "2-4" },
    count: { type: "string", default: "100" },
    seed: { type: "string", default: "20261124" },
    "ms-per-word": { type: "string", default: "5" },
  },
});

const strategies = [majority, adaptiveConsistency, esc, eProcess].map((make) =>
  make({ n: N, maxTokens: MAX_TOKENS }),
);

/** What one strategy did with one problem. */
interface Run {
  readonly right: number;
  /** Samples that the decision is made on. */
  readonly decided: number;
  /** Calls, the cancelled ones included. */
  readonly sent: number;
  readonly tokens: number;
  readonly ms: number;
}

/** A server that is up. */
interface Upstream {
  readonly url: string;
  close(): Promise<void>;
}

async function llamaServer(): Promise<Upstream> {
  const build = await buildLlamaServer((line) => console.error(line));
  if ("reason" in build) throw new Error(`No llama-server: ${build.reason}. Use --upstream loopback.`);
  const slots = ["--parallel", String(SLOTS), "--ctx-size", String(SLOTS * 512)];
  return startLlamaServer(build.path, embeddedPath("pico-s"), slots);
}

/** Says what the embedded model would, at the pace of a larger one. */
async function loopback(problems: readonly Problem[]): Promise<Upstream> {
  const model = await gguf({ path: embeddedPath("pico-s") });
  const said = new Map<string, string>();
  const shown = progress(problems.length, "problems sampled");
  for (const { prompt } of problems) {
    const requests = Array.from({ length: N }, (_, index) => ({
      prompt,
      maxTokens: MAX_TOKENS,
      temperature: 1,
      seed: index,
      position: `sample/${index}`,
    }));
    for (const [index, { text }] of (await model.generate(requests)).entries())
      said.set(`${prompt.trim()}/${index}`, text);
    shown.step();
  }
  await model.close();
  const delayMs = Number(values["ms-per-word"]);
  const own = (seed: number) =>
    rng("sample")
      .split(seed)
      .int(0, N - 1);
  return startLoopback(({ prompt, seed }) => ({ text: said.get(`${prompt.trim()}/${own(seed)}`)!, delayMs }));
}

const problems = [
  ...generateProblems({
    family: "chain",
    level: values.chain,
    count: Number(values.count),
    seed: Number(values.seed),
  }),
];
const upstream = values.upstream === "loopback" ? await loopback(problems) : await llamaServer();
const rows: Run[][] = strategies.map(() => []);
try {
  const model = await openai({ model: "pico-s", baseUrl: upstream.url, mode: "raw" });
  const shown = progress(problems.length, "problems");
  for (const [place, problem] of problems.entries()) {
    for (let turn = 0; turn < strategies.length; turn += 1) {
      const which = (turn + place) % strategies.length;
      const options = { problem, model, seed: 1, limits: { concurrency: SLOTS } };
      const { text, receipt, trace } = await solve({ ...options, strategy: strategies[which]! });
      rows[which]!.push({
        right: Number(text !== undefined && isCorrect(problem, text) === true),
        decided: trace.filter(({ type }) => type === "proposed").length,
        sent: receipt.total.calls,
        tokens: receipt.total.outputTokens,
        ms: receipt.wallMs,
      });
    }
    shown.step();
  }
  await model.close();
} finally {
  await upstream.close();
}

/** A figure with its 95% interval; the figure is computed from sums over drawn problems. */
function interval(
  figure: (sum: (of: (place: number) => number) => number) => number,
  digits: number,
): string {
  const random = rng("bootstrap");
  const over = (places: readonly number[]) =>
    figure((of) => places.reduce((total, place) => total + of(place), 0));
  const all = [...problems.keys()];
  const drawn = Array.from({ length: RESAMPLES }, () => over(all.map(() => random.pick(all))));
  drawn.sort((a, b) => a - b);
  const at = (share: number) => drawn[Math.round(share * (RESAMPLES - 1))]!.toFixed(digits);
  return `${over(all).toFixed(digits)} (${at(0.025)} to ${at(0.975)})`;
}

const [fixed, ...early] = rows;
const sumOf = (runs: readonly Run[], key: keyof Run) => runs.reduce((total, run) => total + run[key], 0);
console.log(
  `chain, level ${values.chain}, ${problems.length} test problems, N=${N}, ${SLOTS} slots, upstream ${values.upstream}, seed ${values.seed}`,
);
console.log(
  `majority of ${N}: ${((100 * sumOf(fixed!, "right")) / problems.length).toFixed(1)}% right, ${(sumOf(fixed!, "tokens") / problems.length).toFixed(0)} tokens and ${(sumOf(fixed!, "ms") / problems.length).toFixed(0)} ms per problem`,
);
for (const [index, runs] of early.entries()) {
  const saved = (key: keyof Run) => (sum: (of: (place: number) => number) => number) =>
    1 - sum((place) => runs[place]![key]) / sum((place) => fixed![place]![key]);
  const share = (key: keyof Run) => interval((sum) => saved("ms")(sum) / saved(key)(sum), 2);
  const percent = (key: keyof Run) => interval((sum) => 100 * saved(key)(sum), 1);
  const points = (place: number) => (100 * (runs[place]!.right - fixed![place]!.right)) / problems.length;
  console.log(`\n${strategies[index + 1]!.plan.strategy}, against majority of ${N}`);
  const changed = runs.filter(({ right }, place) => right !== fixed![place]!.right).length;
  const [, most] = wilson(changed, problems.length);
  console.log(`  accuracy, points       ${interval((sum) => sum(points), 1)}`);
  console.log(
    `  right turned wrong or back  ${changed} of ${problems.length}, at most ${(100 * most).toFixed(1)}%`,
  );
  console.log(`  samples saved, %       ${percent("decided")}; by calls sent, ${percent("sent")}`);
  console.log(`  tokens saved, %        ${percent("tokens")}`);
  console.log(`  wall-clock saved, %    ${percent("ms")}`);
  console.log(`  time saved / samples saved  ${share("decided")}; by calls sent, ${share("sent")}`);
}
