import type { Rng } from "../random.ts";

/** What folds keep together, and what they share evenly. */
export interface Grouping {
  /** The template of each problem: all problems of one are in the same fold. Default: each on its own. */
  readonly clusters?: readonly (string | number)[] | undefined;
  /** The kind of each problem (its level), of which every fold gets its share. A cluster has that of its first. */
  readonly strata?: readonly (string | number)[] | undefined;
}

/**
 * The fold of each problem, from 0. Clusters are shuffled and dealt out, stratum by stratum. Equal streams split
 * equally, whatever was drawn from them.
 * @throws RangeError when there are fewer clusters than folds, or lists of another length
 */
export function foldsOf(
  problems: number,
  folds: number,
  random: Rng,
  { clusters, strata }: Grouping = {},
): Int32Array {
  for (const [name, list] of Object.entries({ clusters, strata }))
    if (list !== undefined && list.length !== problems)
      throw new RangeError(`${list.length} ${name} are given for ${problems} problems.`);
  const places = Array.from({ length: problems }, (_, problem) => problem);
  const members = [...Map.groupBy(places, (problem) => clusters?.[problem] ?? problem).values()];
  if (members.length < folds)
    throw new RangeError(
      `${folds} folds need as many problems, or clusters of them: there are ${members.length}.`,
    );
  const kinds = Map.groupBy(random.split("folds").shuffle(members), ([first]) => strata?.[first!]);
  const fold = new Int32Array(problems);
  for (const [turn, cluster] of [...kinds.values()].flat().entries())
    for (const problem of cluster) fold[problem] = turn % folds;
  return fold;
}
