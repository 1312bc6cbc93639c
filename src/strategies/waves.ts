import type { Completion } from "../models/model.ts";
import type { Candidate, Problem } from "../types.ts";
import { asCandidate, CUT, lossOf, sampleRequest } from "./samples.ts";
import type { FullSampling } from "./sampling.ts";
import type { Context } from "./strategy.ts";

/** Why the completed samples so far, in order of position, are enough; `undefined`: they are not. */
export type Enough = (candidates: readonly Candidate[]) => string | undefined;

/** Samples in flight where nobody knows how many the model serves at once. */
const USUAL_WIDTH = 8;

/**
 * Draws up to `n` samples, as `drawSamples` does, until they are enough. As many are in flight as the model
 * serves at once, and as one comes back the next is sent: until the decision the model is as busy as it would
 * be with `n` samples, so that fewer samples never take longer.
 *
 * The decision is made on the samples in order of position, whatever comes back first, so it is the same for
 * any order and width. What was sent beyond the last one needed is cancelled, and written to the trace as lost
 * with the tokens that it took; it is no candidate even where it had come back in full. Under a budget the next
 * ones are sent only when all in flight have come back, because which retries still fit must not depend on time.
 */
export async function drawUntil(
  problem: Problem,
  context: Context,
  { n, sampling }: { readonly n: number; readonly sampling: FullSampling },
  enough: Enough,
): Promise<readonly Candidate[]> {
  const { model, emit } = context;
  const width = Math.min(n, context.concurrency ?? USUAL_WIDTH);
  const [senders, batch] = context.budgeted ? [1, width] : [width, 1];
  const requests = Array.from({ length: n }, (_, index) => sampleRequest(problem, context, index, sampling));
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const arrived: Completion[] = [];
  const candidates: Candidate[] = [];
  let [sent, taken, cut, refused] = [0, 0, false, false];
  let reason: string | undefined;

  const take = (index: number, completion: Completion) => {
    arrived[index] ??= completion;
    for (let one = arrived[taken]; one !== undefined && reason === undefined; one = arrived[taken]) {
      const candidate = asCandidate(problem, requests[taken]!, one, emit);
      taken += 1;
      refused ||= one.finish === "refused";
      cut ||= one.finish === "length" && !candidate.complete;
      if (!candidate.complete) continue;
      candidates.push(candidate);
      reason = enough(candidates);
      if (reason !== undefined) stop.abort();
    }
  };
  const send = async () => {
    while (sent < n && !refused && !signal.aborted) {
      const first = sent;
      sent = Math.min(n, first + batch);
      const onCompletion = (place: number, completion: Completion) => take(first + place, completion);
      const completions = await model.generate(requests.slice(first, sent), { signal, onCompletion });
      completions.forEach((completion, place) => void onCompletion(place, completion));
    }
  };
  await all(Array.from({ length: senders }, send), stop);
  if (reason !== undefined && taken < n)
    emit({ type: "note", text: `Stopped after ${taken} of ${n} samples: ${reason}.` });
  for (let index = taken; index < sent; index += 1) {
    const { usage } = arrived[index]!;
    const why = lossOf(arrived[index]!) ?? "not needed";
    emit({ type: "lost", id: requests[index]!.position, reason: why, outputTokens: usage.outputTokens });
  }
  if (cut) emit({ type: "note", text: CUT });
  return candidates;
}

/** Waits for all; when one throws, stops the others and throws what it threw. */
async function all(runs: readonly Promise<void>[], stop: AbortController): Promise<void> {
  for (const run of runs) run.catch(() => stop.abort());
  for (const run of await Promise.allSettled(runs)) if (run.status === "rejected") throw run.reason;
}
