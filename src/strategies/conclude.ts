import type { Candidate } from "../types.ts";
import { byPosition, choose, type Rule } from "./select.ts";
import type { Context, Outcome } from "./strategy.ts";

/** Ends a strategy: chooses among the completed candidates and writes the votes and the choice to the trace. */
export function conclude({ emit }: Context, candidates: readonly Candidate[], rule: Rule): Outcome {
  const { selected, why, votes, note } = choose(candidates, rule);
  if (note !== undefined) emit({ type: "note", text: note });
  for (const { answer, weight, candidates: agreeing } of votes) {
    emit({ type: "voted", answer, weight, candidates: agreeing.map(({ id }) => id) });
  }
  if (selected !== undefined) emit({ type: "selected", id: selected.id, answer: selected.answer, why });
  return { selected, candidates: [...candidates].sort(byPosition), why };
}
