import { type Candidate, type Problem, UsageError } from "../types.ts";
import type { Score, Verifier } from "../verifiers/verifier.ts";
import { drawAttempts, scoredTexts } from "./attempts.ts";
import { conclude } from "./conclude.ts";
import { drawExpected, type Prior } from "./posterior.ts";
import { type FullSampling, fullSampling, type Sampling, wholeNumber } from "./sampling.ts";
import { needVerifier, scoreAll } from "./scoring.ts";
import { byPosition } from "./select.ts";
import { type Context, type PlannedStrategy, planned } from "./strategy.ts";

/** Knobs of adaptive branching tree search. */
export interface AbMctsOptions extends Sampling {
  /** N: solutions to write, first ones and refined ones together. Default 16. */
  readonly n?: number;
  /** Most solutions along a path, the first one included; 1 never refines, which is best-of-N. Default: `n`. */
  readonly depth?: number;
  /** Solutions chosen and written at a time. Default 4. */
  readonly parallel?: number;
  /** What is believed of scores at first. Default "gaussian". */
  readonly prior?: Prior;
}

/**
 * **AB-MCTS-A**, adaptive branching Monte-Carlo tree search with node aggregation (Inoue et al. 2025,
 * arXiv:2503.04412, section 3; the authors' treequest). A node is a whole solution. From the root down, Thompson
 * sampling decides between *wider*, one more solution here, and *deeper*, into the child whose drawn score is
 * the highest; a solution below another is a refinement of it. The score of a new solution is told to "wider"
 * where it was written, to "deeper" at every node above that, and to every solution on its path. The highest
 * score wins.
 *
 * - Cost: N generations + the scoring of each distinct solution. A refinement reads the last four solutions of
 *   its path as input.
 * - Knobs: `n` 16, `prior` "gaussian", normal-inverse-gamma with mean 0, kappa 1, nu 1 and variance 0.1, or "beta",
 *   Beta(½, ½) (both as in treequest), `parallel` 4 (treequest: 1, and at most 5), `depth` unbounded,
 *   `temperature` 1.
 * - Pays where scores tell the model how far it is from right (tests that pass, rules that are met) and it can
 *   mend what it wrote. Fails as best-of-N does when the verifier can be fooled, and gains nothing over it with
 *   a model that makes nothing better: the scores then say so, after some samples are spent.
 *
 * All of a batch is chosen before any of it is scored, so a large `parallel` makes the tree wide. A solution
 * without an answer cannot be refined; one without a score tells nothing. Models that are trained to revise
 * are given the path as they were trained to; others are asked in a chat, with the scores. The paper's feedback
 * also holds the output of failed tests, which a verifier's score does not say.
 */
export function abMcts({
  n = 16,
  depth = n,
  parallel = 4,
  prior = "gaussian",
  ...knobs
}: AbMctsOptions = {}): PlannedStrategy {
  const sampling = fullSampling(knobs);
  wholeNumber("n", n);
  wholeNumber("depth", depth);
  wholeNumber("parallel", parallel);
  if (prior !== "gaussian" && prior !== "beta")
    throw new UsageError(`prior must be gaussian or beta, not ${prior}.`);
  const params = { n, depth, parallel, prior, ...sampling };
  return planned("ab-mcts", params, async (problem, context) => {
    const verifier = needVerifier(context, "ab-mcts", false);
    const { can, name } = context.model;
    if (Math.min(n, depth) > 1 && !can.revise && can.chat === false)
      throw new UsageError(
        `ab-mcts needs a model that refines solutions, and ${name} neither is trained to revise nor follows a chat: use best-of-n.`,
      );
    const solutions = await search(problem, context, verifier, params);
    return conclude(context, solutions, "best");
  });
}

interface Knobs extends FullSampling {
  readonly n: number;
  readonly depth: number;
  readonly parallel: number;
  readonly prior: Prior;
}

/** A solution in the tree, with the scores that each decision has led to. The root is the prompt. */
interface Node {
  readonly parent?: Node;
  /** Position of its solution; "" for the root. */
  readonly id: string;
  /** The solutions from the root down to its own. */
  readonly path: readonly Candidate[];
  readonly children: Node[];
  /** Solutions asked for below it so far. */
  asked: number;
  /** Of the solutions written here. */
  readonly wider: number[];
  /** Of all solutions further down. */
  readonly deeper: number[];
  /** Of its own solution and of all below it. */
  readonly own: number[];
}

function plant(id: string, path: readonly Candidate[], parent?: Node): Node {
  return { ...(parent && { parent }), id, path, children: [], asked: 0, wider: [], deeper: [], own: [] };
}

/**
 * The first solutions are at the positions `sample/0`, `sample/1` and so on, as independent samples are; the
 * refinements of the one at P at `P/revision/0` and so on.
 */
async function search(
  problem: Problem,
  context: Context,
  verifier: Verifier,
  knobs: Knobs,
): Promise<readonly Candidate[]> {
  const { n, parallel, depth: _, prior: __, ...sampling } = knobs;
  const root = plant("", []);
  const known = new Map<string, Score | undefined>();
  const all: Candidate[] = [];
  for (let first = 0; first < n; first += parallel) {
    const chosen = new Map<string, Node>();
    for (let one = first; one < Math.min(n, first + parallel); one += 1) {
      const node = choose(root, knobs, context.rng.split("thompson", one));
      chosen.set(`${node.id === "" ? "sample" : `${node.id}/revision`}/${node.asked}`, node);
      node.asked += 1;
    }
    const attempts = [...chosen]
      .map(([position, { path }]) => ({ id: position, position, earlier: path }))
      .sort(byPosition);
    const drawn = await drawAttempts(problem, context, attempts, sampling);
    const texts = scoredTexts(verifier, drawn);
    const scored = await scoreAll(problem, context, verifier, drawn.candidates, { texts, known });
    for (const solution of scored.candidates) attach(chosen.get(solution.id)!, solution);
    all.push(...scored.candidates);
    if (drawn.refused || scored.refused || context.signal.aborted) break;
  }
  return all;
}

/** Where the next solution is written. */
function choose(root: Node, { depth, prior }: Knobs, random: Context["rng"]): Node {
  let node = root;
  while (node.children.length > 0 && node.path.length + 1 < depth) {
    const wider = drawExpected(prior, node.wider, random);
    if (wider >= drawExpected(prior, node.deeper, random)) break;
    const drawn = node.children.map((child) => ({ child, score: drawExpected(prior, child.own, random) }));
    node = drawn.reduce((best, one) => (one.score > best.score ? one : best)).child;
  }
  return node;
}

/** Adds a solution below `parent` and tells its score to all whose decision led to it. */
function attach(parent: Node, solution: Candidate): void {
  const { id, answer, score } = solution;
  const node = plant(id, [...parent.path, solution], parent);
  if (answer !== undefined) parent.children.push(node);
  if (score === undefined) return;
  node.own.push(score);
  parent.wider.push(score);
  for (let at = parent; at.parent !== undefined; at = at.parent) {
    at.own.push(score);
    at.parent.deeper.push(score);
  }
}
