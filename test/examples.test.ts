import { existsSync, readdirSync } from "node:fs";
import { expect, onTestFinished, test, vi } from "vitest";
import { embeddedPath } from "../src/models/embedded.ts";

/** What each example prints. Those that are not listed here fail. */
const PRINTS: Readonly<Record<string, RegExp>> = {
  "beam.ts": /^answer \d+, reference \d+, \d\.\d+e\+\d+ FLOPs$/m,
  "budget.ts": /^\d+ of 100 tokens, \d+ of 32 calls: 42 \(budget\)\nOne sample takes up to tokens=14 but/m,
  "majority.ts": /^408: \d+ votes\n(?:\d+: \d+ votes\n)*answer 408 for \d+ generated tokens$/m,
  "own-strategy.ts": /^answer 6 after \d+ throws$/,
  "own-verifier.ts": /^answer 97: highest score 1\.000 of 64/,
  "resume.ts": /^n=8: 42; 0 calls from the journal, 8 bought\nn=8: .* 0 bought\nn=12: .* 4 bought$/,
};
const folder = new URL("../examples/", import.meta.url);
const embedded = ["pico-s", "pico-prm"] as const;

for (const name of readdirSync(folder).filter((file) => file.endsWith(".ts"))) {
  test(`examples/${name} runs`, async (context) => {
    if (name === "beam.ts" && !embedded.every((model) => existsSync(embeddedPath(model)))) {
      context.skip("the embedded models are not in pico/");
    }
    const said: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((...parts) => void said.push(parts.join(" ")));
    onTestFinished(() => log.mockRestore());
    await import(new URL(name, folder).href);
    expect(said.join("\n")).toMatch(PRINTS[name]!);
  });
}
