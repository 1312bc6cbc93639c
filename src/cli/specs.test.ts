import { describe, expect, it } from "vitest";
import { UsageError } from "../types.ts";
import { parseGenerator, parseVerifier } from "./specs.ts";

describe("parseGenerator", () => {
  it.each([
    ["pico", { kind: "embedded", name: "pico-s" }],
    ["pico-l", { kind: "embedded", name: "pico-l" }],
    ["pico-rev", { kind: "embedded", name: "pico-rev" }],
    ["gguf:/models/a b.gguf", { kind: "gguf", path: "/models/a b.gguf" }],
    ["gguf:C:\\models\\a.gguf", { kind: "gguf", path: "C:\\models\\a.gguf" }],
    ["hf:Qwen/Qwen3-0.6B-GGUF:Q8_0", { kind: "hf", address: "hf:Qwen/Qwen3-0.6B-GGUF:Q8_0" }],
    [
      "openai:qwen3:8b@http://127.0.0.1:11434/v1",
      { kind: "openai", model: "qwen3:8b", baseUrl: "http://127.0.0.1:11434/v1" },
    ],
    [
      "openai:org/model@v2@https://user.example/v1",
      { kind: "openai", model: "org/model@v2", baseUrl: "https://user.example/v1" },
    ],
    ["openai:gpt-5-mini", { kind: "openai", model: "gpt-5-mini", baseUrl: "https://api.openai.com/v1" }],
  ])("reads %s", (text, spec) => {
    expect(parseGenerator(text)).toEqual(spec);
  });

  it.each(["", "gguf:", "hf:", "hf:only", "openai:", "openai:@http://h/v1", "openai:http://h/v1", "llama"])(
    "refuses %j with a sentence that names the forms",
    (text) => {
      expect(() => parseGenerator(text)).toThrow(UsageError);
      expect(() => parseGenerator(text)).toThrow(/openai:MODEL@/);
    },
  );
});

describe("parseVerifier", () => {
  it.each([
    ["pico", { kind: "pico" }],
    ["none", { kind: "none" }],
    ["rule", { kind: "rule" }],
    ["judge", { kind: "judge" }],
    ["judge:gguf:q.gguf", { kind: "judge", model: { kind: "gguf", path: "q.gguf" } }],
    [
      "judge:openai:m@http://h:1/v1",
      { kind: "judge", model: { kind: "openai", model: "m", baseUrl: "http://h:1/v1" } },
    ],
    ["orm:m.gguf", { kind: "orm", source: "m.gguf" }],
    ["prm:hf:U/R:Q8_0", { kind: "prm", source: "hf:U/R:Q8_0" }],
    [
      "prm:vllm:Qwen/PRM@http://h:8000",
      { kind: "prm-server", server: "vllm", model: "Qwen/PRM", baseUrl: "http://h:8000" },
    ],
    ["prm:pico/pico-prm.gguf", { kind: "prm", source: "pico/pico-prm.gguf" }],
  ])("reads %s", (text, spec) => {
    expect(parseVerifier(text)).toEqual(spec);
  });

  it.each(["", "prm:", "judge:", "judge:nobody", "prm:vllm:m", "oracle"])("refuses %j", (text) => {
    expect(() => parseVerifier(text)).toThrow(UsageError);
  });
});
