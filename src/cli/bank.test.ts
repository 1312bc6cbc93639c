import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { samplesOf } from "../../test/bank-records.ts";
import { spawnCli } from "../../test/spawn-cli.ts";
import { exportLines, openBank } from "../lab/index.ts";
import { lineOf } from "../lab/lines.ts";
import { parseCounts } from "./counts.ts";

const folder = mkdtempSync(join(tmpdir(), "bedacht-bank-cli-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  const bank = await openBank(at("samples.db"));
  for (let problem = 0; problem < 4; problem += 1) await bank.append(samplesOf(problem, 16));
  await bank.close();
});

const rowsOf = (csv: string) =>
  csv
    .trim()
    .split("\n")
    .map((line) => line.split(","));

describe("bedacht replay", () => {
  it("replays strategies at every N from the bank alone", async () => {
    const { code, stdout, stderr } = await spawnCli(
      [
        "replay",
        "--bank",
        at("samples.db"),
        "--strategy",
        "majority,best-of-n,esc",
        "--n",
        "1,2,4,...,16",
      ].concat(["--csv", "--quiet", "--subsets", "2"]),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [head, ...rows] = rowsOf(stdout);
    expect(head!.slice(0, 4)).toEqual(["strategy", "n", "problems", "accuracy"]);
    expect(rows.map(([strategy, n, problems]) => `${strategy} ${n} ${problems}`)).toEqual(
      ["majority", "best-of-n", "esc"].flatMap((name) => [1, 2, 4, 8, 16].map((n) => `${name} ${n} 4`)),
    );
    const again = await spawnCli([
      "replay",
      "--bank",
      at("samples.db"),
      "--n",
      "4",
      "--aggregation",
      "min,last",
      "--json",
      "--quiet",
    ]);
    const { rows: json } = JSON.parse(again.stdout);
    expect(json.map(({ aggregation }: { aggregation: string }) => aggregation)).toEqual(["min", "last"]);
  });

  it("replays the problems of a file, with their answers, and says which it does not know", async () => {
    const [record] = samplesOf(1, 1);
    const problems = [
      { id: "1", prompt: record!.prompt, answer: "10" },
      { id: "2", prompt: "What else?", answer: "1" },
    ];
    writeFileSync(at("problems.jsonl"), problems.map((one) => JSON.stringify(one)).join("\n"));
    const { code, stdout, stderr } = await spawnCli(
      ["replay", "--bank", at("samples.db"), "--problems", at("problems.jsonl"), "--n", "16"].concat(
        "--quiet",
      ),
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^weighted-best-of-n +16 .* 1$/m);
    expect(stdout).toMatch(/16 samples of 1 problems, no new call/);
    expect(stderr).toBe("1 problems have no samples in the bank.\n");
  });

  it.each([
    [["--bank", "none.db"], /There is no bank none\.db: fill one with/],
    [["--bank", "README.md"], /README\.md is not a bank: give another file\./],
    [["--strategy", "beam"], /beam samples step by step, so it cannot be replayed/],
    [["--strategy", "tree"], /Unknown strategy "tree": use greedy/],
    [["--strategy", "greedy"], /no sample at temperature 0 of this model: leave greedy out/],
    [["--n", "4,2x"], /"4,2x" is no list of numbers: write 4, or 1,2,4,8, or 1,2,4,\.\.\.,512\./],
    [["--verifier", "judge"], /no scores of the verifier judge: it has those of 1 \(made-up-prm\)/],
    [["--setting", "9"], /no setting 9: it has 1 \(made-up \{/],
    [["--aggregation", "median"], /The aggregation "median" is unknown: use last, min, prod, mean\./],
    [["--n", "512"], /No problem has 512 samples: the most is 16/],
  ])("refuses %j in one sentence", async (flags, message) => {
    const { code, stdout, stderr } = await spawnCli(["replay", "--bank", at("samples.db"), ...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("bedacht bank", () => {
  it("exports what another bank imports, the same", async () => {
    const exported = await spawnCli(["bank", "export", "--bank", at("samples.db")]);
    writeFileSync(at("all.jsonl"), exported.stdout);
    const { code, stderr } = await spawnCli(["bank", "import", at("all.jsonl"), "--bank", at("copy.db")]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "64 records imported, 0 lines rejected.\n" });
    const bank = await openBank(at("copy.db"));
    const lines: string[] = [];
    for await (const line of exportLines(bank)) lines.push(line);
    await bank.close();
    expect(lines.sort()).toEqual(exported.stdout.match(/.*\n/g)!.sort());
    const { stdout } = await spawnCli(["bank", "info", "--bank", at("copy.db")]);
    expect(stdout).toMatch(
      /^4 prompts, 64 different texts, 64 of them graded\nsetting 1: 64 samples of made-up/,
    );
  });

  it("leaves out wrong lines, says which, and imports the rest", async () => {
    const good = samplesOf(9, 3).map(lineOf);
    writeFileSync(at("torn.jsonl"), [good[0], "{}", "", good[1], "[1]", good[2]!.slice(0, 50)].join("\n"));
    const { code, stderr } = await spawnCli(["bank", "import", at("torn.jsonl"), "--bank", at("torn.db")]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      [
        'line 2: it has no text in "prompt"',
        'line 5: it is not an object such as { "prompt": "...", "text": "..." }',
        "line 6: it is not JSON",
        "2 records imported, 3 lines rejected.",
        "",
      ].join("\n"),
    );
  });

  it("imports the files of others by a column mapping, once", async () => {
    writeFileSync(at("theirs.jsonl"), '{"q":"1+1?","out":["#### 2","#### 3"],"ok":[true,false]}\n');
    const columns = { prompt: "q", text: "out", correct: "ok", model: { value: "theirs" } };
    writeFileSync(at("columns.json"), JSON.stringify(columns));
    const args = [
      "bank",
      "import",
      at("theirs.jsonl"),
      "--map",
      at("columns.json"),
      "--bank",
      at("theirs.db"),
    ];
    await spawnCli(args);
    await spawnCli(args);
    const { stdout } = await spawnCli(["bank", "info", "--bank", at("theirs.db")]);
    expect(stdout).toBe(
      "1 prompts, 2 different texts, 2 of them graded\nsetting 1: 2 samples of theirs {}\n",
    );
  });

  it("says it when the disk is full", () => {
    const main = new URL("./main.ts", import.meta.url).pathname;
    writeFileSync(at("many.jsonl"), samplesOf(1, 4000).map(lineOf).join("\n"));
    const script = `trap '' XFSZ; ulimit -f 400; exec "$0" "$@"`;
    const { status, stderr } = spawnSync(
      "bash",
      ["-c", script, process.execPath, main, "bank", "import", at("many.jsonl"), "--bank", at("full.db")],
      { encoding: "utf8" },
    );
    expect(status).toBe(2);
    expect(stderr).toMatch(/^bedacht: Cannot use the bank .*full\.db: .*(?:full|I\/O).*\.\n$/);
  });

  it("reads and writes Parquet where DuckDB is, and says so where it is not", async () => {
    const { paths } = createRequire(import.meta.url).resolve;
    const folders = paths("@duckdb/node-api") ?? [];
    const installed = folders.some((place) => existsSync(join(place, "@duckdb/node-api")));
    const { code, stderr } = await spawnCli([
      "bank",
      "export",
      at("all.parquet"),
      "--bank",
      at("samples.db"),
    ]);
    if (!installed) {
      expect(code).toBe(2);
      expect(stderr).toBe(
        "bedacht: Parquet needs DuckDB, which is not installed: run npm install @duckdb/node-api, or use JSON lines.\n",
      );
      return;
    }
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const back = await spawnCli(["bank", "import", at("all.parquet"), "--bank", at("parquet.db")]);
    expect(back.stderr).toBe("64 records imported, 0 lines rejected.\n");
    const [one, other] = await Promise.all(
      ["samples.db", "parquet.db"].map((name) => spawnCli(["bank", "export", "--bank", at(name)])),
    );
    expect(other!.stdout.match(/.*\n/g)!.sort()).toEqual(one!.stdout.match(/.*\n/g)!.sort());
    expect(readFileSync(at("all.parquet")).toString("latin1", 0, 4)).toBe("PAR1");
  });
});

describe("a list of N", () => {
  it.each([
    ["16", [16]],
    ["1,2,4,8", [1, 2, 4, 8]],
    ["1,2,4,...,16", [1, 2, 4, 8, 16]],
    ["1,2,4,...,20", [1, 2, 4, 8, 16, 20]],
    ["2,4,...,32", [2, 4, 8, 16, 32]],
    ["10,20,30,…,50", [10, 20, 30, 40, 50]],
  ])("%s", (text, numbers) => {
    expect(parseCounts(text)).toEqual(numbers);
  });

  it.each(["", "0", "a", "1,...,8", "...,8", "1,2,4,...", "4,2,...,1", "1,2,5,...,9", "-1", "1.5"])(
    "refuses %j",
    (text) => {
      expect(() => parseCounts(text)).toThrow(/is no list of numbers/);
    },
  );
});
