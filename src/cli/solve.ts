import type { Problem, Result } from "../types.ts";
import { UsageError } from "../types.ts";
import { aside } from "./display.ts";
import { complain, EXIT } from "./exit.ts";
import { plannedCandidates, type SolveFlags } from "./flags.ts";
import { onInterrupt } from "./interrupt.ts";
import { output } from "./output.ts";
import { mayColour, renderResult, whyNot } from "./render.ts";
import { openSession } from "./session.ts";
import { solveShown } from "./shown.ts";

/** `bedacht solve`: one problem, or with `--problems` every problem of a file. */
export async function solveCommand(prompt: string | undefined, flags: SolveFlags): Promise<void> {
  if (flags.problems !== undefined) {
    if (prompt !== undefined) throw new UsageError("Give a prompt or --problems, not both.");
    const { solveFile } = await import("./solve-file.ts");
    return solveFile(flags.problems, flags);
  }
  if (flags.pool !== undefined)
    throw new UsageError("A --pool is shared by the problems of a file: give --problems FILE, or --budget.");
  const text = prompt === undefined || prompt === "-" ? await readInput() : prompt;
  if (text.trim() === "")
    throw new UsageError(
      'There is no problem to solve: give one as in bedacht solve "...", or on standard input.',
    );
  const result = await solveOne({ id: "prompt", prompt: text.trim() }, flags);
  if (result.answer === undefined) {
    complain(`no answer: ${whyNot(result)}`);
    process.exitCode = EXIT.failed;
  }
}

async function solveOne(problem: Problem, flags: SolveFlags): Promise<Result> {
  const interrupt = onInterrupt();
  const session = openSession(flags, tellUnlessQuiet(flags));
  try {
    const choice = session.choose(problem.prompt);
    const { signal } = interrupt;
    const result = flags.quiet
      ? await session.solve(problem, choice, { signal })
      : await solveShown(session, problem, choice, { signal, planned: plannedCandidates(choice, flags) });
    await output().write(
      flags.json ? `${JSON.stringify(result)}\n` : renderResult(result, mayColour(process.stdout)),
    );
    return result;
  } finally {
    interrupt.release();
    await session.close();
  }
}

/** Says where a download is, unless `--quiet`. */
export function tellUnlessQuiet({ quiet }: SolveFlags): (message: string) => void {
  return quiet ? () => {} : (message) => aside(`${message}\n`);
}

async function readInput(): Promise<string> {
  if (process.stdin.isTTY) return "";
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk;
  return text;
}
