import type { GenerateRequest, Message } from "../models/model.ts";
import { type Candidate, type Problem, type TraceEvent, UsageError } from "../types.ts";
import { combining, parseParts, solving, splitting, type Task, TOO_HARD } from "./parts.ts";
import { drawAll, drawSamples, lossOf } from "./samples.ts";
import { type FullSampling, fullSampling, type Sampling, seedOf, wholeNumber } from "./sampling.ts";
import { byPosition, vote } from "./select.ts";
import { type Context, type Outcome, type PlannedStrategy, planned } from "./strategy.ts";

/** How a part is answered: by one greedy solution, or by the majority of several. */
type Inner = "greedy" | "majority";

/** Knobs of decomposition; `temperature` and `topP` are those of a part's samples. */
export interface DecomposeOptions extends Sampling {
  /** Most parts of one split. Default 6; 1 is greedy. */
  readonly parts?: number;
  /** How often a part of a part may be split: 1 splits the problem alone. Default 2. */
  readonly depth?: number;
  /** Default "greedy". */
  readonly inner?: Inner;
  /** Samples of each part when `inner` is "majority". Default 5. */
  readonly samples?: number;
}

/**
 * **Decomposition** (least-to-most prompting; Zhou et al. 2022, arXiv:2205.10625, section 2; splitting on failure:
 * Prasad et al. 2023, arXiv:2311.05772, section 3): the model first answers directly, then splits the problem into
 * smaller ones, answers them in order with the earlier answers in sight, and puts them together. A part that is not
 * resolved is split again. A part is resolved when most of its samples agree on an answer; the model may say that it
 * is too hard instead.
 *
 * - Cost: 2 generations (answer, split) + C(`depth`) for each part + 1 (combination), one after the other, where
 *   C(1) = 1 or `samples`, and at worst C(d) = C(1) + 2 + `parts`·C(d−1); prompts grow by the answers so far.
 * - Knobs: `parts` 6 (Zhou et al. set no limit), `depth` 2 (they split once), `inner` "greedy" (theirs), `samples` 5,
 *   `temperature` 1, `maxTokens` 1024 for each call.
 * - Pays on problems of more steps than the model does at once, whose parts it can name (SCAN 16 to 99.7%). Fails
 *   where the split is wrong: one bad part spoils all that follow; and on easy problems it buys nothing. The embedded
 *   models follow no instructions, so they are refused.
 *
 * Anytime: the direct answer comes first and stands until all parts are put together, so what ends the search
 * early (a budget, a deadline, a cancellation) leaves an answer. A split into one part is greedy. Count, depth and
 * length of the parts are bounded, and what they say is only ever part of a prompt. Zhou et al. let the last part
 * be the problem itself; here the combination is a call of its own, since models seldom list the problem as a part.
 */
export function decompose({
  parts = 6,
  depth = 2,
  inner = "greedy",
  samples = 5,
  ...knobs
}: DecomposeOptions = {}): PlannedStrategy {
  const sampling = fullSampling(knobs);
  wholeNumber("parts", parts);
  wholeNumber("depth", depth);
  wholeNumber("samples", samples);
  if (inner !== "greedy" && inner !== "majority")
    throw new UsageError(`inner must be greedy or majority, not ${inner}.`);
  const own = { parts, depth, inner, samples };
  return planned("decompose", { ...own, ...sampling }, async (problem, context) => {
    const { name, can } = context.model;
    if (can.chat === false)
      throw new UsageError(
        `decompose needs a model that follows a chat, and ${name} has no chat template: use majority.`,
      );
    const first = { temperature: 0, maxTokens: sampling.maxTokens };
    const { candidates, refused } = await drawSamples(problem, context, { n: 1 }, first);
    const search: Search = { problem, context, ...own, sampling, over: refused, asked: 0, open: 0 };
    const task = { whole: problem.prompt, known: [] };
    const ended = parts === 1 || isOver(search);
    const whole = ended ? undefined : await throughParts(search, "", task, depth);
    return chosen(search, candidates[0], whole);
  });
}

/** One search: what it was given, and what it has come to. */
interface Search extends Required<Omit<DecomposeOptions, keyof Sampling>> {
  readonly problem: Problem;
  readonly context: Context;
  readonly sampling: FullSampling;
  /** A call was refused for lack of budget. */
  over: boolean;
  /** Parts that were asked. */
  asked: number;
  /** Of them, those without an answer. */
  open: number;
}

