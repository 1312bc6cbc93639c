import type { BankRecord } from "../src/lab/index.ts";
import { type Rng, rng } from "../src/random.ts";

/** Made-up samples: problem `number`, so many of them, each with a text, an answer, a score per step and a grade. */
export function samplesOf(number: number, count: number, first = 0): readonly BankRecord[] {
  const random = rng("bank").split(number);
  const prompt = `Tom has ${number} pens. Mia has 9 more pens than Tom. How many pens does Mia have?`;
  const right = number + 9;
  const share = random.next();
  return Array.from({ length: count }, (_, index) =>
    sampleOf(prompt, right, share, first + index, random.split(first + index)),
  );
}

function sampleOf(prompt: string, right: number, share: number, index: number, random: Rng): BankRecord {
  const correct = random.next() < share;
  const answer = correct ? right : right + random.int(1, 20);
  const steps = Array.from({ length: 3 }, () => Math.min(1, random.next() * (correct ? 1.5 : 1)));
  return {
    prompt,
    text: `Tom: ${right - 9} pens\nMia: 9 more than Tom, try ${random.int(1, 1_000_000)}\n#### ${answer}`,
    answer: String(answer),
    sample: {
      model: "made-up",
      fingerprint: "made-up/1",
      params: { temperature: 1, maxTokens: 256 },
      seed: index,
      finish: "end",
      usage: { inputTokens: 40, outputTokens: 30 },
    },
    scores: [
      {
        verifier: "made-up-prm",
        fingerprint: "made-up-prm/1",
        value: steps.at(-1),
        steps,
        usage: { inputTokens: 70, outputTokens: 0 },
      },
    ],
    grades: [{ correct }],
  };
}
