import type { Problem } from "../types.ts";
import { type BeamOptions, checkWidth, keepBest } from "./beam.ts";
import { conclude } from "./conclude.ts";
import { rounds, type ScoredTexts } from "./rounds.ts";
import { lossOf } from "./samples.ts";
import { wholeNumber } from "./sampling.ts";
import { needSteps } from "./scoring.ts";
import { type Beam, type FullStepSampling, fullStepSampling, readStep, stepRequest } from "./steps.ts";
import { type Context, type PlannedStrategy, planned } from "./strategy.ts";

/** Knobs of lookahead search. */
export interface LookaheadOptions extends BeamOptions {
  /** k: steps written ahead of each prefix before it is scored; 0 is beam search. Default 3. */
  readonly steps?: number;
}

/**
 * **Lookahead search** (Snell et al. 2024, arXiv:2408.03314, section 5.1 and appendix): beam search whose
 * prefixes are scored where they lead. From each new prefix up to k further steps are written at temperature 0,
 * fewer when the solution ends before; the verifier's score there is the prefix's score. Then as beam search:
 * the best N/M survive, and the completed solutions vote, weighted.
 *
 * - Cost: at most N·(k+1) generations, counted in steps + the scoring of every distinct text that was reached.
 *   Equal prefixes look ahead once, and a prefix that was continued at temperature 0 before is not again.
 * - Knobs: `n` 16 (paper: 4 to 256), `width` 4 (paper: 4 or √N), `steps` 3 (paper: 3 at both widths, 1 at √N),
 *   the rest as for beam search.
 * - Pays where a step's worth shows only later, and the verifier judges ends better than beginnings. Fails where
 *   compute is short: at equal budget it is the worst search of the paper.
 *
 * As in the paper a rollout that reaches the end is no candidate: it only gives its score to the prefix, and its
 * tokens are discarded. The greedy solution of every prefix would else vote beside the samples. A rollout that
 * is lost, or whose step is cut, is scored as far as it came.
 */
export function lookahead({
  n = 16,
  width = 4,
  steps = 3,
  ...knobs
}: LookaheadOptions = {}): PlannedStrategy {
  const sampling = fullStepSampling(knobs);
  checkWidth(n, width);
  wholeNumber("steps", steps, 0);
  return planned("lookahead", { n, width, steps, ...sampling }, async (problem, context) => {
    const { completed } = await rounds(problem, context, {
      first: n,
      sampling,
      verifier: needSteps(context, "lookahead"),
      select: keepBest(Math.floor(n / width), width),
      scoredTexts: lookingAhead(problem, context, steps, { ...sampling, temperature: 0 }),
    });
    return conclude(context, completed, "weighted");
  });
}

/** What is written ahead of a beam. */
interface Rollout {
  readonly beam: Beam;
  text: string;
  /** Of the solution with all that is written ahead. */
  outputTokens: number;
  /** Paid for here. */
  paid: number;
  ended: boolean;
}

/** A step that is known to follow a text at temperature 0. */
interface Next {
  readonly added: string;
  readonly complete: boolean;
  readonly outputTokens: number;
}

/** Looks `steps` steps ahead, one batch for each step, at the positions `BEAM/look/STEP`. */
function lookingAhead(problem: Problem, context: Context, steps: number, sampling: FullStepSampling) {
  const known = new Map<string, Next>();
  const advance = (rollout: Rollout, { added, complete, outputTokens }: Next) => {
    rollout.text += added;
    rollout.outputTokens += outputTokens;
    rollout.ended = complete || rollout.outputTokens >= sampling.maxTokens;
  };

  /** True when a call was refused. */
  async function write(rollouts: readonly Rollout[], step: number): Promise<boolean> {
    const requests = rollouts.map((rollout) =>
      stepRequest(problem, context, rollout, `${rollout.beam.id}/look/${step}`, sampling),
    );
    if (requests.length === 0) return false;
    const completions = await context.model.generate(requests, { signal: context.signal });
    completions.forEach((completion, index) => {
      const rollout = rollouts[index]!;
      const { outputTokens } = completion.usage;
      const reason = lossOf(completion);
      rollout.ended = true;
      if (reason !== undefined) {
        context.emit({ type: "lost", id: requests[index]!.position, reason, outputTokens });
        return;
      }
      rollout.paid += outputTokens;
      const { added, complete, cut } = readStep(rollout, completion, sampling);
      if (cut) return;
      known.set(rollout.text, { added, complete, outputTokens });
      advance(rollout, { added, complete, outputTokens });
    });
    return completions.some(({ finish }) => finish === "refused");
  }

  return async (beams: readonly Beam[]): Promise<ScoredTexts> => {
    const rollouts = beams.map(
      (beam): Rollout => ({ ...beam, beam, paid: 0, ended: beam.complete || steps === 0 }),
    );
    let refused = false;
    for (let step = 0; step < steps && !refused; step += 1) {
      const open = rollouts.filter(({ ended }) => !ended);
      const unknown = open.filter(({ text }) => !known.has(text));
      for (const rollout of open) if (known.has(rollout.text)) advance(rollout, known.get(rollout.text)!);
      refused = await write(unknown, step);
    }
    for (const { beam, text, paid } of rollouts) {
      const ahead = text.slice(beam.text.length);
      if (ahead === "" && paid === 0) continue;
      context.emit({ type: "lookedAhead", id: beam.id, text: ahead, outputTokens: paid });
    }
    return { texts: rollouts.map(({ text }) => text), refused };
  };
}
