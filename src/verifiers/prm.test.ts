import { describe, expect, it } from "vitest";
import type { Reader, ReadRequest, ReadResult } from "../models/model.ts";
import type { Problem } from "../types.ts";
import { type PrmOptions, prm } from "./prm.ts";

const problem: Problem = { id: "p", prompt: "Add 1 and 1." };

/** A reader that finds a step good with the probability written in its line: "... .8". */
function scriptedReader(respond?: (request: ReadRequest) => Partial<ReadResult> | undefined) {
  const asked: ReadRequest[] = [];
  let closed = 0;
  const tokensOf = ({ prompt, text }: ReadRequest) => String(prompt).length + text.length;
  const reader: Reader = {
    name: "reader",
    fingerprint: "reader/1",
    countReadTokens: async (requests) => requests.map(tokensOf),
    read: async (requests) => {
      asked.push(...requests);
      return requests.map((request) => {
        const probabilities = request.offsets.map((offset) => {
          const line = request.text.slice(0, offset).trimEnd().split("\n").at(-1)!;
          const good = Number(/(\.\d+)$/.exec(line)?.[1] ?? 0);
          return [good / 2, (1 - good) / 2];
        });
        const usage = { inputTokens: tokensOf(request), outputTokens: 0 };
        return { probabilities, usage, ms: 3, ...respond?.(request) };
      });
    },
    close: async () => {
      closed += 1;
    },
  };
  return { reader, asked, closed: () => closed };
}

function request(text: string) {
  return { problem, text, position: text };
}

async function scoreOne(text: string, options?: PrmOptions) {
  const { reader, asked } = scriptedReader();
  const [score] = await prm(reader, options).score([request(text)]);
  return { score: score!, asked };
}

describe("prm", () => {
  it("closes every step, reads behind each and gives the last score", async () => {
    const { score, asked } = await scoreOne("one .9\ntwo .25");
    expect(asked).toEqual([
      { prompt: problem.prompt, text: "one .9\ntwo .25\n", offsets: [7, 15], tokens: ["<good>", "<bad>"] },
    ]);
    expect(score).toEqual({
      steps: [0.9, 0.25],
      value: 0.25,
      usage: { inputTokens: 27, outputTokens: 0 },
      ms: 3,
    });
  });

  it("scores open and closed texts alike, and passes over empty lines", async () => {
    for (const text of ["one .9\ntwo .25\n", "one .9\n\ntwo .25\n\n", "\none .9\ntwo .25"]) {
      const { asked } = await scoreOne(text);
      expect(asked[0]!.text).toBe("one .9\ntwo .25\n");
    }
  });

  it("takes other separators, closings, tokens and aggregations", async () => {
    const options = {
      separator: "\n\n",
      closing: " .5 <tag>",
      good: "+",
      bad: "-",
      aggregation: "min",
    } as const;
    const { asked } = await scoreOne("a\nb\n\nc", options);
    expect(asked[0]).toMatchObject({
      text: "a\nb .5 <tag>c .5 <tag>",
      offsets: [12, 22],
      tokens: ["+", "-"],
    });
    expect((await scoreOne("x .4\ny .8", { aggregation: "min" })).score.value).toBeCloseTo(0.4, 12);
    expect((await scoreOne("x .4\ny .8", { aggregation: "prod" })).score.value).toBeCloseTo(0.32, 12);
  });

  it("takes out closings that the solution wrote itself", async () => {
    const { asked } = await scoreOne("a<tag>\nb<tag><tag>", { closing: "<tag>" });
    expect(asked[0]).toMatchObject({ text: "a<tag>b<tag>", offsets: [6, 12] });
  });

  it("gives no score, and asks nothing, for a text without a step", async () => {
    const { reader, asked } = scriptedReader();
    const verifier = prm(reader);
    const requests = [request(""), request("one .5"), request(" \n")];
    expect(await verifier.countTokens(requests)).toEqual([
      { input: 0, output: 0 },
      { input: 19, output: 0 },
      { input: 0, output: 0 },
    ]);
    const scores = await verifier.score(requests);
    expect(scores.map((score) => score.value)).toEqual([undefined, 0.5, undefined]);
    expect(scores[0]!.error).toBeUndefined();
    expect(asked).toHaveLength(1);
  });

  it("counts what it then spends", async () => {
    const { reader } = scriptedReader();
    const verifier = prm(reader);
    const requests = [request("one .5"), request("one .5\ntwo .6\n")];
    const counted = await verifier.countTokens(requests);
    const scores = await verifier.score(requests);
    expect(scores.map((score) => score.usage!.inputTokens)).toEqual(counted.map(({ input }) => input));
  });

  it("keeps one failed read to itself", async () => {
    const failure = new Error("The text is longer than the context.");
    const { reader } = scriptedReader((asked) =>
      asked.text.startsWith("bad") ? { probabilities: undefined, error: failure } : undefined,
    );
    const [first, second] = await prm(reader).score([request("bad .1"), request("one .5")]);
    expect(first).toMatchObject({ value: undefined, error: failure, usage: { outputTokens: 0 } });
    expect(second!.value).toBe(0.5);
  });

  it("says unknown, never a middle value, when the probabilities decide nothing", async () => {
    for (const probabilities of [
      [[0, 0]],
      [
        [0.1, 0.1],
        [0.2, 0.2],
      ],
      [],
      [[Number.NaN, 0.5]],
    ]) {
      const { reader } = scriptedReader(() => ({ probabilities }));
      const [score] = await prm(reader).score([request("one .5")]);
      expect(score!.value).toBeUndefined();
      expect(score!.error?.message).toMatch(/no usable probabilities/);
    }
  });

  it("has a fingerprint that tells readers and options apart, and closes its reader", async () => {
    const { reader, closed } = scriptedReader();
    const prints = [
      prm(reader),
      prm(reader, { aggregation: "min" }),
      prm(reader, { closing: "x" }),
      prm({ ...reader, fingerprint: "reader/2" }),
    ].map((verifier) => verifier.fingerprint);
    expect(new Set(prints).size).toBe(4);
    await prm(reader).close();
    expect(closed()).toBe(1);
  });
});
