import { describe, expect, it } from "vitest";
import { createBench, mostly42, plain, sentences, solveOn } from "../../test/cli-bench.ts";
import { spawnCli } from "../../test/spawn-cli.ts";

const { file, serve } = createBench();

describe("bedacht solve --problems", () => {
  const lines = [
    '{"id":"a","prompt":"6 * 7?","answer":"42"}',
    "{not json",
    '{"question":"40 + 1?","answer":"40+1=41\\n#### 41"}',
    '{"id":"c","prompt":"unknown"}',
  ].join("\n");

  it("answers in order, names bad lines, sums up", async () => {
    const server = await serve(({ prompt }) =>
      prompt.startsWith("6") ? { text: "#### 42", delayMs: 150 } : "#### 42",
    );
    const ended = await solveOn(server, ["--problems", file("p.jsonl", lines), "--n", "2"]);
    expect(ended.code).toBe(1);
    const records = ended.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(records.map(({ id, answer, correct, stop }) => [id, answer, correct, stop])).toEqual([
      ["a", "42", true, "done"],
      ["3", "42", false, "done"],
      ["c", "42", null, "done"],
    ]);
    expect(Object.keys(records[0])).toEqual(["id", "answer", "correct", "stop", "receipt"]);
    expect(plain(ended.stderr)).toMatchInlineSnapshot(`
      "bedacht: line 2: it is not JSON
      3 problems, 1 malformed line
      1 of 2 right: 50.0% (95% interval 9.5 to 90.5)
      26 tokens, T s
      "
    `);
  });

  it("reads standard input and exits with 0 when every problem has an answer", async () => {
    const ended = await solveOn(await serve(() => "#### 42"), ["--problems", "-", "--n", "1"], {
      stdin: '{"prompt":"6 * 7?","answer":42}\n',
    });
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ id: "1", answer: "42", correct: true });
  });

  it("tells which problems no model can take, and goes on", async () => {
    const ended = await spawnCli(["solve", "--problems", "-"], {
      stdin: '{"prompt":"6 * 7?","answer":"42"}\n',
    });
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({ id: "1", answer: null, correct: false, stop: "failed" });
    expect(sentences(ended)).toEqual([
      expect.stringMatching(/^bedacht: line 1: The embedded models know only/),
    ]);
  });

  it("ends at once when the key is refused", async () => {
    const server = await serve(() => ({ status: 401, body: '{"error":{"message":"bad key"}}' }));
    const many = Array.from({ length: 50 }, (_, index) => `{"prompt":"p${index}"}`).join("\n");
    const ended = await solveOn(server, ["--problems", "-", "--n", "1"], { stdin: many });
    expect(ended.code).toBe(2);
    expect(sentences(ended)).toEqual([expect.stringMatching(/OPENAI_API_KEY/)]);
    expect(server.calls.length).toBeLessThan(10);
  });

  it("exits with 3 when the budget is too small for one sample", async () => {
    const ended = await solveOn(await serve(mostly42), ["--problems", "-", "--budget", "tokens=5"], {
      stdin: '{"prompt":"p"}\n',
    });
    expect(ended.code).toBe(3);
  });

  it("stops quietly when its reader goes away", async () => {
    const many = Array.from({ length: 500 }, (_, index) => `{"prompt":"p${index}"}`).join("\n");
    const server = await serve(() => "#### 1");
    const ended = await solveOn(server, ["--problems", "-", "--n", "1", "--quiet"], {
      stdin: many,
      watch(child, output) {
        if (output !== "") child.stdout?.destroy();
      },
    });
    expect(sentences(ended)).toEqual([]);
    expect(server.calls.length).toBeLessThan(500);
  });
});
