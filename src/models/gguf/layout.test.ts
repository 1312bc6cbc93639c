import koffi from "koffi";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../types.ts";
import { loadLlama } from "./ffi.ts";
import { batchStruct, checkDefaults, contextParams, expectedContext, modelParams } from "./layout.ts";

describe("layouts", () => {
  it("have the sizes of llama.cpp v0.5.0", () => {
    expect([modelParams, contextParams, batchStruct].map((type) => koffi.sizeof(type))).toEqual([
      80, 160, 56,
    ]);
  });

  it("are those of the installed library", () => {
    expect(loadLlama().systemInfo()).toContain("CPU");
  });

  it("of another library are refused, naming the first difference", () => {
    const shifted = { ...expectedContext, n_ubatch: 1 };
    const check = () => checkDefaults("llama_context_params", shifted, expectedContext);
    expect(check).toThrow(UsageError);
    expect(check).toThrow(/llama_context_params\.n_ubatch is 1, not 512/);
  });
});
