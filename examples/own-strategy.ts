// A strategy of your own is a function: here, one sample at a time until the verifier is content.
import { custom, type Strategy, scripted, solve } from "bedacht";

const untilGood: Strategy = async (problem, { model, verifier, rng, signal }) => {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const id = `attempt/${attempt}`;
    const seed = rng.split(id).int(0, 1e9);
    const request = { prompt: problem.prompt, maxTokens: 10, temperature: 1, seed, position: id };
    const [sample] = await model.generate([request], { signal });
    if (sample?.finish !== "end") break;
    const { text, usage } = sample;
    const [score] = await verifier!.score([{ problem, text, position: id }], { signal });
    const found = { id, text, answer: text.slice(-1), complete: true, outputTokens: usage.outputTokens };
    if (score?.value === 1) return { selected: found, candidates: [found], why: `${id} is good` };
  }
  return { selected: undefined, candidates: [], why: "none was good" };
};

const { answer, receipt } = await solve({
  problem: "Throw a six.",
  strategy: untilGood,
  model: scripted(({ seed }) => `#### ${1 + (seed % 6)}`),
  verifier: custom((text) => (text.endsWith("6") ? 1 : 0)),
});
console.log(`answer ${answer} after ${receipt.roles.generator?.calls} throws`);
