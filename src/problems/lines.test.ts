import { describe, expect, it } from "vitest";
import { type Line, parseLine, readLines } from "./lines.ts";

async function* chunks(...texts: string[]) {
  yield* texts;
}

describe("readLines", () => {
  it("joins chunks, skips empty lines and counts them", async () => {
    const lines: Line[] = [];
    for await (const line of readLines(chunks('{"prompt":"a"}\n\n{"pro', 'mpt":"b"}\r\n{"prompt":"c"}')))
      lines.push(line);
    expect(lines).toEqual([
      { number: 1, problem: { id: "1", prompt: "a" } },
      { number: 3, problem: { id: "3", prompt: "b" } },
      { number: 4, problem: { id: "4", prompt: "c" } },
    ]);
  });

  it("understands GSM8K's question and answer", () => {
    expect(parseLine('{"question":"How many?","answer":"5+5=<<5+5=10>>10\\n#### 10"}', 1)).toEqual({
      number: 1,
      problem: { id: "1", prompt: "How many?", answer: "10" },
    });
  });

  it("keeps family, level and numbers as answers", () => {
    expect(parseLine('{"id":7,"prompt":"p","answer":3,"family":"chain","level":2}', 1)).toEqual({
      number: 1,
      problem: { id: "7", prompt: "p", answer: "3", family: "chain", level: 2 },
      answerType: "number",
    });
  });

  it.each([
    "{",
    "[]",
    "3",
    "null",
    '{"prompt":""}',
    '{"prompt":3}',
    '{"prompt":"p","answer":[]}',
    '{"prompt":"p","id":{}}',
  ])("says what is wrong with %s", (text) => {
    expect(parseLine(text, 9)).toEqual({ number: 9, mistake: expect.any(String) });
  });
});
