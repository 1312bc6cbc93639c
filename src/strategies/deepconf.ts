import { type Candidate, type Problem, UsageError } from "../types.ts";
import { conclude } from "./conclude.ts";
import { lowestGroup, percentile, tokenConfidences } from "./confidence.ts";
import { type FullSampling, fullSampling, type Sampling, wholeNumber } from "./sampling.ts";
import { byPosition } from "./select.ts";
import { type Context, type Outcome, type PlannedStrategy, planned } from "./strategy.ts";
import { begin, type Trace, writeOn } from "./traces.ts";

/** Knobs of DeepConf. */
export interface DeepconfOptions extends Sampling {
  /** Most traces. Default 40. */
  readonly n?: number;
  /** Traces that are never stopped, from which the threshold is taken; `n` or more: no trace is stopped. Default 16. */
  readonly warmup?: number;
  /** Share of the traces that vote, the most confident ones, in (0, 1]. Default 0.9. */
  readonly keep?: number;
  /** Most tokens of a group. Default 2048; short traces have groups of half their median length. */
  readonly window?: number;
  /** Probabilities per token that its confidence is the mean of. Default 20. */
  readonly top?: number;
}

/**
 * **DeepConf** (Fu et al. 2025, arXiv:2508.15260, section 3): votes weighed by the model's own confidence. A token's
 * confidence is the negative mean log-probability of the `top` likeliest tokens of its place; a group's is the mean
 * over a sliding window; a trace is as confident as its least confident group. Offline: the `keep` most confident
 * share of the traces votes, each with its confidence as weight. Online: the first `warmup` traces set the
 * threshold, their (1 − keep) percentile; a later trace is stopped as soon as a group falls below it.
 *
 * - Cost: at most N generations, no verifier. Traces after the warm-up grow by one window per call, side by side; each
 *   call sends prompt and text again, and what is sent is charged (a prefix cache has evaluated it).
 * - Knobs: `n` 40 (paper: 512), `warmup` 16, `keep` 0.9 ("high"; paper also 0.1, "low"), `window` 2048, `top` 20 (paper),
 *   `temperature` 1.
 * - Pays on models whose doubt shows, in long traces that go wrong somewhere: up to 85% fewer tokens in the paper.
 *   Fails on the confidently wrong, and saves little where traces are hardly longer than a window.
 *
 * A window of 2048 tokens would hold a whole short trace, so the group is min(`window`, half the median
 * warm-up trace). Confidence is relative in the trace (`scored`): 1 is the most confident one, which changes no
 * vote; a note gives it in nats. The paper's online mode also ends when 95% of the votes agree, which is left to
 * `adaptiveConsistency`. A model that does not continue a text cannot be stopped at a window, so its traces run
 * to their end. A server that gives no probabilities in spite of its word is left with plain majority voting.
 */
export function deepconf({
  n = 40,
  warmup = 16,
  keep = 0.9,
  window = 2048,
  top = 20,
  ...knobs
}: DeepconfOptions = {}): PlannedStrategy {
  const sampling = fullSampling(knobs);
  for (const [knob, value] of Object.entries({ n, warmup, window, top })) wholeNumber(knob, value);
  if (!(keep > 0 && keep <= 1))
    throw new UsageError(`keep must be a number above 0 and at most 1, not ${keep}.`);
  const own = { n, warmup, keep, window, top };
  return planned("deepconf", { ...own, ...sampling }, async (problem, context) => {
    const { can, name } = context.model;
    if (!can.logprobs)
      throw new UsageError(
        `deepconf needs a model that gives log-probabilities, and ${name} gives none: use majority.`,
      );
    const traces = await drawTraces(problem, context, { ...own, sampling });
    return decide(context, traces);
  });
}

type Knobs = Required<Omit<DeepconfOptions, keyof Sampling>> & { readonly sampling: FullSampling };

/** Completed traces, and what decides which of them vote. */
interface Measured {
  readonly candidates: readonly Candidate[];
  /** By id; only what is known. */
  readonly confidence: ReadonlyMap<string, number>;
  readonly threshold: number;
}

/** On 40 chain problems (pico-s, traces of 19 to 124 tokens) the lowest group parts the right traces of a problem
 * from the wrong ones with AUROC 0.74 for halves, 0.69 for quarters, 0.74 for eighths, and the whole trace with
 * 0.56. Halves need the fewest calls. */
const GROUPS_PER_TRACE = 2;

async function drawTraces(problem: Problem, context: Context, knobs: Knobs): Promise<Measured> {
  const { n, warmup, keep, window, top, sampling } = knobs;
  const asked = { ...sampling, logprobs: true, topLogprobs: top };
  const first = Math.min(n, warmup);
  const early = await writeOn(problem, context, begin(0, first), { ...asked, round: 0 });
  const lengths = early.done.map(({ outputTokens }) => outputTokens);
  const group = Math.min(window, Math.ceil((percentile(lengths, 0.5) ?? window) / GROUPS_PER_TRACE));
  const confidenceOf = (trace: Trace) => lowestGroup(tokenConfidences(trace.logprobs, top), group);
  const known = early.done.flatMap((trace) => confidenceOf(trace) ?? []);
  const threshold = keep === 1 ? -Infinity : (percentile(known, 1 - keep) ?? -Infinity);

  const done = [...early.done];
  let open = early.refused || context.signal.aborted ? [] : begin(first, n - first);
  for (let round = 0; open.length > 0; round += 1) {
    const step = context.model.can.prefix ? Math.min(group, sampling.maxTokens) : sampling.maxTokens;
    const written = await writeOn(problem, context, open, { ...asked, round, step });
    done.push(...written.done);
    if (written.refused) break;
    open = written.open.filter((trace) => {
      const lowest = confidenceOf(trace);
      if (lowest === undefined || lowest >= threshold) return true;
      const reason = `confidence ${lowest.toFixed(2)} is below ${threshold.toFixed(2)}`;
      context.emit({ type: "pruned", id: trace.id, reason });
      return false;
    });
  }
  const confidence = new Map(
    done.flatMap((trace) => {
      const lowest = confidenceOf(trace);
      return lowest === undefined ? [] : [[trace.id, lowest] as const];
    }),
  );
  return { candidates: done.map((trace) => trace.candidate!).sort(byPosition), confidence, threshold };
}

/** Weighs the votes of the confident ones. */
function decide(context: Context, { candidates, confidence, threshold }: Measured): Outcome {
  const most = Math.max(0, ...confidence.values());
  const scored = candidates.map((candidate): Candidate => {
    const own = confidence.get(candidate.id);
    const score = own === undefined || most === 0 ? undefined : own / most;
    context.emit({ type: "scored", id: candidate.id, score });
    return score === undefined ? candidate : { ...candidate, score };
  });
  const voting = scored.filter(({ id }) => (confidence.get(id) ?? Infinity) >= threshold);
  const weighed = voting.some(({ answer, score }) => answer !== undefined && score !== undefined);
  const text = weighed
    ? `Confidence 1 is ${most.toFixed(2)} nats; ${voting.length} of ${scored.length} complete traces vote.`
    : "The model gave no probabilities to tell traces apart: majority voting instead.";
  if (scored.length > 0) context.emit({ type: "note", text });
  return { ...conclude(context, voting, weighed ? "weighted" : "majority"), candidates: scored };
}