/** Splits a task, answers its parts in order and puts them together; `undefined` where that comes to nothing. */
async function throughParts(
  search: Search,
  path: string,
  task: Task,
  depth: number,
): Promise<Candidate | undefined> {
  const split = await askForParts(search, path, task);
  if (split.parts.length < 2) return undefined;
  let { known } = task;
  let { outputTokens } = split;
  for (const [index, text] of split.parts.entries()) {
    const id = `${path}part/${index}`;
    const found = await solvePart(search, `${id}/`, { whole: task.whole, known, part: text }, depth - 1);
    if (isOver(search)) return undefined;
    const answer = found?.answer;
    search.context.emit({ type: "answered", id, text, ...(answer === undefined ? {} : { answer }) });
    search.asked += 1;
    if (answer === undefined) search.open += 1;
    else known = [...known, { text, answer }];
    outputTokens += found?.outputTokens ?? 0;
  }
  if (known.length === task.known.length) return undefined;
  const request = asking(search, `${path}combine`, combining({ ...task, known }), 0);
  const [combined] = await draw(search, task, [request]);
  return combined && { ...combined, outputTokens: outputTokens + combined.outputTokens };
}

/** Answers a part, and where that does not resolve it, splits it as often as `depth` says. */
async function solvePart(
  search: Search,
  path: string,
  task: Task,
  depth: number,
): Promise<Candidate | undefined> {
  const greedy = search.inner === "greedy";
  const n = greedy ? 1 : search.samples;
  const prompt = solving(task, depth > 0);
  const requests = Array.from({ length: n }, (_, index) =>
    asking(search, `${path}sample/${index}`, prompt, greedy ? 0 : search.sampling.temperature),
  );
  const solutions = await draw(search, task, requests);
  const stated = solutions.filter(({ answer }) => answer?.toLowerCase() !== TOO_HARD);
  const [modal] = vote(stated);
  const direct = modal?.candidates[0];
  const resolved = modal !== undefined && 2 * modal.count > n;
  if (resolved || depth === 0 || isOver(search)) return direct;
  const whole = await throughParts(search, path, task, depth);
  return whole?.answer === undefined ? direct : whole;
}

/** The parts that the model names, and what asking took. */
async function askForParts(search: Search, path: string, task: Task) {
  const { context, parts: most } = search;
  const id = `${path}split`;
  const request = asking(search, id, splitting(task, most), 0);
  const [completion] = await context.model.generate([request], { signal: context.signal });
  const { outputTokens } = completion!.usage;
  const loss = lossOf(completion!);
  if (loss !== undefined) {
    context.emit({ type: "lost", id, reason: loss, outputTokens });
    search.over ||= completion!.finish === "refused";
    return { parts: [], outputTokens };
  }
  const named = parseParts(completion!.text);
  const parts = named.slice(0, most);
  context.emit({ type: "split", id, parts, outputTokens });
  const text = `A split named ${named.length} parts: the first ${most} were taken.`;
  if (named.length > most) context.emit({ type: "note", text });
  return { parts, outputTokens };
}

/** Draws solutions of a task. Those of a part are no candidates for the problem, and so are never complete. */
async function draw(
  search: Search,
  { part }: Task,
  requests: readonly GenerateRequest[],
): Promise<readonly Candidate[]> {
  const { problem, context } = search;
  const emit = (event: TraceEvent) => {
    if (event.type !== "proposed") return context.emit(event);
    const { answer: _, ...rest } = event;
    context.emit({ ...rest, complete: false });
  };
  const drawn =
    part === undefined
      ? await drawAll(problem, context, requests)
      : await drawAll({ id: problem.id, prompt: part }, { ...context, emit }, requests);
  search.over ||= drawn.refused;
  return drawn.candidates;
}

function asking(
  { context, sampling }: Search,
  position: string,
  prompt: readonly Message[],
  temperature: number,
): GenerateRequest {
  const varied = temperature === 0 ? { maxTokens: sampling.maxTokens } : sampling;
  return { ...varied, temperature, prompt, seed: seedOf(context, position), position };
}

function isOver({ over, context }: Search): boolean {
  return over || context.signal.aborted;
}

/** What was put together stands before the direct answer, an answer before none. */
function chosen(search: Search, direct: Candidate | undefined, whole: Candidate | undefined): Outcome {
  const { emit } = search.context;
  const { asked, open } = search;
  if (open > 0) emit({ type: "note", text: `${open} of ${asked} parts were not resolved.` });
  const candidates = [direct, whole].filter((one) => one !== undefined).sort(byPosition);
  const best = [whole, direct].filter((one) => one !== undefined);
  const selected = best.find(({ answer }) => answer !== undefined) ?? best[0];
  if (selected === undefined) return { selected, candidates, why: "no candidate was completed" };
  const why =
    selected === direct ? "the direct answer" : `put together from the answers of ${asked - open} parts`;
  emit({ type: "selected", id: selected.id, answer: selected.answer, why });
  return { selected, candidates, why };
}
