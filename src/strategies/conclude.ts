import type { Candidate } from "../types.ts";
import { byPosition, type Choice, choose, type Rule } from "./select.ts";
import type { Context, Outcome } from "./strategy.ts";

/** Ends a strategy: chooses among the completed candidates and writes the votes and the choice to the trace. */
export function conclude(context: Context, candidates: readonly Candidate[], rule: Rule): Outcome {
  return concludeWith(context, candidates, choose(candidates, rule));
}

/** As `conclude`, for a choice that is made. */
export function concludeWith(
  { emit }: Context,
  candidates: readonly Candidate[],
  { selected, why, votes, note }: Choice,
): Outcome {
  if (note !== undefined) emit({ type: "note", text: note });
  for (const { answer, weight, candidates: agreeing } of votes) {
    emit({ type: "voted", answer, weight, candidates: agreeing.map(({ id }) => id) });
  }
  if (selected !== undefined) emit({ type: "selected", id: selected.id, answer: selected.answer, why });
  return { selected, candidates: [...candidates].sort(byPosition), why };
}
