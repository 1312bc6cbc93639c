/**
 * `npm run game24`: the 100 games of 24 ranked 901 to 1000, the set of Yao et al. 2023 ("Tree of Thoughts",
 * arXiv:2305.10601), by the embedded models, each game under a hard budget of 100 samples' worth of tokens: 100
 * times the mean tokens of one sample, its prompt included; verifier tokens count too. Where the exact rule (does
 * the expression use the numbers of the prompt and make 24?) scores as well, its reading costs no tokens.
 *
 * Options: --data ../shared/data/game24.csv (rank, numbers), --seed 1; --choose compares the candidates on
 * countdown problems of four numbers of the validation split instead (--count 40). `CHOSEN` is the best there:
 * no choice was made on the 100 games.
 */
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { progress } from "../scripts/progress.ts";
import { embeddedPath } from "../src/models/embedded.ts";
import { gguf } from "../src/models/gguf/index.ts";
import { gameOf24, generateProblems, gradeProblem } from "../src/problems/index.ts";
import { solve } from "../src/solve.ts";
import { wilson } from "../src/stats/proportions.ts";
import type { StrategyPlan } from "../src/strategies/index.ts";
import { type Problem, type Receipt, UsageError } from "../src/types.ts";
import { orm } from "../src/verifiers/orm.ts";
import { prm } from "../src/verifiers/prm.ts";
import { rule } from "../src/verifiers/rule.ts";
import type { Verifier } from "../src/verifiers/verifier.ts";
import { memoryJournal } from "./compare/memory-journal.ts";

const AT_ONCE = 4;
const RANKS = [901, 1000] as const;
/** Samples whose tokens a game may take. */
const SAMPLES = 100;
/** No solution of four numbers is longer: calls are reserved at their limit, so a high one wastes the budget. */
const LIMITS = { maxTokens: 80 };

/** A generator, and how it is used. */
interface Candidate {
  readonly generator: "pico-s" | "pico-rev";
  readonly plan: StrategyPlan;
}

const plan = (strategy: string, params: StrategyPlan["params"]): StrategyPlan => ({
  strategy,
  params: { ...params, ...LIMITS },
});
const by = (generator: Candidate["generator"], ...rest: Parameters<typeof plan>): Candidate => ({
  generator,
  plan: plan(...rest),
});

const ONE_SAMPLE = plan("majority", { n: 1 });

/** What `--choose` chooses from. */
const CANDIDATES: readonly Candidate[] = [
  by("pico-s", "best-of-n", { n: 50 }),
  by("pico-s", "best-of-n", { n: 64 }),
  by("pico-s", "weighted-best-of-n", { n: 64 }),
  by("pico-s", "beam", { n: 16, width: 4, stepTokens: 24 }),
  by("pico-s", "rebase", { n: 16, stepTokens: 24 }),
  by("pico-s", "dvts", { n: 16, width: 4, stepTokens: 24 }),
  by("pico-rev", "best-of-n", { n: 64 }),
  by("pico-rev", "weighted-best-of-n", { n: 64 }),
  by("pico-rev", "revisions", { n: 40, chain: 2 }),
  by("pico-rev", "revisions", { n: 30, chain: 3 }),
];

/** The best of them. */
const CHOSEN = by("pico-rev", "best-of-n", { n: 64 });

/** Solved, in percent, by what Yao et al. and their published log report for GPT-4. */
const PUBLISHED = [
  ["GPT-4, one prompt", 7.3],
  ["GPT-4, chain of thought", 4.0],
  ["GPT-4, best of 100 chains (chosen by the truth)", 49],
  ["GPT-4, tree of thoughts b=5", 74],
  ["GPT-4, tree of thoughts b=5, in the log they published", 69],
] as const;

const models = {
  "pico-s": await gguf({ path: embeddedPath("pico-s") }),
  "pico-rev": await gguf({ path: embeddedPath("pico-rev") }),
};
const reader = await gguf({ path: embeddedPath("pico-prm"), parseSpecial: true });
const historian = await gguf({ path: embeddedPath("pico-rev"), parseSpecial: true });

/** The verifier that was trained for what a strategy writes. */
const verifierOf = ({ strategy }: StrategyPlan) => (strategy === "revisions" ? orm(historian) : prm(reader));

const { values } = parseArgs({
  options: {
    data: { type: "string", default: "../shared/data/game24.csv" },
    seed: { type: "string", default: "1" },
    count: { type: "string", default: "40" },
    choose: { type: "boolean", default: false },
  },
});

/** The games of the ranks; `undefined` for one that no solution of natural numbers solves. */
function readGames(file: string): (Problem | undefined)[] {
  if (!existsSync(file))
    throw new UsageError(
      `The games are not at ${file}: give their CSV with --data (24.csv of the tree-of-thought-llm repository).`,
    );
  const rows = readFileSync(file, "utf8").split("\n").slice(1);
  const games = rows
    .map((row) => row.split(","))
    .filter(([rank]) => Number(rank) >= RANKS[0] && Number(rank) <= RANKS[1])
    .map(([, numbers = ""]) => gameOf24(numbers.trim().split(" ").map(Number)));
  if (games.length === RANKS[1] - RANKS[0] + 1) return games;
  throw new UsageError(`${file} has ${games.length} games of the ranks ${RANKS[0]} to ${RANKS[1]}, not 100.`);
}

