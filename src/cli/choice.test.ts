import { describe, expect, it } from "vitest";
import { generateProblems } from "../problems/index.ts";
import { choose, familyOf } from "./choice.ts";

const [chain] = generateProblems({ family: "chain", level: 3, count: 1, seed: 1 });
const [countdown] = generateProblems({ family: "countdown", level: 3, count: 1, seed: 1 });
const foreign = "What is the capital of France?";
const server = "openai:m@http://127.0.0.1:1/v1";

describe("choose", () => {
  it("recognises the embedded families by their prompt", () => {
    expect([chain!.prompt, countdown!.prompt, foreign].map(familyOf)).toEqual([
      "chain",
      "countdown",
      undefined,
    ]);
  });

  it("takes pico and its PRM for an embedded family", () => {
    expect(choose(chain!.prompt, {})).toMatchObject({
      strategy: "weighted-best-of-n",
      generator: { kind: "embedded", name: "pico-s" },
      verifier: { kind: "pico" },
      reason: "suits chain problems",
    });
    expect(choose(countdown!.prompt, {}).strategy).toBe("best-of-n");
  });

  it("takes the reviser, which is its own verifier, for what revises", () => {
    expect(choose(chain!.prompt, { strategy: "revisions" })).toMatchObject({
      generator: { kind: "embedded", name: "pico-rev" },
      verifier: { kind: "pico", history: true },
    });
    expect(choose(chain!.prompt, { strategy: "beam", generator: "pico-rev" }).verifier).toEqual({
      kind: "pico",
    });
  });

  it("says which models can answer anything else", () => {
    expect(() => choose(foreign, {})).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: The embedded models know only the problems of \`bedacht problems\`; for this one name a model: --generator gguf:FILE, hf:USER/REPO:QUANT or openai:MODEL@URL.]`,
    );
  });

  it("lets candidates vote when there is no verifier", () => {
    expect(choose(foreign, { generator: server })).toMatchObject({
      strategy: "majority",
      verifier: { kind: "none" },
    });
  });

  it("does not open a verifier that the strategy does not use", () => {
    expect(choose(chain!.prompt, { strategy: "greedy" }).verifier).toEqual({ kind: "none" });
  });

  it("refuses a search without a verifier, and a verifier that does not know the problem", () => {
    expect(() => choose(foreign, { generator: server, strategy: "beam" })).toThrow(/beam needs a verifier/);
    expect(() => choose(foreign, { generator: server, verifier: "rule" })).toThrow(/rule knows only/);
    expect(() => choose(chain!.prompt, { verifier: "none", strategy: "best-of-n" })).toThrow(
      /needs a verifier/,
    );
  });
});
