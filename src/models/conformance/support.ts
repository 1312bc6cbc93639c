import assert from "node:assert/strict";
import type { CallOptions, Completion, GenerateRequest, Model } from "../model.ts";

/** One case of the suite that every adapter passes. */
export interface ConformanceCase {
  readonly name: string;
  /** Throws when the model breaks its contract. Resolves to a sentence when the case does not apply to this
   * model, and why; to `undefined` when it passed. The last case closes the model. */
  run(model: Model): Promise<string | undefined>;
}

export const PROMPT = "Tom has 3 apples. Ida has 4 more apples than Tom. How many apples does Ida have?";
export const OTHER = "Use 2, 3 and 7 to reach 13.";

/** A greedy request of 16 tokens, frozen: no adapter may change what it was given. */
export function request(position: string, change: Partial<GenerateRequest> = {}): GenerateRequest {
  return Object.freeze({ prompt: PROMPT, maxTokens: 16, temperature: 0, seed: 1, position, ...change });
}

/** Checks what holds for every completion, lost ones included. */
export function sane(completion: Completion, asked: GenerateRequest): void {
  const { usage, finish, text } = completion;
  for (const count of [usage.inputTokens, usage.outputTokens, usage.cachedTokens, usage.reasoningTokens]) {
    assert.ok(count === undefined || (Number.isInteger(count) && count >= 0), `token count ${count}`);
  }
  assert.ok((usage.cachedTokens ?? 0) <= usage.inputTokens, "more tokens reused than sent");
  assert.ok((usage.reasoningTokens ?? 0) <= usage.outputTokens, "more reasoning than output");
  assert.ok(usage.outputTokens <= asked.maxTokens, `${usage.outputTokens} tokens, asked ${asked.maxTokens}`);
  assert.ok(text.isWellFormed(), "half a character in the text");
  assert.ok(text === "" || usage.outputTokens > 0, "text without tokens");
  assert.equal(
    completion.error !== undefined,
    finish === "error" || finish === "refused",
    `${finish}, error`,
  );
  assert.ok(completion.stopText === undefined || finish === "stop", "a stop text without a stop");
}

/** Generates and checks what holds for every completion that was not lost. */
export async function generate(
  model: Model,
  requests: readonly GenerateRequest[],
  options?: CallOptions,
): Promise<readonly Completion[]> {
  const completions = await model.generate(requests, options);
  assert.equal(completions.length, requests.length, "one completion per request");
  completions.forEach((completion, index) => {
    assert.ok(
      completion.finish !== "error",
      `request ${index}: ${completion.error?.message ?? "error without a message"}`,
    );
    sane(completion, requests[index]!);
  });
  return completions;
}

/** One completion of one request. */
export async function one(
  model: Model,
  change: Partial<GenerateRequest>,
  options?: CallOptions,
): Promise<Completion> {
  return (await generate(model, [request("conformance", change)], options))[0]!;
}

/** A greedy generation and the pieces in which it was streamed. */
export async function greedy(model: Model, maxTokens: number): Promise<{ text: string; pieces: string[] }> {
  const pieces: string[] = [];
  const { text } = await one(model, { maxTokens }, { onText: (_, delta) => pieces.push(delta) });
  return { text, pieces };
}

/** Places in a text where it can be cut without splitting a character. */
export function cuts(text: string): number[] {
  return [...text.matchAll(/[^\ufffd]/gu)].map((match) => match.index).filter((index) => index > 0);
}
