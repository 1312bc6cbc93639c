import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeTinyGguf } from "../../test/tiny-gguf.ts";
import { gguf, type LocalModel } from "../models/gguf/index.ts";
import type { Problem } from "../types.ts";
import { judge } from "./judge.ts";

const CHATML = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>{% endfor %}";
const folder = mkdtempSync(join(tmpdir(), "bedacht-judge-"));
const problem: Problem = { id: "p", prompt: "What is 2 + 2?" };
let chat: LocalModel;

beforeAll(async () => {
  const options = { words: ["Yes", "No"], chatTemplate: CHATML, contextLength: 2048 };
  chat = await gguf({ path: writeTinyGguf(join(folder, "chat.gguf"), options), workers: 1 });
});
afterAll(async () => {
  await chat.close();
  rmSync(folder, { recursive: true, force: true });
});

test("P(Yes) is read from any GGUF chat model in one pass, and costs no generated token", async () => {
  const verifier = judge({ reader: chat });
  const requests = ["#### 4", "#### 5"].map((text) => ({ problem, text, position: text }));
  const counted = await verifier.countTokens(requests);
  const scores = await verifier.score(requests);
  for (const [index, { value, usage }] of scores.entries()) {
    expect(value! > 0 && value! < 1).toBe(true);
    expect(usage).toMatchObject({ inputTokens: counted[index]!.input, outputTokens: 0 });
  }
  expect(scores[0]!.value).not.toBe(scores[1]!.value);
  expect((await verifier.score(requests))[0]!.value).toBeCloseTo(scores[0]!.value!, 6);
});

test("two solutions are read in the same way, and their order matters", async () => {
  const { pairs } = judge({ reader: chat });
  const [there, back] = await pairs!.score([
    { problem, first: "#### 4", second: "#### 5", position: "there" },
    { problem, first: "#### 5", second: "#### 4", position: "back" },
  ]);
  for (const { value } of [there!, back!]) expect(value! > 0 && value! < 1).toBe(true);
  expect(there!.value).not.toBe(back!.value);
});

test("a file without a chat template is refused", async () => {
  const raw = await gguf({ path: writeTinyGguf(join(folder, "raw.gguf"), {}), workers: 1 });
  try {
    expect(() => judge({ reader: raw })).toThrow(/raw has no chat template/);
    expect(() => judge({ model: raw })).toThrow(/raw has no chat template/);
  } finally {
    await raw.close();
  }
});
