import { describe, expect, it } from "vitest";
import { lineOf, recordOfLine } from "./lines.ts";
import { mapped, parseMapping } from "./mapping.ts";
import type { BankRecord } from "./records.ts";

const mapping = (value: unknown) => parseMapping(JSON.stringify(value), "columns.json");

describe("a column mapping", () => {
  it("takes columns, columns inside others, and constants, and numbers samples as they come", () => {
    const rows = mapped(
      mapping({
        prompt: "question",
        text: "output.text",
        model: { value: "llama" },
        params: { temperature: { value: 0.8 } },
        correct: "is_correct",
        reference: "gold",
        outputTokens: "n_tokens",
      }),
    );
    const row = { question: "1+1?", output: { text: "#### 2" }, is_correct: 1, gold: 2, n_tokens: "12" };
    expect([
      ...rows(row),
      ...rows({ ...row, is_correct: false }),
      ...rows({ ...row, question: "2+2?" }),
    ]).toEqual(
      [
        { seed: 0, correct: true, prompt: "1+1?" },
        { seed: 1, correct: false, prompt: "1+1?" },
        { seed: 0, correct: true, prompt: "2+2?" },
      ].map(({ seed, correct, prompt }) => ({
        prompt,
        text: "#### 2",
        sample: {
          model: "llama",
          fingerprint: "import:llama",
          params: { temperature: 0.8 },
          seed,
          usage: { outputTokens: 12 },
        },
        grades: [{ correct, reference: "2" }],
      })),
    );
  });

  it("takes lists of samples in one row, as search-and-learn publishes them", () => {
    const rows = mapped(
      mapping({
        prompt: "problem",
        text: "completions",
        model: { value: "llama" },
        verifier: { value: "prm" },
        steps: "scores",
        seed: "ids",
      }),
    );
    const row = { problem: "1+1?", completions: ["a", "b"], scores: [[0.5, 0.9], [0.1]], ids: [7, 8] };
    expect(rows(row).map(({ text, sample, scores }) => [text, sample!.seed, scores![0]!.value])).toEqual([
      ["a", 7, 0.9],
      ["b", 8, 0.1],
    ]);
    expect(() => rows({ ...row, scores: [[0.5]] })).toThrow('"steps" has 1 items for 2 texts');
  });

  it.each([
    [[], /is not an object/],
    [{ prompt: "q", text: "t" }, /must say which column is "model"/],
    [{ prompt: "q", text: "t", model: "m", colour: "c" }, /knows no "colour": use prompt, text/],
    [{ prompt: "q", text: 3, model: "m" }, /gives "text" neither the name of a column nor/],
    [{ prompt: "q", text: "t", model: "m", score: "s" }, /must say which "verifier" gave the scores/],
  ])("refuses %j", (value, message) => {
    expect(() => mapping(value)).toThrow(message);
  });

  it.each([
    [{ text: "t", model: "m" }, 'it has no text for "prompt"'],
    [
      { prompt: "q", text: "t", model: "m", correct: "yes" },
      '"yes" for "correct" is none of true, false, 1 and 0',
    ],
    [{ prompt: "q", text: "t", model: "m", score: 3.2 }, "the score 3.2 is not a number from 0 to 1"],
    [{ prompt: "q", text: "t", model: "m", seed: 1.5 }, "the seed 1.5 is not a whole number"],
    [7, 'it has no text for "model"'],
  ])("rejects the row %j", (row, message) => {
    const columns = { prompt: "prompt", text: "text", model: "model", seed: "seed", correct: "correct" };
    const rows = mapped(mapping({ ...columns, verifier: { value: "v" }, score: "score" }));
    expect(() => rows(row)).toThrow(message);
  });
});

describe("a line of an export", () => {
  const record: BankRecord = {
    prompt: "1+1?",
    text: "#### 2",
    answer: null,
    sample: {
      model: "m",
      fingerprint: "m/1",
      params: { temperature: 1 },
      seed: 3,
      finish: "length",
      usage: { inputTokens: 4, cachedTokens: 1, outputTokens: 2, reasoningTokens: 0 },
      ms: 1.5,
      logprobs: [{ token: "#", logprob: -0.5 }],
    },
    scores: [{ verifier: "v", fingerprint: "v/1", value: 0.5, steps: [0.2, 0.5], usage: { inputTokens: 1 } }],
    grades: [{ correct: true, reference: "2" }, { correct: false }],
  };

  it("comes back as it was", () => {
    expect(recordOfLine(JSON.parse(lineOf(record)))).toEqual(record);
    const bare = { prompt: "p", text: "" };
    expect(recordOfLine(JSON.parse(lineOf(bare)))).toEqual(bare);
  });

  it("may hold its lists as text and its numbers as digits, as tables do", () => {
    const { params, scores, ...flat } = JSON.parse(lineOf(record));
    const table = { ...flat, params: JSON.stringify(params), scores: JSON.stringify(scores), seed: "3" };
    expect(recordOfLine(table)).toEqual(record);
  });

  it.each([
    [[], "it is not an object"],
    [{ prompt: "", text: "t" }, 'it has no text in "prompt"'],
    [{ prompt: "p", text: "t", answer: 2 }, '"answer" is not text'],
    [{ prompt: "p", text: "t", model: "m", fingerprint: "f", seed: 0.5 }, '"seed" is not a whole number'],
    [{ prompt: "p", text: "t", model: "m", seed: 1 }, 'it has no text in "fingerprint"'],
    [
      { prompt: "p", text: "t", model: "m", fingerprint: "f", seed: 1, finish: "tired" },
      '"finish" is none of',
    ],
    [{ prompt: "p", text: "t", scores: "{" }, '"scores" is not JSON'],
    [{ prompt: "p", text: "t", scores: [3] }, '"scores" is not a list of objects'],
    [{ prompt: "p", text: "t", grades: [{ correct: "yes" }] }, '"correct" is neither true nor false'],
    [
      { prompt: "p", text: "t", scores: [{ verifier: "v", fingerprint: "f", value: -1 }] },
      "the score -1 is not",
    ],
  ])("is refused: %j", (value, message) => {
    expect(() => recordOfLine(value)).toThrow(message);
  });
});
