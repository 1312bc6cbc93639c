import { type Candidate, type Problem, UsageError } from "../types.ts";
import type { Score, Verifier } from "../verifiers/verifier.ts";
import { conclude } from "./conclude.ts";
import { rollOut } from "./rollout.ts";
import { wholeNumber } from "./sampling.ts";
import { needVerifier, scoreAll } from "./scoring.ts";
import { byPosition } from "./select.ts";
import {
  type Beam,
  type FullStepSampling,
  fullStepSampling,
  proposeSteps,
  type StepSampling,
} from "./steps.ts";
import { type Context, type PlannedStrategy, planned } from "./strategy.ts";
import { backUp, chooseLeaves, isOpen, type Node, plant, settle } from "./uct.ts";

/** Knobs of Monte-Carlo tree search. */
export interface MctsOptions extends StepSampling {
  /** N: the search may take as many steps as N solutions have. Default 16. */
  readonly n?: number;
  /** Next steps sampled from a chosen leaf. Default 3. */
  readonly width?: number;
  /** Leaves chosen and expanded at a time. Default 4. */
  readonly parallel?: number;
  /** How much seldom visited steps are preferred. Default 0.7. */
  readonly exploration?: number;
  /** A new step is worth the score of a solution that is written from it to the end. Default false: the process
   * verifier's score of the step. */
  readonly rollout?: boolean;
}

/**
 * **Monte-Carlo tree search over steps**, guided by a verifier (ReST-MCTS*; Zhang et al. 2024, arXiv:2406.03816,
 * section 3, and its code; with rollouts as in rStar; Qi et al. 2024, arXiv:2408.06195). Again and again the
 * best leaf by UCT, mean + c·√(2·ln(visits of its parent) / visits), gets M next steps; their values count in the
 * mean of every node above. All completed solutions vote, weighted by score.
 *
 * - Cost: N·L steps, L being the mean number of steps of the solutions that it completed before the last batch,
 *   rounded up to a whole expansion of M steps, and N·`maxRounds` at most, + the scoring of every distinct prefix.
 *   With `rollout` a rollout counts as its steps and is known only afterwards, so the last batch may exceed that
 *   by `parallel`·M rollouts; whole solutions alone are scored.
 * - Knobs: `n` 16, `width` 3 and `exploration` 0.7 (ReST-MCTS*), `parallel` 4 (papers: 1), `rollout` false,
 *   `temperature` 1 (ReST-MCTS*: 0.7), `separator` "\n", `maxRounds` 40 steps deep.
 * - Pays, if at all, where the verifier is sure of single steps, and mistakes can be told before the end. Fails
 *   in that it loses to sampling at every equal budget of Wu et al. (2024, arXiv:2408.00724): much of what it
 *   pays is never finished. It commits to the few first steps of its root, and under a budget that ends before
 *   the first solution does it has no answer.
 *
 * UCT, not PUCT: steps are sampled, so likely ones come first and equal ones are merged and counted; priors would
 * need the log-probabilities of whole steps, which few servers give. Where the papers are silent: when every node
 * has been expanded, all may be expanded once more. Complete solutions are not chosen again. ReST-MCTS* mixes its
 * value with that of three greedy steps further, stops at the first solution above a threshold and returns it.
 * Leaves of one batch are spread by virtual losses.
 */
export function mcts({
  n = 16,
  width = 3,
  parallel = 4,
  exploration = 0.7,
  rollout = false,
  ...knobs
}: MctsOptions = {}): PlannedStrategy {
  const sampling = fullStepSampling(knobs);
  wholeNumber("n", n);
  wholeNumber("width", width);
  wholeNumber("parallel", parallel);
  if (!Number.isFinite(exploration) || exploration < 0)
    throw new UsageError(`exploration must be a number of at least 0, not ${exploration}.`);
  if (typeof rollout !== "boolean") throw new UsageError(`rollout must be true or false, not ${rollout}.`);
  const params = { n, width, parallel, exploration, rollout, ...sampling };
  return planned("mcts", params, async (problem, context) => {
    const verifier = needVerifier(context, "mcts", !rollout);
    if (!context.model.can.prefix)
      throw new UsageError(
        `mcts needs a model that continues a given text, and ${context.model.name} does not: use weighted-best-of-n.`,
      );
    const tools: Tools = { problem, context, verifier, knobs: params, known: new Map() };
    return conclude(context, await search(tools), "weighted");
  });
}

interface Knobs extends FullStepSampling {
  readonly n: number;
  readonly width: number;
  readonly parallel: number;
  readonly exploration: number;
  readonly rollout: boolean;
}

interface Tools {
  readonly problem: Problem;
  readonly context: Context;
  readonly verifier: Verifier;
  readonly knobs: Knobs;
  /** Scores by text. */
  readonly known: Map<string, Score | undefined>;
}

/** What has been found and spent. */
interface Search {
  readonly root: Node;
  /** By completeness and text. */
  readonly nodes: Map<string, Node>;
  /** Solutions that rollouts have completed. */
  readonly rolled: Beam[];
  /** Lengths of all samples that completed a solution. */
  readonly lengths: number[];
  steps: number;
}

