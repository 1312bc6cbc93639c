import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { spawnCli } from "../../test/spawn-cli.ts";
import { writeTinyGguf } from "../../test/tiny-gguf.ts";
import { strategies } from "../strategies/index.ts";

describe("bedacht", () => {
  it("prints help with examples", async () => {
    const { code, stdout, stderr } = await spawnCli(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatchInlineSnapshot(`
      "Usage: bedacht [options] [command]

      Lets a language model think about a question for as long as the question
      deserves.

      Options:
        -V, --version                   print the version
        -h, --help                      print this help

      Commands:
        solve [options] [prompt]        answer one problem, or every problem of a
                                        file, under a budget
        problems [options]              print generated problems as JSON lines { id,
                                        family, level, prompt, answer }
        replay [options]                replay strategies on the samples of a bank, at
                                        any N, without a new call
        sweep [options] <file>          run every plan of an experiment on every
                                        problem; what is there already is not run
                                        again
        bank [options] <action> [file]  say what a bank of samples holds, import into
                                        it, or export it
        calibrate [options]             learn from the samples of a bank when more of
                                        them pay: a policy for bedacht solve
        report [options] [file]         report a sweep as one HTML file with figures,
                                        and its data as JSON and comma-separated
                                        values
        strategies [options]            list the strategies: what each does, needs and
                                        takes
        models [options]                list the models on this machine and say how to
                                        use your own
        completion <shell>              print a completion script for your shell
        help [command]                  print the help of a command

      Examples:
        bedacht problems --family chain --level 5 --count 3
        bedacht solve "Tom has 16 pens. Mia has 9 more pens than Tom. How many pens does Mia have?"
        bedacht solve "What is 17 * 23?" --generator openai:qwen3:8b@http://127.0.0.1:11434/v1

      Exit codes: 0 answered, 1 failed, 2 wrong usage, 3 budget too small for one sample.
      "
    `);
  });

  it("prints help with examples for solve", async () => {
    expect((await spawnCli(["solve", "--help"])).stdout).toMatchInlineSnapshot(`
      "Usage: bedacht solve [options] [prompt]

      answer one problem, or every problem of a file, under a budget

      Arguments:
        prompt                  the problem; read from standard input when absent

      Options:
        --problems <file>       answer every JSON line { id, prompt, answer? } of a
                                file (- is standard input)
        -h, --help              print this help

      Search:
        --strategy <name>       how to search, of those that \`bedacht strategies\`
                                lists (default: what suits the problem)
        --n <count>             candidates, or beams (default: the strategy's, mostly
                                16)
        --width <count>         children of each beam (default: the strategy's, mostly
                                4)
        --temperature <number>  randomness of each candidate; 0 is greedy (default:
                                the strategy's, mostly 1)
        --max-tokens <count>    most tokens of one candidate (default: 256 for pico,
                                else 1024)
        --set <knob=value,...>  any other knob of the strategy; may be repeated
        --seed <number>         same seed, same answer (default: 1)

      Models:
        --generator <model>     pico, gguf:FILE, hf:USER/REPO:QUANT or
                                openai:MODEL@URL (default: pico where it can)
        --verifier <model>      pico, rule, judge, judge:MODEL, prm:FILE,
                                prm:vllm:MODEL@URL, prm:sglang:MODEL@URL, orm:FILE or
                                none (default: pico where it can)
        --workers <count>       processes that run GGUF files (default: 2, or 1 on one
                                core)

      Limits:
        --budget <limits>       hard limits, such as
                                tokens=20000,flops=1e12,usd=0.01,ms=5000
        --prices <file>         price table for usd

      Policy:
        --policy <file>         draw as many samples as pay, by what bedacht calibrate
                                learned
        --average <tokens>      generated tokens per problem that the policy aims at
                                (default: what it recommends)
        --pool <limits>         with --problems: hard limits of all of them together,
                                shared out by gain
        --insist                use the policy with other models than it was learned
                                on

      Files and output:
        --journal <file>        keep every paid call; the same command later resumes
                                from it
        --bank <file>           take samples and scores from this bank, and add what
                                is bought
        --trace <file>          write what happened as JSON lines
        --json                  print the result as one JSON line
        --quiet                 no progress
        --verbose               stack traces of errors

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
      Exit codes: 0 answered, 1 failed, 2 wrong usage, 3 budget too small for one sample.
      "
    `);
  });

  it("prints help with examples for problems, models and completion", async () => {
    const help = (command: string) => spawnCli([command, "--help"]);
    expect((await help("problems")).stdout).toMatchInlineSnapshot(`
      "Usage: bedacht problems [options]

      print generated problems as JSON lines { id, family, level, prompt, answer }

      Options:
        --family <name>  word problems in steps, or numbers to a target (choices:
                         "chain", "countdown", default: "chain")
        --level <level>  1-8 for chain, 1-6 for countdown; a range such as 1-3 is
                         cycled through (default: "3")
        --count <count>  how many (default: 10)
        --seed <number>  same seed, same problems (default: 1)
        --split <name>   the embedded models have seen train only (choices: "train",
                         "validation", "test", default: "test")
        --solutions      add the reference solution
        -h, --help       print this help

      Examples:
        bedacht problems --family chain --level 5 --count 100 --seed 1
        bedacht problems --family countdown --level 1-4 --solutions > games.jsonl
      "
    `);
    expect((await help("models")).stdout).toMatchInlineSnapshot(`
      "Usage: bedacht models [options]

      list the models on this machine and say how to use your own

      Options:
        --json      print JSON
        -h, --help  print this help
      "
    `);
    expect((await help("completion")).stdout).toMatchInlineSnapshot(`
      "Usage: bedacht completion [options] <shell>

      print a completion script for your shell

      Arguments:
        shell       your shell (choices: "bash", "zsh", "fish")

      Options:
        -h, --help  print this help

      Examples:
        bedacht completion bash > ~/.local/share/bash-completion/completions/bedacht
        bedacht completion zsh > "\${fpath[1]}/_bedacht"
        bedacht completion fish > ~/.config/fish/completions/bedacht.fish
      "
    `);
  });

  it("prints its version", async () => {
    expect((await spawnCli(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [[], /^Usage: bedacht/],
    [["slove"], /^bedacht: unknown command 'slove'\n\(Did you mean solve\?\)\n$/],
    [
      ["solve", "--strategi", "beam"],
      /^bedacht: unknown option '--strategi'\n\(Did you mean --strategy\?\)\n$/,
    ],
    [["solve", "p", "--strategy", "tree"], /'tree' is invalid\. Allowed choices are greedy, majority, /],
    [["solve", "p", "--n", "0"], /'0' is invalid\. It must be a whole number, 1 or more\./],
    [["solve", "p", "--n", "1.5"], /'1.5' is invalid/],
    [["solve", "p", "--set", "n=2,width"], /It must be knob=value, more of them after commas\./],
    [["solve", "p", "--temperature", "NaN"], /It must be a number, 0 or more\./],
    [["problems", "--level", "9"], /^bedacht: Level "9" of chain must be a number from 1 to 8/],
    [["problems", "--family", "sudoku"], /Allowed choices are chain, countdown\./],
    [["completion", "tcsh"], /Allowed choices are bash, zsh, fish\./],
  ])("refuses %j with exit code 2 and no stack trace", async (args, message) => {
    const { code, stdout, stderr } = await spawnCli(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
  });
});

describe("bedacht problems", () => {
  it("prints the same JSON lines for the same seed", async () => {
    const args = ["problems", "--family", "countdown", "--level", "1-3", "--count", "4", "--seed", "7"];
    const first = await spawnCli(args);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(await spawnCli(args)).toEqual(first);
    const problems = first.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(problems.map((problem) => problem.level)).toEqual([1, 2, 3, 1]);
    expect(Object.keys(problems[0])).toEqual(["id", "family", "level", "prompt", "answer"]);
  });

  it("adds solutions when asked", async () => {
    const { stdout } = await spawnCli(["problems", "--count", "1", "--level", "2", "--solutions"]);
    expect(JSON.parse(stdout).solution).toMatch(/^#### \d+$/m);
  });

  it("stops quietly when its reader goes away", async () => {
    const { code, stderr } = await spawnCli(["problems", "--count", "1000000"], {
      watch(child, output) {
        if (output !== "") child.stdout?.destroy();
      },
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe("bedacht models", () => {
  const cache = mkdtempSync(join(tmpdir(), "bedacht-models-"));
  afterAll(() => rmSync(cache, { recursive: true }));
  const folder = join(cache, "hf", "somebody", "tiny-GGUF");
  mkdirSync(folder, { recursive: true });
  writeTinyGguf(join(folder, "tiny-f16.gguf"));

  it("lists embedded and downloaded models and how to use one's own", async () => {
    const { code, stdout } = await spawnCli(["models"], { env: { BEDACHT_CACHE: cache } });
    expect(code).toBe(0);
    for (const text of [
      "pico-s",
      "pico-prm",
      "hf:somebody/tiny-GGUF/tiny-f16.gguf",
      "--generator openai:MODEL@",
    ])
      expect(stdout).toContain(text);
  });

  it("prints them as JSON", async () => {
    const { stdout } = await spawnCli(["models", "--json"], { env: { BEDACHT_CACHE: cache } });
    const { embedded, downloaded } = JSON.parse(stdout);
    expect(embedded.map(({ name }: { name: string }) => name)).toEqual([
      "pico-s",
      "pico-prm",
      "pico-l",
      "pico-rev",
    ]);
    expect(downloaded).toMatchObject([{ bytes: expect.any(Number), parameters: expect.any(Number) }]);
  });
});

describe("bedacht strategies", () => {
  it("lists what every strategy does, needs and takes", async () => {
    const { code, stdout } = await spawnCli(["strategies"]);
    expect(code).toBe(0);
    expect(stdout).toContain(
      "greedy\n  one solution, always the likeliest token; needs no verifier\n  maxTokens=1024\n",
    );
    expect(stdout).toContain("needs a verifier that scores partial solutions\n  n=16 width=4 temperature=1");
    expect(stdout).toContain('separator="\\n"');
  });

  it("prints them as JSON", async () => {
    const listed = JSON.parse((await spawnCli(["strategies", "--json"])).stdout);
    expect(listed.map(({ name }: { name: string }) => name)).toEqual(Object.keys(strategies));
    expect(listed[1]).toMatchObject({ verifier: "none", knobs: [{ knob: "n", default: 16 }, {}, {}, {}] });
  });
});

describe("bedacht completion", () => {
  it.each(["bash", "zsh", "fish"])(
    "prints a script that %s accepts and that knows the options",
    async (shell) => {
      const { code, stdout } = await spawnCli(["completion", shell]);
      expect(code).toBe(0);
      for (const word of ["solve", "weighted-best-of-n", "problems", "countdown", "journal"])
        expect(stdout).toContain(word);
      const check = spawnSync(shell, ["-n"], { input: stdout, encoding: "utf8" });
      if (check.error === undefined)
        expect({ status: check.status, stderr: check.stderr }).toEqual({ status: 0, stderr: "" });
    },
  );

  it("completes in bash", async () => {
    const { stdout } = await spawnCli(["completion", "bash"]);
    const ask = (words: string[]) =>
      `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _bedacht; echo "\${COMPREPLY[*]}"`;
    const script = [
      stdout,
      ask(["bedacht", "s"]),
      ask(["bedacht", "solve", "--strategy", "be"]),
      ask(["bedacht", "problems", "--fa"]),
    ].join("\n");
    const { stdout: replies } = spawnSync("bash", ["--norc"], { input: script, encoding: "utf8" });
    expect(replies).toBe("solve sweep strategies\nbest-of-n beam\n--family\n");
  });
});
