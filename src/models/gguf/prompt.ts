import { UsageError } from "../../types.ts";
import type { Message } from "../model.ts";
import type { Llama, Pointer } from "./ffi.ts";

/** How a prompt becomes text: as it is, by the file's chat template, or by the template when there is one. */
export type TemplateMode = "raw" | "chat" | "auto";

export interface PromptOptions {
  readonly template: TemplateMode;
  /** True: names of special tokens in prompts and texts become those tokens. */
  readonly parseSpecial: boolean;
}

/** Turns prompts into tokens. */
export interface Prompter {
  /** "raw" or "chat": what "auto" became. */
  readonly mode: "raw" | "chat";
  /** True when the file has a chat template that llama.cpp does not know and that is more than plain text. */
  readonly unknownTemplate: boolean;
  /** Tokens of a prompt and the beginning of its answer. */
  tokens(prompt: string | readonly Message[], prefix: string): Int32Array;
  /** Tokens of a prompt and its answer, and for each offset the index of the token that ends there. */
  rows(
    prompt: string | readonly Message[],
    text: string,
    offsets: readonly number[],
  ): { tokens: Int32Array; rows: number[] };
  /** The one token that a text is. @throws UsageError when it is none or several. */
  single(text: string): number;
}

const REMEMBERED = 256;

function concatenate(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function startsWith(all: Int32Array, start: Int32Array): boolean {
  return start.length <= all.length && start.every((token, index) => all[index] === token);
}

/** Names of the vocabulary's control tokens: text that no user's prompt may turn into a token by accident. */
function controlNames(llama: Llama, native: Pointer): string[] {
  const names: string[] = [];
  for (let token = 0; token < llama.vocabularySize(native); token += 1) {
    if (llama.isControl(native, token)) names.push(llama.tokenText(native, token));
  }
  return names;
}

function asMessages(prompt: string | readonly Message[]): readonly Message[] {
  return typeof prompt === "string" ? [{ role: "user", content: prompt }] : prompt;
}

/** Marks where a message's content stands in a rendered template. */
const marker = (index: number) => `\ue000${index}\ue001`;

function chooseMode(template: string | undefined, known: boolean, mode: TemplateMode): "raw" | "chat" {
  if (mode !== "chat") return mode === "auto" && known ? "chat" : "raw";
  if (known) return "chat";
  const what =
    template === undefined ? "has no chat template" : "has a chat template that llama.cpp does not know";
  throw new UsageError(`The GGUF file ${what}; use template "raw".`);
}

/**
 * A prompter for a loaded model. Raw text is the messages' contents, each closed by a line break, then the
 * answer. In chat mode llama.cpp's own renderer of known templates is used; contents that name special tokens
 * are tokenised apart from the template, so that they stay text.
 */
export function createPrompter(llama: Llama, model: Pointer, options: PromptOptions): Prompter {
  const native = llama.vocabulary(model);
  const template = llama.chatTemplate(model);
  const render = (messages: readonly Message[]) =>
    template === undefined ? undefined : llama.applyTemplate(template, messages, true);
  const known = render([{ role: "user", content: "" }]) !== undefined;
  const mode = chooseMode(template, known, options.template);
  const names = controlNames(llama, native);
  const bos = llama.bos(native);
  const begin = llama.addsBos(native) ? Int32Array.of(bos) : new Int32Array(0);
  const bosName = bos >= 0 ? llama.tokenText(native, bos) : "";
  const remembered = new Map<string, Int32Array>();

  const tokenize = (text: string, specials: boolean): Int32Array => {
    const key = `${specials ? "s" : "t"}${text}`;
    const before = remembered.get(key);
    if (before !== undefined) return before;
    const tokens = llama.tokenize(native, text, specials);
    if (remembered.size >= REMEMBERED) remembered.delete(remembered.keys().next().value ?? "");
    remembered.set(key, tokens);
    return tokens;
  };

  const raw = (prompt: string | readonly Message[], answer: readonly string[]): Int32Array => {
    const head = asMessages(prompt)
      .map(({ content }) => `${content}\n`)
      .join("");
    const texts = [head + (answer[0] ?? ""), ...answer.slice(1)];
    return concatenate([begin, ...texts.map((text) => tokenize(text, options.parseSpecial))]);
  };

  const chat = (prompt: string | readonly Message[], answer: readonly string[]): Int32Array => {
    const messages = asMessages(prompt);
    const said = [...messages.map(({ content }) => content), ...answer];
    const named =
      !options.parseSpecial && said.some((text) => names.some((name) => name && text.includes(name)));
    const rendered =
      render(named ? messages.map(({ role }, i) => ({ role, content: marker(i) })) : messages) ?? "";
    const start = bosName !== "" && rendered.startsWith(bosName) ? new Int32Array(0) : begin;
    if (!named) {
      const texts = [rendered + (answer[0] ?? ""), ...answer.slice(1)];
      return concatenate([start, ...texts.map((text) => tokenize(text, true))]);
    }
    const parts = rendered.split(/(\ue000\d+\ue001)/u).map((part) => {
      const index = messages.findIndex((_, i) => part === marker(i));
      return index < 0 ? tokenize(part, true) : tokenize(messages[index]!.content, false);
    });
    return concatenate([start, ...parts, ...answer.map((text) => tokenize(text, false))]);
  };

  const encode = mode === "raw" ? raw : chat;
  return {
    mode,
    unknownTemplate:
      template !== undefined && !known && names.some((name) => name !== "" && template.includes(name)),
    tokens: (prompt, prefix) => encode(prompt, [prefix]),
    rows(prompt, text, offsets) {
      const whole = encode(prompt, [text]);
      const heads = offsets.map((offset) => encode(prompt, [text.slice(0, offset)]));
      if (heads.every((head) => startsWith(whole, head))) {
        return { tokens: whole, rows: heads.map((head) => head.length - 1) };
      }
      // A token lies across an offset: the text is tokenised piece by piece, so that one ends there.
      const pieces = offsets.map((offset, i) => text.slice(offsets[i - 1] ?? 0, offset));
      const ends = offsets.map((_, i) => encode(prompt, pieces.slice(0, i + 1)).length - 1);
      return { tokens: encode(prompt, pieces), rows: ends };
    },
    single(text) {
      const tokens = llama.tokenize(native, text, true);
      if (tokens.length === 1) return tokens[0]!;
      throw new UsageError(
        `"${text}" is ${tokens.length} tokens in this vocabulary; name one that is a single token.`,
      );
    },
  };
}
