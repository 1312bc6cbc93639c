import { type Bank, openBank } from "../src/lab/index.ts";
import type { Drawn } from "../src/lab/reading.ts";

/** A bank of made-up problems whose right answer is 2, with the scores of the verifier "made-up". */
export async function bankOf(place: string, problems: readonly (readonly Drawn[])[]): Promise<Bank> {
  const bank = await openBank(place);
  const sampled = problems.flatMap((samples, problem) =>
    samples.map(({ whole, seed, answer, score, outputTokens }) => ({
      prompt: `How many, ${problem}?`,
      text: whole!.text,
      answer: answer ?? null,
      sample: {
        model: "m",
        fingerprint: "m/1",
        params: { temperature: 1 },
        seed,
        finish: whole!.finish,
        usage: { inputTokens: 1, outputTokens: outputTokens! },
      },
      scores: [{ verifier: "made-up", fingerprint: "made-up/1", value: score }],
      grades: [{ correct: answer === "2" }],
    })),
  );
  await bank.append(sampled);
  return bank;
}
