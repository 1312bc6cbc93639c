/**
 * `npm run demo`: the embedded models on fresh problems, greedy against search. Nothing is prepared: problems
 * are generated, models run, and the first problem where greedy is wrong and search is right, in every step, is shown whole.
 */

import { EMBEDDED_MODELS } from "../models/embedded.ts";
import { chainStepValidity, generateProblems } from "../problems/index.ts";
import { wilson } from "../stats/proportions.ts";
import type { Problem, Result } from "../types.ts";
import { isCorrect } from "../verifiers/answer.ts";
import { complain, describeError, exitCodeOf } from "./exit.ts";
import { mayColour, renderResult } from "./render.ts";
import { openSession, type Session } from "./session.ts";
import { solveShown } from "./shown.ts";

const LEVEL = 5;
const PROBLEMS = 20;
const CANDIDATES = 16;
const SEED = 20261121;
/** Without an example so far it goes on, up to this many. */
const MOST_PROBLEMS = 100;
/** The table ends early on a slow machine, and without an example the demo gives up, so that it stays under a minute. */
const LONGEST_MS = { table: 35_000, all: 50_000 };

const never = new AbortController().signal;
const print = (text: string) => process.stdout.write(`${text}\n`);

/** Both ways of answering one problem. */
interface Pair {
  readonly problem: Problem;
  readonly greedy: Result;
  readonly search: Result;
}

async function main(): Promise<void> {
  const start = performance.now();
  const session = openSession({ seed: 1 }, complain);
  try {
    print(introduction());
    const pairs: Pair[] = [];
    let shown = false;
    for (const problem of generateProblems({
      family: "chain",
      level: LEVEL,
      count: MOST_PROBLEMS,
      seed: SEED,
    })) {
      const ms = performance.now() - start;
      if (ms > LONGEST_MS.all || (shown && (ms > LONGEST_MS.table || pairs.length >= PROBLEMS))) break;
      const title = `problem ${pairs.length + 1}`;
      const pair = { problem, ...(await both(session, problem, title)) };
      pairs.push(pair);
      if (shown || right(pair, "greedy") || !right(pair, "search") || !sound(pair)) continue;
      shown = true;
      print(story(pair, pairs));
    }
    if (!shown) print("Greedy was never wrong where search was right in every step, this time.\n");
    print(table(pairs, performance.now() - start));
  } finally {
    await session.close();
  }
}

async function both(session: Session, problem: Problem, title: string): Promise<Omit<Pair, "problem">> {
  const choice = session.choose(problem.prompt);
  const yardstick = { strategy: "greedy", verifier: { kind: "none" }, reason: "the yardstick" } as const;
  const greedy = await session.solve(problem, { ...choice, ...yardstick }, { signal: never });
  const search = await solveShown(session, problem, choice, { signal: never, planned: CANDIDATES, title });
  return { greedy, search };
}

function right(pair: Pair, way: "greedy" | "search"): boolean {
  const { text } = pair[way];
  return text !== undefined && isCorrect(pair.problem, text) === true;
}

/** Whether every step of the found solution is valid: a right answer by luck shows nothing. */
function sound({ problem, search }: Pair): boolean {
  return chainStepValidity(problem.prompt, search.text!.trimEnd().split("\n")).every(Boolean);
}

function introduction(): string {
  const [generator, verifier] = EMBEDDED_MODELS;
  return `${generator!.name} is a language model of about a million parameters; ${verifier!.name} checks its steps.
Both run on this machine. Here are fresh word problems of ${LEVEL} steps that neither has seen.
`;
}

function story(pair: Pair, pairs: readonly Pair[]): string {
  const { problem, greedy, search } = pair;
  const before = pairs.slice(0, -1);
  const same = before.filter((one) => right(one, "greedy")).length;
  const passed =
    before.length === 0
      ? ""
      : ` (${before.length} before it: greedy right on ${same}, search wrong on ${before.filter((one) => !right(one, "search")).length})`;
  return `Problem ${pairs.length}, the first where greedy is wrong and search is right in every step${passed}:

  ${wrapped(problem.prompt)}

Greedy, the likeliest text, says ${greedy.answer ?? "nothing"}. That is wrong.

Search draws ${CANDIDATES} candidates, scores every step and lets the scores vote:

${renderResult(search, mayColour(process.stdout))}`;
}

function table(pairs: readonly Pair[], ms: number): string {
  const row = (name: string, way: "greedy" | "search") => {
    const count = pairs.filter((pair) => right(pair, way)).length;
    const [low, high] = wilson(count, pairs.length).map((share) => Math.round(100 * share));
    const tokens = pairs.reduce((sum, pair) => sum + tokensOf(pair[way]), 0) / pairs.length;
    return `  ${name.padEnd(8)} ${String(count).padStart(2)} of ${pairs.length} right  (95% interval ${low}-${high}%)  ${Math.round(tokens).toLocaleString("en").padStart(6)} tokens each`;
  };
  return `All ${pairs.length} problems, in ${(ms / 1000).toFixed(1)} s:

${row("greedy", "greedy")}
${row("search", "search")}

Try your own: npm run -s bedacht -- solve "Tom has 16 pens. Mia has 9 more pens than Tom. How many pens does Mia have?"
Your own model: npm run -s bedacht -- solve "..." --generator openai:MODEL@http://127.0.0.1:8080/v1`;
}

function tokensOf({ receipt }: Result): number {
  return receipt.total.inputTokens + receipt.total.outputTokens;
}

function wrapped(text: string): string {
  return text.replace(/(.{1,90})(?: |$)/g, "$1\n  ").trimEnd();
}

try {
  await main();
} catch (error) {
  complain(describeError(error, false));
  process.exitCode = exitCodeOf(error);
}
