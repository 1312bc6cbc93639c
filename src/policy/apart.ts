import { wrap } from "../models/wrap.ts";
import type { Context } from "../strategies/strategy.ts";
import type { TraceEvent } from "../types.ts";
import { wrap as wrapVerifier } from "../verifiers/wrap.ts";

/**
 * A context for a search within another: its calls and candidates have positions under `path`, so that they are
 * told apart from the outer search's, and its random numbers are its own. Its votes and its choice are not the
 * outer search's, and so are left out of the trace.
 */
export function apart(context: Context, path: string): Context {
  const { model, verifier, rng, emit } = context;
  const placed = <T extends { readonly position: string }>(requests: readonly T[]): T[] =>
    requests.map((request) => ({ ...request, position: `${path}/${request.position}` }));
  const pairs = verifier?.pairs;
  return {
    ...context,
    model: wrap(model, (requests, options) => model.generate(placed(requests), options)),
    ...(verifier && {
      verifier: wrapVerifier(
        verifier,
        (requests, options) => verifier.score(placed(requests), options),
        pairs && ((requests, options) => pairs.score(placed(requests), options)),
      ),
    }),
    rng: rng.split(path),
    emit(event) {
      if (event.type !== "voted" && event.type !== "selected") emit(renamed(event, path));
    },
  };
}

/** An event with its candidates named under `path`. */
function renamed(event: TraceEvent, path: string): TraceEvent {
  const named: Record<string, unknown> = { ...event };
  for (const key of ["id", "parent", "into", "against"])
    if (typeof named[key] === "string") named[key] = `${path}/${named[key]}`;
  if (event.type === "resampled")
    named.copies = Object.fromEntries(
      Object.entries(event.copies).map(([id, copies]) => [`${path}/${id}`, copies]),
    );
  return named as TraceEvent;
}
