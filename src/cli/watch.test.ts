import { describe, expect, it } from "vitest";
import { defaultPrices } from "../budget/prices.ts";
import { scripted } from "../models/scripted.ts";
import type { TraceEvent } from "../types.ts";
import { watch } from "./watch.ts";

const problem = { id: "p", prompt: "6 * 7?" };
const request = (index: number) => ({
  prompt: problem.prompt,
  maxTokens: 20,
  temperature: 1,
  seed: index,
  position: `sample/${index}`,
});

describe("watch", () => {
  it("counts what the calls cost and announces whole solutions", async () => {
    const heard: TraceEvent[] = [];
    const watching = watch(problem, defaultPrices, (event) => heard.push(event));
    const model = watching.model(scripted(({ seed }) => `It is so.\n#### ${seed}`));
    const completions = await model.generate([request(0), request(1)]);
    const tokens = completions.reduce((sum, { usage }) => sum + usage.inputTokens + usage.outputTokens, 0);
    expect(watching.spent()).toEqual({ tokens, ms: expect.any(Number), scoring: 0 });
    expect(heard.map((event) => event.type === "proposed" && [event.id, event.answer])).toEqual([
      ["sample/0", "0"],
      ["sample/1", "1"],
    ]);
  });

  it("counts pieces of text while calls are in flight, and says nothing of parts of solutions", async () => {
    const heard: TraceEvent[] = [];
    const watching = watch(problem, defaultPrices, (event) => heard.push(event));
    const during: (number | undefined)[] = [];
    const model = watching.model(scripted(() => "one two three\n#### 4"));
    await model.generate([{ ...request(0), prefix: "zero\n", stop: ["\n"] }], {
      onText: () => during.push(watching.spent().tokens),
    });
    expect(during).toEqual([1, 2, 3]);
    await model.generate([{ ...request(1), prompt: [{ role: "user", content: "Of this, what is 6?" }] }]);
    expect(heard).toEqual([]);
  });
});
