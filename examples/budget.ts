// Hard limits: what does not fit is never sent, and the best answer so far comes back with a receipt.
import { BudgetTooSmallError, majority, scripted, solve } from "bedacht";

const model = scripted(({ seed }) => `Let me think.\n#### ${[42, 42, 41, 43][seed % 4]}`);
const strategy = majority({ n: 32, maxTokens: 10 });

for (const tokens of [10_000, 100, 10]) {
  try {
    const { answer, receipt } = await solve({ problem: "6 * 7?", strategy, model, budget: { tokens } });
    const { calls, inputTokens, outputTokens } = receipt.total;
    console.log(
      `${inputTokens + outputTokens} of ${tokens} tokens, ${calls} of 32 calls: ${answer} (${receipt.stop})`,
    );
  } catch (error) {
    if (!(error instanceof BudgetTooSmallError)) throw error;
    console.log(error.message);
  }
}