/** Step S of the leaf L that is chosen in batch B is at the position `round/B/beam/L/child/S`. */
async function search(tools: Tools): Promise<readonly Candidate[]> {
  const { context, knobs } = tools;
  const root = plant({ id: "", text: "", complete: false, outputTokens: 0, count: 1, tree: 0 });
  const found: Search = { root, nodes: new Map(), rolled: [], lengths: [], steps: 0 };
  const rules = { exploration: knobs.exploration, most: knobs.maxRounds };
  let pass = 1;
  let ended = false;
  for (let batch = 0; !ended; batch += 1) {
    const left = Math.ceil((allowance(found, knobs) - found.steps) / knobs.width);
    if (left <= 0 || !isOpen(root, Number.POSITIVE_INFINITY, rules)) break;
    while (!isOpen(root, pass, rules)) pass += 1;
    const leaves = chooseLeaves(root, Math.min(left, knobs.parallel), pass, rules);
    ended = (await expand(tools, found, leaves, batch)) || context.signal.aborted;
    leaves.forEach(settle);
  }
  if (!ended && root.visits > 0 && root.valued === 0)
    context.emit({ type: "note", text: "The verifier gave no score: the tree was searched evenly." });
  return harvest(found, context);
}

/** The steps that may be sampled: as many as N solutions have, once their length is known. */
function allowance({ lengths }: Search, { n, maxRounds }: Knobs): number {
  if (lengths.length === 0) return n * maxRounds;
  return (n * lengths.reduce((sum, length) => sum + length, 0)) / lengths.length;
}

/** Samples the next steps of the leaves, values and counts them. True when a call was refused. */
async function expand(tools: Tools, found: Search, leaves: readonly Node[], batch: number): Promise<boolean> {
  const { problem, context, knobs } = tools;
  const kept = leaves.map(({ beam }) => ({ beam, width: knobs.width }));
  const { beams, refused } = await proposeSteps(problem, context, kept, batch, knobs);
  found.steps += leaves.length * knobs.width;
  const sampled = beams.map((beam) => attach(found, leaves[Number(beam.id.split("/")[3])]!, beam, context));
  const fresh = [...new Set(sampled)].filter(({ visits }) => visits === 0);
  const last = refused || context.signal.aborted;
  const open = last ? fresh.filter(({ beam }) => beam.complete) : fresh;
  const ended = await (knobs.rollout ? valueByRollout(tools, found, open) : valueByScore(tools, open));
  sampled.forEach(backUp);
  return last || ended;
}

/** The node of a sample: a new one, or the one of equal text, which then counts it. */
function attach({ nodes, lengths }: Search, parent: Node, beam: Beam, { emit }: Context): Node {
  if (beam.complete) lengths.push(parent.depth + 1);
  const key = JSON.stringify([beam.complete, beam.text]);
  const equal = nodes.get(key);
  if (equal !== undefined) {
    equal.beam = { ...equal.beam, count: equal.beam.count + 1 };
    emit({ type: "merged", id: beam.id, into: equal.beam.id });
    return equal;
  }
  const node = plant(beam, parent);
  parent.children.push(node);
  nodes.set(key, node);
  return node;
}

async function valueByScore(tools: Tools, nodes: readonly Node[]): Promise<boolean> {
  const { problem, context, verifier, known } = tools;
  const beams = nodes.map(({ beam }) => beam);
  const { candidates, refused } = await scoreAll(problem, context, verifier, beams, { known });
  nodes.forEach((node, index) => {
    node.beam = candidates[index]!;
    node.value = node.beam.score;
  });
  return refused;
}

async function valueByRollout(tools: Tools, found: Search, nodes: readonly Node[]): Promise<boolean> {
  const { problem, context, verifier, known, knobs } = tools;
  const partial = nodes.filter(({ beam }) => !beam.complete);
  const beams = partial.map(({ beam }) => beam);
  const { solutions, refused } = await rollOut(problem, context, beams, knobs);
  const ends = nodes.flatMap((node) => {
    const beam = node.beam.complete ? node.beam : solutions.get(node.beam.id);
    return beam === undefined ? [] : { node, beam };
  });
  const whole = ends.map(({ beam }) => beam);
  const scored = await scoreAll(problem, context, verifier, whole, { known });
  found.steps += partial.length - solutions.size;
  ends.forEach(({ node }, index) => {
    const beam = scored.candidates[index]!;
    node.value = beam.score;
    if (node.beam.complete) {
      node.beam = beam;
      return;
    }
    const length = beam.text.split(knobs.separator).filter((step) => step.trim() !== "").length;
    found.steps += length - node.depth;
    found.lengths.push(length);
    found.rolled.push(beam);
  });
  return refused || scored.refused;
}

/** All completed solutions; what is left of the others is given up. */
function harvest({ nodes, rolled }: Search, { emit }: Context): readonly Candidate[] {
  const all = [...nodes.values()];
  for (const { beam, children } of all) {
    if (beam.complete || children.length > 0) continue;
    emit({ type: "pruned", id: beam.id, reason: "the search ended" });
  }
  return [...rolled, ...all.flatMap(({ beam }) => (beam.complete ? [beam] : []))].sort(byPosition);
}
