import type { GenerateRequest, Message } from "../models/model.ts";
import { type Candidate, type Problem, UsageError } from "../types.ts";
import { drawAll, drawSamples, lossOf } from "./samples.ts";
import { type FullSampling, fullSampling, type Sampling, seedOf, wholeNumber } from "./sampling.ts";
import { type Context, type Outcome, type PlannedStrategy, planned } from "./strategy.ts";

const CRITIQUE =
  'Check this solution step by step, and name the first mistake if there is one. End with one line: "VERDICT: no mistake" or "VERDICT: mistake".';

const REVISE =
  'Write a better solution from the beginning, without that mistake. End it with one line "#### ANSWER".';

/**
 * **Critique and revise**, by prompts alone (Self-Refine; Madaan et al. 2023, arXiv:2303.17651, section 2): the
 * model solves the problem, then in turns criticises its last solution and revises it, until the critique finds
 * no mistake. The last solution that states an answer is the answer: nothing votes.
 *
 * - Cost: 1 + 2·rounds generations at most, one after the other; each reads the solution, a revision the
 *   critique too.
 * - Knobs: `rounds` 4 (paper: at most 4), `temperature` 0.7 (paper), `maxTokens` of a solution and of a critique.
 * - Pays for texts whose faults a model sees at once: style, code that can be read, constraints that can be
 *   checked. Fails on mathematics, where the paper itself gains about 0 and Snell et al. (section 6) find that
 *   prompting alone does not teach a model to find its mistakes: critiques approve what is wrong, and spoil what
 *   is right. Then majority is the better use of as many generations, and for models that are trained to
 *   revise `revisions` is.
 *
 * Any model that follows a chat will do; the embedded ones do not. The paper's prompts hold examples for each
 * task; these are general ones without examples. A lost critique or revision costs its round.
 */
export function critiqueRevise({
  rounds = 4,
  temperature = 0.7,
  ...knobs
}: Sampling & { readonly rounds?: number } = {}): PlannedStrategy {
  const sampling = fullSampling({ temperature, ...knobs });
  wholeNumber("rounds", rounds, 0);
  return planned("critique-revise", { rounds, ...sampling }, async (problem, context) => {
    if (rounds > 0 && context.model.can.chat === false)
      throw new UsageError(
        `critique-revise needs a model that follows a chat, and ${context.model.name} has no chat template: use majority.`,
      );
    const { candidates } = await drawSamples(problem, context, { n: 1 }, sampling);
    const solutions = [...candidates];
    for (let round = 1; round <= rounds && solutions.length > 0; round += 1) {
      const turn = { solution: solutions.at(-1)!, round, sampling };
      const { critique, refused } = await criticise(problem, context, turn);
      if (critique !== undefined && approves(critique)) return lastOf(context, solutions, true);
      if (refused || context.signal.aborted) break;
      if (critique === undefined) continue;
      const request = revising(problem, context, turn, critique);
      const revised = await drawAll(problem, context, [request]);
      for (const one of revised.candidates) {
        context.emit({ type: "revised", id: one.id, parent: turn.solution.id });
        solutions.push(one);
      }
      if (revised.refused || context.signal.aborted) break;
    }
    return lastOf(context, solutions, false);
  });
}

/** One round of criticism and revision. */
interface Turn {
  readonly solution: Candidate;
  readonly round: number;
  readonly sampling: FullSampling;
}

function asking({ prompt }: Problem, { solution }: Turn): readonly Message[] {
  return [
    { role: "user", content: prompt },
    { role: "assistant", content: solution.text.trim() },
    { role: "user", content: CRITIQUE },
  ];
}

async function criticise(problem: Problem, context: Context, turn: Turn) {
  const position = `sample/0/critique/${turn.round}`;
  const request: GenerateRequest = {
    ...turn.sampling,
    prompt: asking(problem, turn),
    seed: seedOf(context, position),
    position,
  };
  const [completion] = await context.model.generate([request], { signal: context.signal });
  const { text, finish, usage } = completion!;
  const { outputTokens } = usage;
  const loss = lossOf(completion!);
  if (loss !== undefined) {
    context.emit({ type: "lost", id: position, reason: loss, outputTokens });
    return { critique: undefined, refused: finish === "refused" };
  }
  context.emit({ type: "critiqued", id: position, parent: turn.solution.id, text, outputTokens });
  return { critique: text, refused: false };
}

/** The last verdict counts: a critique may quote what it was asked for. Without one there is a mistake. */
function approves(critique: string): boolean {
  return [...critique.matchAll(/verdict\W+(no\s+)?mistake/gi)].at(-1)?.[1] !== undefined;
}

function revising(problem: Problem, context: Context, turn: Turn, critique: string): GenerateRequest {
  const position = `sample/0/revision/${turn.round}`;
  const prompt: readonly Message[] = [
    ...asking(problem, turn),
    { role: "assistant", content: critique.trim() },
    { role: "user", content: REVISE },
  ];
  return { ...turn.sampling, prompt, seed: seedOf(context, position), position };
}

function lastOf({ emit }: Context, solutions: readonly Candidate[], approved: boolean): Outcome {
  const selected = solutions.findLast(({ answer }) => answer !== undefined) ?? solutions.at(-1);
  const revisions = `${solutions.length - 1} revision${solutions.length === 2 ? "" : "s"}`;
  const why =
    selected === undefined
      ? "no candidate was completed"
      : approved && selected === solutions.at(-1)
        ? `its critique finds no mistake after ${revisions}`
        : `the last answer after ${revisions}`;
  if (selected !== undefined) emit({ type: "selected", id: selected.id, answer: selected.answer, why });
  return { selected, candidates: solutions, why };
}
