import type { Respond } from "../src/models/scripted.ts";
import { scripted } from "../src/models/scripted.ts";
import { rng } from "../src/random.ts";
import type { Context } from "../src/strategies/strategy.ts";
import type { TraceEvent } from "../src/types.ts";
import { custom } from "../src/verifiers/custom.ts";

export const PROBLEM = { id: "p", prompt: "How many?" };

/** A context on the scripted model, with the trace that a strategy writes there. */
export function stage(respond: Respond, score?: (text: string) => number | undefined) {
  const trace: TraceEvent[] = [];
  const context: Context = {
    model: scripted(respond),
    ...(score && { verifier: custom(score, { scoresPartial: true }) }),
    rng: rng(1),
    signal: new AbortController().signal,
    emit: (event) => trace.push(event),
  };
  return { context, trace };
}