/** Strategies that draw the same samples share them, each paying for its own. */
const journal = memoryJournal();

/** What came of all games by one strategy. */
interface Played {
  readonly solved: number;
  readonly receipts: readonly Receipt[];
}

async function play(
  problems: readonly Problem[],
  { generator, plan: strategy }: Candidate,
  verifier?: Verifier,
  tokens?: number,
): Promise<Played> {
  const model = models[generator];
  const shown = progress(problems.length, `games by ${strategy.strategy}`);
  const receipts: Receipt[] = [];
  let solved = 0;
  const left = [...problems];
  const work = async () => {
    for (let problem = left.shift(); problem !== undefined; problem = left.shift()) {
      const { text, receipt } = await solve({
        problem,
        strategy,
        model,
        seed: Number(values.seed),
        ...(verifier && { verifier }),
        ...(tokens !== undefined && { budget: { tokens } }),
        journal,
      });
      solved += Number(text !== undefined && gradeProblem(problem, text));
      receipts.push(receipt);
      shown.step();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { solved, receipts };
}

const tokensOf = ({ total }: Receipt) => total.inputTokens + total.outputTokens;
const meanTokens = ({ receipts }: Played) =>
  receipts.reduce((sum, receipt) => sum + tokensOf(receipt), 0) / receipts.length;

function row(name: string, { solved, receipts }: Played, count: number): string {
  const [low, high] = wilson(solved, count).map((share) => (100 * share).toFixed(0));
  const cut = receipts.filter(({ stop }) => stop === "budget").length;
  const share = ((100 * solved) / count).toFixed(1).padStart(5);
  const tokens = meanTokens({ solved, receipts }).toFixed(0).padStart(6);
  return `${name.padEnd(68)} ${share} (${low}–${high})  ${tokens} tokens, ${cut} ended by the budget`;
}

function nameOf({ strategy, params }: StrategyPlan): string {
  const knobs = Object.entries(params).filter(([knob]) => knob !== "maxTokens" && knob !== "stepTokens");
  return [strategy, ...knobs.map(([knob, value]) => `${knob}=${value}`)].join(" ");
}

/** What a game may take: 100 samples' worth of each generator, measured on these games. */
async function budgetOf(
  generator: Candidate["generator"],
  problems: readonly Problem[],
): Promise<{ tokens: number; sample: Played }> {
  const sample = await play(problems, { generator, plan: ONE_SAMPLE });
  const tokens = Math.floor(SAMPLES * meanTokens(sample));
  const mean = meanTokens(sample).toFixed(1);
  console.log(`One sample of ${generator} takes ${mean} tokens, prompt included; the budget is ${tokens}.`);
  return { tokens, sample };
}

async function chooseOnValidation(): Promise<void> {
  const options = { count: Number(values.count), seed: 24, split: "validation" } as const;
  const problems = [...generateProblems({ family: "countdown", level: 4, ...options })];
  const budgets = {
    "pico-s": await budgetOf("pico-s", problems),
    "pico-rev": await budgetOf("pico-rev", problems),
  };
  console.log(`${problems.length} validation problems of four numbers: % solved (95% interval)`);
  for (const one of CANDIDATES) {
    const played = await play(problems, one, verifierOf(one.plan), budgets[one.generator].tokens);
    console.log(row(`${one.generator}, ${nameOf(one.plan)}`, played, problems.length));
  }
}

async function playTest(games: readonly (Problem | undefined)[]): Promise<void> {
  const possible = games.filter((game) => game !== undefined);
  const rows: [string, Played][] = [];
  for (const generator of ["pico-s", "pico-rev"] as const) {
    const { tokens, sample } = await budgetOf(generator, possible);
    const add = async (name: string, one: StrategyPlan, verifier: Verifier) => {
      rows.push([`${generator}, ${name}`, await play(possible, { generator, plan: one }, verifier, tokens)]);
    };
    rows.push([`${generator}, one sample at temperature 1`, sample]);
    const yardstick = plan("weighted-best-of-n", { n: 64 });
    await add(nameOf(yardstick), yardstick, verifierOf(yardstick));
    if (generator === CHOSEN.generator)
      await add(
        `${nameOf(CHOSEN.plan)} (chosen on validation problems)`,
        CHOSEN.plan,
        verifierOf(CHOSEN.plan),
      );
    await add(`best-of-n n=${SAMPLES}, by the exact rule`, plan("best-of-n", { n: SAMPLES }), rule());
  }
  console.log(`${games.length} games of 24 ranked ${RANKS.join(" to ")}: % solved (95% interval)`);
  if (possible.length < games.length)
    console.log(
      `${games.length - possible.length} have no solution without fractions or negative numbers, which the models cannot write: not tried, not solved.`,
    );
  for (const [name, played] of rows) console.log(row(name, played, games.length));
  for (const [name, solved] of PUBLISHED) console.log(`${name.padEnd(68)} ${solved.toFixed(1).padStart(5)}`);
  console.log(
    "Not like with like: pico was trained for such problems and for little else (no game of 24 among them), GPT-4 was only prompted.",
  );
}

try {
  await (values.choose ? chooseOnValidation() : playTest(readGames(values.data)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
} finally {
  await Promise.all([...Object.values(models), reader, historian].map((one) => one.close()));
}
