import type { GridPlan } from "../lab/grid.ts";
import type { Lane } from "../lab/sweep.ts";
import type { Problem } from "../types.ts";
import { UsageError } from "../types.ts";
import { type Choice, choose } from "./choice.ts";
import { createOpener, SERVER_LIMITS } from "./open.ts";

/**
 * The models of each plan, as `solve` chooses them.
 * @throws UsageError that names the plan for models that do not exist or do not know a problem
 */
export function choicesOf(
  plans: readonly GridPlan[],
  examples: readonly Problem[],
): ReadonlyMap<GridPlan, Choice> {
  return new Map(
    plans.map((plan) => {
      const { generator, verifier } = plan;
      const asked = { strategy: plan.plan.strategy, generator, ...(verifier !== undefined && { verifier }) };
      try {
        return [plan, examples.map(({ prompt }) => choose(prompt, asked))[0]!];
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        throw new UsageError(`The plan "${plan.name}" does not work: ${error.message}`, { cause: error });
      }
    }),
  );
}

/** Models that one lane has to itself: a process for each GGUF file, since generator and verifier work by turns. */
export function openLane(choices: ReadonlyMap<GridPlan, Choice>, tell: (message: string) => void): Lane {
  const opener = createOpener({ tell, workers: 1 });
  return {
    async models(plan) {
      const { generator, verifier } = choices.get(plan)!;
      return {
        model: await opener.generator(generator),
        verifier: await opener.verifier(verifier, generator),
        ...(generator.kind === "openai" && { limits: SERVER_LIMITS }),
      };
    },
    close: () => opener.close(),
  };
}
