import { createWriteStream } from "node:fs";
import { parseArgs } from "node:util";
import { generateProblems } from "../src/problems/index.ts";
import type { Split } from "../src/problems/split.ts";

/** Writes problems as JSON lines to standard output: the training data of the recipe. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      family: { type: "string", default: "chain" },
      level: { type: "string", default: "1" },
      count: { type: "string", default: "10" },
      seed: { type: "string", default: "1" },
      split: { type: "string", default: "test" },
      solutions: { type: "boolean", default: false },
    },
  });
  const out = createWriteStream("", { fd: 1, autoClose: false });
  const flush = (text: string) =>
    new Promise<void>((done, fail) => out.write(text, (error) => (error ? fail(error) : done())));
  let lines: string[] = [];
  const problems = generateProblems({
    ...values,
    split: values.split as Split,
    count: Number(values.count),
    seed: Number(values.seed),
  });
  for (const problem of problems) {
    lines.push(JSON.stringify(problem));
    if (lines.length === 2000) {
      await flush(`${lines.join("\n")}\n`);
      lines = [];
    }
  }
  if (lines.length > 0) await flush(`${lines.join("\n")}\n`);
}

await main();
