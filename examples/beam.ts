// Beam search step by step with the embedded generator and its process reward model.
import { beam, generateProblems, solve } from "bedacht";
import { embeddedPath, gguf } from "bedacht/models";
import { prm } from "bedacht/verifiers";

const [problem] = generateProblems({ family: "chain", level: 4, count: 1, seed: 7 });
const model = await gguf({ path: embeddedPath("pico-s") });
const reader = await gguf({ path: embeddedPath("pico-prm") });
const { text, answer, receipt, trace } = await solve({
  problem: problem!,
  strategy: beam({ n: 16, width: 4, maxTokens: 256 }),
  model,
  verifier: prm(reader),
  seed: 1,
});
console.log(problem!.prompt);
console.log(text);
console.log(trace.find((event) => event.type === "selected")?.why);
console.log(`answer ${answer}, reference ${problem!.answer}, ${receipt.total.flops?.toExponential(2)} FLOPs`);
await Promise.all([model.close(), reader.close()]);
