import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { isStrategy, strategies } from "../strategies/table.ts";
import { complain, describeError, EXIT, exitCodeOf, isBrokenPipe } from "./exit.ts";

/** Runs one command line and sets `process.exitCode`; nothing escapes it. */
export async function run(argv: readonly string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (!isBrokenPipe(error)) throw error;
    });
  }
  const program = createProgram();
  try {
    if (argv.length <= 2) program.help({ error: true });
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
      return;
    }
    complain(describeError(error, argv.includes("--verbose")));
    process.exitCode = exitCodeOf(error);
  }
}

/** The commands and their options. Each command's code is loaded when it runs. */
export function createProgram(): Command {
  const program = new Command("bedacht")
    .description("Lets a language model think about a question for as long as the question deserves.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "bedacht: ")) })
    .addHelpText(
      "after",
      `
Examples:
  bedacht problems --family chain --level 5 --count 3
  bedacht solve "Tom has 16 pens. Mia has 9 more pens than Tom. How many pens does Mia have?"
  bedacht solve "What is 17 * 23?" --generator openai:qwen3:8b@http://127.0.0.1:11434/v1

Exit codes: 0 answered, 1 failed, 2 wrong usage, 3 budget too small for one sample.`,
    );
  addSolve(program);
  addProblems(program);
  addReplay(program);
  addSweep(program);
  addBank(program);
  addCalibrate(program);
  addReport(program);
  program
    .command("strategies")
    .description("list the strategies: what each does, needs and takes")
    .option("--json", "print JSON")
    .action(async (options) => (await import("./strategies.ts")).strategiesCommand(options));
  program
    .command("models")
    .description("list the models on this machine and say how to use your own")
    .option("--json", "print JSON")
    .action(async (options) => (await import("./models.ts")).modelsCommand(options));
  program
    .command("completion")
    .description("print a completion script for your shell")
    .addArgument(program.createArgument("<shell>", "your shell").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      `
Examples:
  bedacht completion bash > ~/.local/share/bash-completion/completions/bedacht
  bedacht completion zsh > "\${fpath[1]}/_bedacht"
  bedacht completion fish > ~/.config/fish/completions/bedacht.fish`,
    )
    .action(async (shell) => (await import("./completion.ts")).completionCommand(program, shell));
  return program;
}

function addSolve(program: Command): void {
  program
    .command("solve")
    .description("answer one problem, or every problem of a file, under a budget")
    .argument("[prompt]", "the problem; read from standard input when absent")
    .option(
      "--problems <file>",
      "answer every JSON line { id, prompt, answer? } of a file (- is standard input)",
    )
    .optionsGroup("Search:")
    .option(
      "--strategy <name>",
      "how to search, of those that `bedacht strategies` lists (default: what suits the problem)",
      strategyName,
    )
    .option("--n <count>", "candidates, or beams (default: the strategy's, mostly 16)", wholeNumber(1))
    .option("--width <count>", "children of each beam (default: the strategy's, mostly 4)", wholeNumber(1))
    .option(
      "--temperature <number>",
      "randomness of each candidate; 0 is greedy (default: the strategy's, mostly 1)",
      temperature,
    )
    .option(
      "--max-tokens <count>",
      "most tokens of one candidate (default: 256 for pico, else 1024)",
      wholeNumber(1),
    )
    .option("--set <knob=value,...>", "any other knob of the strategy; may be repeated", knobs)
    .option("--seed <number>", "same seed, same answer", wholeNumber(0), 1)
    .optionsGroup("Models:")
    .option(
      "--generator <model>",
      "pico, gguf:FILE, hf:USER/REPO:QUANT or openai:MODEL@URL (default: pico where it can)",
    )
    .option(
      "--verifier <model>",
      "pico, rule, judge, judge:MODEL, prm:FILE, prm:vllm:MODEL@URL, prm:sglang:MODEL@URL, orm:FILE or none (default: pico where it can)",
    )
    .option(
      "--workers <count>",
      "processes that run GGUF files (default: 2, or 1 on one core)",
      wholeNumber(1),
    )
    .optionsGroup("Limits:")
    .option("--budget <limits>", "hard limits, such as tokens=20000,flops=1e12,usd=0.01,ms=5000")
    .option("--prices <file>", "price table for usd")
    .optionsGroup("Policy:")
    .option("--policy <file>", "draw as many samples as pay, by what bedacht calibrate learned")
    .option(
      "--average <tokens>",
      "generated tokens per problem that the policy aims at (default: what it recommends)",
      wholeNumber(1),
    )
    .option("--pool <limits>", "with --problems: hard limits of all of them together, shared out by gain")
    .option("--insist", "use the policy with other models than it was learned on")
    .optionsGroup("Files and output:")
    .option("--journal <file>", "keep every paid call; the same command later resumes from it")
    .option("--bank <file>", "take samples and scores from this bank, and add what is bought")
    .option("--trace <file>", "write what happened as JSON lines")
    .option("--json", "print the result as one JSON line")
    .option("--quiet", "no progress")
    .option("--verbose", "stack traces of errors")
    .addHelpText(
      "after",
      `
Examples:
  bedacht solve "Use 3, 5, 7 and 12 with + - * / to make 24. Use every number once."
  bedacht solve --strategy beam --n 16 --width 4 --budget tokens=20000 < problem.txt
  bedacht solve --strategy beam --n 8 --set maxRounds=10,topP=0.9 < problem.txt
  bedacht problems --level 3 --count 50 | bedacht solve --problems - --journal run.db
  bedacht solve --problems test.jsonl --n 64 --bank samples.db
  bedacht solve --problems test.jsonl --policy policy.json --pool tokens=500000
  bedacht solve "..." --generator gguf:qwen3.gguf --verifier judge
  bedacht solve "..." --generator openai:qwen3:8b@http://127.0.0.1:8080/v1 --n 8

Ctrl-C once returns the best answer so far, twice quits. Keys come from the environment (OPENAI_API_KEY).
Exit codes: 0 answered, 1 failed, 2 wrong usage, 3 budget too small for one sample.`,
    )
    .action(async (prompt, options) => (await import("./solve.ts")).solveCommand(prompt, options));
}

function addProblems(program: Command): void {
  program
    .command("problems")
    .description("print generated problems as JSON lines { id, family, level, prompt, answer }")
    .addOption(
      new Option("--family <name>", "word problems in steps, or numbers to a target")
        .choices(["chain", "countdown"])
        .default("chain"),
    )
    .option("--level <level>", "1-8 for chain, 1-6 for countdown; a range such as 1-3 is cycled through", "3")
    .option("--count <count>", "how many", wholeNumber(0), 10)
    .option("--seed <number>", "same seed, same problems", wholeNumber(0), 1)
    .addOption(
      new Option("--split <name>", "the embedded models have seen train only")
        .choices(["train", "validation", "test"])
        .default("test"),
    )
    .option("--solutions", "add the reference solution")
    .addHelpText(
      "after",
      `
Examples:
  bedacht problems --family chain --level 5 --count 100 --seed 1
  bedacht problems --family countdown --level 1-4 --solutions > games.jsonl`,
    )
    .action(async (options) => (await import("./problems.ts")).problemsCommand(options));
}

function addReplay(program: Command): void {
  program
    .command("replay")
    .description("replay strategies on the samples of a bank, at any N, without a new call")
    .requiredOption("--bank <file>", "the bank, or postgres://USER@HOST/DATABASE")
    .option("--strategy <names>", "strategies that choose among samples, after commas", "weighted-best-of-n")
    .option("--n <counts>", "samples per problem: 4, or 1,2,4,...,512", "1,2,4,...,512")
    .option(
      "--aggregation <names>",
      "last, min, prod or mean of step scores, after commas (default: as scored)",
    )
    .option("--set <knob=value,...>", "any other knob of the strategies; may be repeated", knobs)
    .option("--subsets <count>", "random subsets of each size and problem", wholeNumber(1), 20)
    .option("--seed <number>", "same seed, same subsets", wholeNumber(0), 1)
    .option("--problems <file>", "replay these problems alone, with the answers given there")
    .option("--setting <numbers>", "whose samples, as bedacht bank info numbers them (default: the only one)")
    .option("--verifier <name>", "whose scores (default: the only one's)")
    .option("--json", "print JSON")
    .option("--csv", "print comma-separated values")
    .option("--quiet", "no progress")
    .addHelpText(
      "after",
      `
Examples:
  bedacht replay --bank samples.db --n 1,2,4,...,512
  bedacht replay --bank samples.db --strategy greedy,majority,best-of-n --n 16 --csv
  bedacht replay --bank samples.db --strategy best-of-n --aggregation last,min,prod,mean

Accuracy and coverage (pass@N) come with 95% intervals, by bootstrap over the problems.`,
    )
    .action(async (options) => (await import("./replay.ts")).replayCommand(options));
}

function addSweep(program: Command): void {
  program
    .command("sweep")
    .description("run every plan of an experiment on every problem; what is there already is not run again")
    .argument("<file>", "the experiment: .yaml, .json, or the default export of a .ts or .js")
    .option("--bank <file>", "where to keep it (default: the experiment's name with .db, beside its file)")
    .option("--workers <count>", "problems at once, each with processes of its own", wholeNumber(1), 2)
    .option("--only <labels>", "run and show these plans alone, after semicolons")
    .option("--generator <model>", "instead of the experiment's, as of bedacht solve")
    .option("--verifier <model>", "instead of the experiment's, as of bedacht solve")
    .option("--prices <file>", "price table for usd")
    .option("--dry-run", "say what would be run and what is there, and buy nothing")
    .option("--json", "print JSON")
    .option("--csv", "print comma-separated values")
    .option("--quiet", "no progress")
    .option("--verbose", "stack traces of errors")
    .addHelpText(
      "after",
      `
Examples:
  bedacht sweep experiments/example.yaml --dry-run
  bedacht sweep experiments/example.yaml --csv > plans.csv
  bedacht sweep experiments/example.yaml --only "beam; majority n=16" --workers 1

Ctrl-C stops, and nothing that was paid for is lost: the same command goes on.
Exit codes: 0 all is there, 1 cells are missing, 2 wrong usage, 3 the budget is used up.`,
    )
    .action(async (file, options) => (await import("./sweep.ts")).sweepCommand(file, options));
}

function addBank(program: Command): void {
  program
    .command("bank")
    .description("say what a bank of samples holds, import into it, or export it")
    .addArgument(program.createArgument("<action>", "what to do").choices(["info", "import", "export"]))
    .argument("[file]", "to import from, or to export to: JSON lines, or .parquet where DuckDB is installed")
    .requiredOption("--bank <file>", "the bank, or postgres://USER@HOST/DATABASE")
    .option("--map <file>", "for files of others: which column holds what, as JSON")
    .option("--json", "print what it holds as JSON")
    .addHelpText(
      "after",
      `
Examples:
  bedacht bank info --bank samples.db
  bedacht bank export --bank samples.db > samples.jsonl
  bedacht bank import theirs.jsonl --map columns.json --bank samples.db`,
    )
    .action(async (action, file, options) => (await import("./bank.ts")).bankCommand(action, file, options));
}

function addCalibrate(program: Command): void {
  program
    .command("calibrate")
    .description("learn from the samples of a bank when more of them pay: a policy for bedacht solve")
    .requiredOption("--bank <file>", "the bank, or postgres://USER@HOST/DATABASE")
    .requiredOption("-o, --output <file>", "where to write the policy")
    .option("--problems <file>", "learn from these problems alone, with the answers given there")
    .option("--name <name>", "of the policy (default: the file's)")
    .option(
      "--setting <number>",
      "whose samples, as bedacht bank info numbers them (default: the only one)",
      wholeNumber(1),
    )
    .option("--verifier <name>", "whose scores, or none: answers vote (default: the only one's)")
    .option("--seed <number>", "same seed, same policy", wholeNumber(0), 1)
    .option("--json", "print the savings as JSON")
    .option("--quiet", "no progress")
    .addHelpText(
      "after",
      `
Examples:
  bedacht solve --problems train.jsonl --n 64 --bank samples.db
  bedacht calibrate --bank samples.db -o policy.json
  bedacht solve --problems test.jsonl --policy policy.json

No model is called. A few hundred problems with 32 or more samples of each are enough.`,
    )
    .action(async (options) => (await import("./calibrate.ts")).calibrateCommand(options));
}

function addReport(program: Command): void {
  program
    .command("report")
    .description(
      "report a sweep as one HTML file with figures, and its data as JSON and comma-separated values",
    )
    .argument("[file]", "a report.json, to be rendered again")
    .option("--bank <file>", "report the cells of this bank, or of postgres://USER@HOST/DATABASE")
    .option("--title <text>", "of the report of a bank")
    .option("-o, --output <folder>", "where to write (default: the folder of the file, or report)")
    .addHelpText(
      "after",
      `
Examples:
  bedacht sweep experiments/example.yaml
  bedacht report --bank experiments/example.db -o site
  bedacht report site/report.json`,
    )
    .action(async (file, options) => (await import("./report.ts")).reportCommand(file, options));
}

function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`);
    return value;
  };
}

function temperature(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError("It must be a number, 0 or more.");
  return value;
}

function strategyName(text: string): string {
  if (isStrategy(text)) return text;
  throw new InvalidArgumentError(`Allowed choices are ${Object.keys(strategies).join(", ")}.`);
}

/** Adds `knob=value,knob=value` to the knobs of earlier `--set`s. */
function knobs(text: string, before: Record<string, string> = {}): Record<string, string> {
  const set = { ...before };
  for (const pair of text.split(",")) {
    const [, knob, value] = /^\s*(\w+)=(.*)$/s.exec(pair) ?? [];
    if (knob === undefined || value === undefined)
      throw new InvalidArgumentError("It must be knob=value, more of them after commas.");
    set[knob] = value;
  }
  return set;
}

function packageVersion(): string {
  const file = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(file) as { version: string }).version;
}
