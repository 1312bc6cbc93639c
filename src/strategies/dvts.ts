import { type BeamOptions, checkWidth, keepBest } from "./beam.ts";
import { conclude } from "./conclude.ts";
import { rounds, type Select } from "./rounds.ts";
import { needSteps } from "./scoring.ts";
import { fullStepSampling } from "./steps.ts";
import { type PlannedStrategy, planned } from "./strategy.ts";

/**
 * **Diverse verifier tree search** (Beeching, Tunstall and Rush 2024, "Scaling test-time compute with open
 * models", and Hugging Face's search-and-learn): N/M independent beam searches with one place each. Every tree
 * samples M next steps, keeps the best of them, and never looks at the other trees, so that one prefix that the
 * verifier likes too much cannot take all places. The N first steps are dealt evenly among the trees.
 *
 * - Cost: at most N generations, counted in steps + the scoring of every distinct prefix.
 * - Knobs: `n` 16, `width` 4 (source: 4), `temperature` 1 (source: 0.8), `separator` "\n"
 *   (source: "\n\n"), `maxRounds` 40 (source: 40).
 * - Pays against beam search on easy problems and as N grows, where beam search collapses into copies. Fails
 *   where few samples are on the right way: a tree whose first M steps are all wrong never recovers.
 *
 * The final answer: every completed solution votes, weighted by its score, as in beam search. A tree ends when
 * its best is complete, so its siblings that are complete by then vote too. The source returns the M siblings
 * of each tree's last step as the N solutions, also those that never ended, and picks by their last scores.
 * Beams are merged within a tree only: equal ones of different trees are independent finds.
 */
export function dvts({ n = 16, width = 4, ...knobs }: BeamOptions = {}): PlannedStrategy {
  const sampling = fullStepSampling(knobs);
  checkWidth(n, width);
  return planned("dvts", { n, width, ...sampling }, async (problem, context) => {
    const { completed } = await rounds(problem, context, {
      first: n,
      trees: Math.floor(n / width),
      sampling,
      verifier: needSteps(context, "dvts"),
      select: bestOfEachTree(width),
    });
    return conclude(context, completed, "weighted");
  });
}

/** Keeps the best beam of every tree, and gives it `width` steps. */
function bestOfEachTree(width: number): Select {
  const best = keepBest(1, width);
  return (beams, state) =>
    [...Map.groupBy(beams, ({ tree }) => tree)]
      .sort(([a], [b]) => a - b)
      .flatMap(([, ofTree]) => best(ofTree, state));
}
