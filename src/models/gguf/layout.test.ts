import koffi from "koffi";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../types.ts";
import { loadLlama } from "./ffi.ts";
import { batch, checkDefaults, contextParams, expectedContext, modelParams } from "./layout.ts";

describe("layouts", () => {
  it("have the sizes of llama.cpp v0.5.0", () => {
    const sizes = [modelParams, contextParams, batch].map((fields) => koffi.sizeof(koffi.struct(fields)));
    expect(sizes).toEqual([80, 160, 56]);
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
