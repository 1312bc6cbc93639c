import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type TinyGgufOptions, writeTinyGguf } from "../../../test/tiny-gguf.ts";
import { UsageError } from "../../types.ts";
import { loadLlama } from "./ffi.ts";
import { createPrompter, type PromptOptions } from "./prompt.ts";

const BOS = 1;
const CHATML = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>{% endfor %}";
const folder = mkdtempSync(path.join(tmpdir(), "gguf-prompt-"));
const llama = loadLlama();
const models: bigint[] = [];

afterAll(() => {
  for (const model of models) llama.freeModel(model);
  rmSync(folder, { recursive: true });
});

function prompter(file: TinyGgufOptions, options: Partial<PromptOptions> = {}) {
  const model = llama.loadModel(writeTinyGguf(path.join(folder, `${models.length}.gguf`), file))!;
  models.push(model);
  const native = llama.vocabulary(model);
  const tokenize = (text: string, specials = false) => [...llama.tokenize(native, text, specials)];
  return { tokenize, ...createPrompter(llama, model, { template: "auto", parseSpecial: false, ...options }) };
}

describe("raw prompts", () => {
  it("are the contents, each closed by a line break, after the vocabulary's begin token", () => {
    const { tokens, tokenize, mode } = prompter({});
    const chat = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "3 + 4?" },
    ] as const;
    expect(mode).toBe("raw");
    expect([...tokens("3 + 4?", "")]).toEqual([BOS, ...tokenize("3 + 4?\n")]);
    expect([...tokens(chat, "7")]).toEqual([BOS, ...tokenize("Be brief.\n3 + 4?\n7")]);
  });

  it("leave names of special tokens text, unless asked", () => {
    const text = "<eos><good>";
    expect([...prompter({}).tokens(text, "")]).toHaveLength(1 + text.length + 1);
    expect([...prompter({}, { parseSpecial: true }).tokens(text, "")].slice(0, 3)).toEqual([BOS, 2, 3]);
  });

  it("are used for a template that only joins contents, without a note", () => {
    const chatTemplate = "{% for m in messages %}{{ m['content'] }}{{ '\\n' }}{% endfor %}";
    const { mode, unknownTemplate } = prompter({ chatTemplate });
    expect({ mode, unknownTemplate }).toEqual({ mode: "raw", unknownTemplate: false });
  });

  it("are used, with a note, for a template of special tokens that llama.cpp does not know", () => {
    const chatTemplate = "{% for m in messages %}<good>{{ m.content }}<bad>{% endfor %}";
    const { mode, unknownTemplate } = prompter({ chatTemplate });
    expect({ mode, unknownTemplate }).toEqual({ mode: "raw", unknownTemplate: true });
    expect(() => prompter({ chatTemplate }, { template: "chat" })).toThrow(UsageError);
  });
});

describe("chat prompts", () => {
  const opened = "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n";

  it("are rendered by a template that llama.cpp knows, with the answer's turn open", () => {
    const { tokens, tokenize, mode } = prompter({ chatTemplate: CHATML });
    expect(mode).toBe("chat");
    expect([...tokens("hi", "wel")]).toEqual([BOS, ...tokenize(`${opened}wel`)]);
  });

  it("keep names of special tokens in a content text", () => {
    const { tokens, tokenize } = prompter({ chatTemplate: CHATML });
    const got = [...tokens("<eos>", "")];
    expect(got).toEqual([BOS, ...tokenize(opened.replace("hi", "<eos>"))]);
    expect(got).not.toContain(2);
  });

  it("can be switched off", () => {
    const { tokens, tokenize } = prompter({ chatTemplate: CHATML }, { template: "raw" });
    expect([...tokens("hi", "")]).toEqual([BOS, ...tokenize("hi\n")]);
  });
});

describe("rows", () => {
  it("are the tokens that end at the offsets, also where a token had to be split", () => {
    const { rows, tokenize } = prompter({ words: [" apples"] });
    const text = "7 apples\n";
    const plain = rows("q", text, [1, 9]);
    expect([...plain.tokens]).toEqual([BOS, ...tokenize(`q\n${text}`)]);
    expect(plain.rows).toEqual([3, 5]);
    const split = rows("q", text, [4, 9]);
    expect([...split.tokens]).toEqual([BOS, ...tokenize("q\n7 ap"), ...tokenize("ples\n")]);
    expect(split.rows).toEqual([6, 11]);
  });
});
