import { createReadStream, readFileSync } from "node:fs";
import { parseBudget } from "../budget/budget.ts";
import { systemClock } from "../budget/clock.ts";
import { createLedger } from "../budget/ledger.ts";
import { createPool } from "../policy/pool.ts";
import { type Line, readLines } from "../problems/lines.ts";
import { revisionChanges } from "../strategies/index.ts";
import { BudgetTooSmallError, type Problem, type Receipt, UsageError } from "../types.ts";
import { isCorrect, isCorrectAnswer } from "../verifiers/answer.ts";
import { display, silent } from "./display.ts";
import { complain, describeError, EXIT } from "./exit.ts";
import { reason, type SolveFlags } from "./flags.ts";
import { inOrder } from "./in-order.ts";
import { onInterrupt } from "./interrupt.ts";
import { output } from "./output.ts";
import { whyNot } from "./render.ts";
import { openSession, type Session, type SessionHooks, type Shared } from "./session.ts";
import { tellUnlessQuiet } from "./solve.ts";
import { summarise, tally, type Verdict } from "./summary.ts";

/** Problems at once, so that the models stay busy; one at a time under a deadline, which others would eat. */
const AT_ONCE = 4;

/** Problems whose gains are compared under a pool: those behind them get what is left over. */
const COMPARED = 10_000;

/** What came of one line. */
interface Outcome {
  readonly line: Line;
  /** Why there is no answer. */
  readonly failure?: unknown;
  readonly verdict?: Verdict;
  /** The JSON line for standard output. */
  readonly record?: {
    readonly id: string;
    readonly answer: string | null;
    readonly correct: boolean | null;
    readonly stop: Receipt["stop"];
    readonly receipt?: Receipt;
    readonly error?: string;
  };
}

/** `bedacht solve --problems`: one JSON line per problem in the order of the file, a summary on standard error. */
export async function solveFile(path: string, flags: SolveFlags): Promise<void> {
  const start = performance.now();
  const outcomes: Outcome[] = [];
  const out = output();
  const interrupt = onInterrupt();
  const fatal = new AbortController();
  const signal = AbortSignal.any([interrupt.signal, out.gone, fatal.signal]);
  const session = openSession(flags, tellUnlessQuiet(flags));
  const shared = sharedBy(flags);
  const verdicts = () => outcomes.flatMap(({ verdict }) => (verdict === undefined ? [] : [verdict]));
  const total = flags.quiet ? undefined : countLines(path);
  const line = () => tally(verdicts(), performance.now() - start, total);
  const shown = flags.quiet
    ? silent
    : display({
        stream: process.stderr,
        rows: (columns) => [line().slice(0, columns)],
        line,
        lineEveryMs: 10_000,
      });
  try {
    await inOrder(
      readLines(chunksOf(path)),
      { atOnce: shared ? COMPARED : session.budget.ms === undefined ? AT_ONCE : 1, signal },
      (one) => solveLine(one, session, { signal, ...(shared && { shared }) }).catch(stopAll(fatal)),
      async (outcome) => {
        outcomes.push(outcome);
        if (out.gone.aborted) return;
        shown.clear();
        if (outcome.failure !== undefined) {
          complain(`line ${outcome.line.number}: ${describeError(outcome.failure, flags.verbose === true)}`);
        }
        if (outcome.record !== undefined) await out.write(`${JSON.stringify(outcome.record)}\n`);
      },
    );
  } finally {
    shown.close();
    shared?.ledger.close();
    interrupt.release();
    await session.close();
  }
  if (out.gone.aborted) return;
  const malformed = outcomes.length - verdicts().length;
  process.stderr.write(summarise(verdicts(), malformed, performance.now() - start));
  process.exitCode = codeOf(outcomes);
}

/** A mistake that every line would repeat ends the run: nothing more is begun, what is in flight is stopped. */
function stopAll(fatal: AbortController): (error: unknown) => never {
  return (error) => {
    fatal.abort();
    throw error;
  };
}

/** What the problems of a file share under `--pool`. */
function sharedBy({ pool }: SolveFlags): Shared | undefined {
  if (pool === undefined) return undefined;
  const ledger = createLedger({ budget: parseBudget(pool), clock: systemClock });
  return { ledger, pool: createPool(AT_ONCE) };
}

async function solveLine(line: Line, session: Session, hooks: SessionHooks): Promise<Outcome> {
  if (!("problem" in line)) return { line, failure: line.mistake };
  const { problem } = line;
  let choice: ReturnType<Session["choose"]>;
  try {
    choice = session.choose(problem.prompt);
  } catch (error) {
    return failed(line, problem, error);
  }
  await hooks.shared?.pool.enter();
  try {
    const result = await session.solve(problem, choice, hooks);
    const correct = verdictOn(problem, result.text);
    const { answer, receipt } = result;
    return {
      line,
      ...(answer === undefined ? { failure: new Error(`no answer: ${whyNot(result)}`) } : {}),
      verdict: {
        correct,
        answered: answer !== undefined,
        receipt,
        changes: revisionChanges(result.trace, (one) => answerVerdict(problem, one)),
      },
      record: {
        id: problem.id,
        answer: answer ?? null,
        correct: correct ?? null,
        stop: receipt.stop,
        receipt,
      },
    };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return failed(line, problem, error);
  } finally {
    hooks.shared?.pool.leave();
  }
}

function failed(line: Line, problem: Problem, failure: unknown): Outcome {
  const error = describeError(failure, false);
  const correct = problem.answer === undefined ? undefined : false;
  return {
    line,
    failure,
    verdict: { correct, answered: false },
    record: { id: problem.id, answer: null, correct: correct ?? null, stop: "failed", error },
  };
}

/** Right or wrong against the reference answer; no answer is wrong; `undefined` without a reference. */
function verdictOn(problem: Problem, text: string | undefined): boolean | undefined {
  if (problem.answer === undefined) return undefined;
  return text === undefined ? false : isCorrect(problem, text);
}

/** As `verdictOn`, for one answer of many. */
function answerVerdict(problem: Problem, answer: string | undefined): boolean | undefined {
  return problem.answer === undefined ? undefined : isCorrectAnswer(problem, answer);
}

/** 0 when every line was answered, 3 when only the budget stood in the way, else 1. */
function codeOf(outcomes: readonly Outcome[]): number {
  const failures = outcomes.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
  if (failures.length === 0) return EXIT.answered;
  return failures.every((failure) => failure instanceof BudgetTooSmallError) ? EXIT.budget : EXIT.failed;
}

/** Lines of a file that are not empty; `undefined` for standard input, and for a file that cannot be read. */
function countLines(path: string): number | undefined {
  if (path === "-") return undefined;
  try {
    return readFileSync(path, "utf8").match(/^.*\S/gm)?.length ?? 0;
  } catch {
    return undefined;
  }
}

async function* chunksOf(path: string): AsyncGenerator<string> {
  const stream = path === "-" ? process.stdin : createReadStream(path);
  try {
    for await (const chunk of stream.setEncoding("utf8")) yield chunk as string;
  } catch (error) {
    throw new UsageError(`Cannot read the problems in ${path}: ${reason(error)}.`, { cause: error });
  }
}
