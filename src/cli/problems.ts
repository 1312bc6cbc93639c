import { generateProblems, type ProblemOptions } from "../problems/index.ts";
import { UsageError } from "../types.ts";
import { output } from "./output.ts";

const LINES_PER_WRITE = 500;

/** `bedacht problems`: generated problems as JSON lines on standard output. */
export async function problemsCommand(options: ProblemOptions): Promise<void> {
  const out = output();
  let lines: string[] = [];
  try {
    for (const problem of generateProblems(options)) {
      lines.push(`${JSON.stringify(problem)}\n`);
      if (lines.length < LINES_PER_WRITE) continue;
      if (!(await out.write(lines.join("")))) return;
      lines = [];
    }
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
  await out.write(lines.join(""));
}
