import type { Beam } from "./steps.ts";

/**
 * The tree of Monte-Carlo tree search over steps, and what is chosen in it. Everything here depends on the tree
 * only.
 */

/** A partial or full solution in the tree. The root is the prompt. */
export interface Node {
  readonly parent?: Node;
  /** Equal samples are counted in it. */
  beam: Beam;
  /** Steps of its solution. */
  readonly depth: number;
  /** By position. */
  readonly children: Node[];
  /** What it is worth by itself; `undefined` when nobody can say. */
  value: number | undefined;
  /** Samples that ended here or further down. */
  visits: number;
  /** Of these, those of known value. */
  valued: number;
  /** Sum of their values. */
  total: number;
  /** How often next steps were sampled from it. */
  expansions: number;
  /** Leaves chosen here or further down whose next steps are not there yet. */
  pending: number;
}

/** A node without samples. */
export function plant(beam: Beam, parent?: Node): Node {
  return {
    ...(parent && { parent }),
    beam,
    depth: parent === undefined ? 0 : parent.depth + 1,
    children: [],
    value: undefined,
    visits: 0,
    valued: 0,
    total: 0,
    expansions: 0,
    pending: 0,
  };
}

/** Counts a sample of `node`, with its value, there and at all nodes above. */
export function backUp(node: Node): void {
  for (let at: Node | undefined = node; at !== undefined; at = at.parent) {
    at.visits += 1;
    if (node.value === undefined) continue;
    at.valued += 1;
    at.total += node.value;
  }
}

/** How a tree is searched. */
export interface Rules {
  /** How much a node that was seldom visited is preferred. */
  readonly exploration: number;
  /** Steps of the longest solution. */
  readonly most: number;
}

/**
 * Chooses up to `count` leaves to expand, each the best by UCT from the root down. Each is a virtual loss on its
 * path until `settle`: it counts as a sample of value 0, so that the next one is sought elsewhere. Nodes may be
 * expanded `pass` times; once every one has been, `pass` must grow.
 */
export function chooseLeaves(root: Node, count: number, pass: number, rules: Rules): readonly Node[] {
  const chosen: Node[] = [];
  while (chosen.length < count && isOpen(root, pass, rules)) {
    let leaf = root;
    while (!mayExpand(leaf, pass, rules)) leaf = bestChild(leaf, pass, rules);
    leaf.expansions += 1;
    addPending(leaf, 1);
    chosen.push(leaf);
  }
  return chosen;
}

/** Takes back the virtual loss of a leaf. */
export function settle(leaf: Node): void {
  addPending(leaf, -1);
}

/** True when next steps may still be sampled here or further down. */
export function isOpen(node: Node, pass: number, rules: Rules): boolean {
  return mayExpand(node, pass, rules) || node.children.some((child) => isOpen(child, pass, rules));
}

/** A node whose every next step was lost or cut is given up. */
function mayExpand({ beam, depth, expansions, children }: Node, pass: number, { most }: Rules): boolean {
  const barren = expansions > 0 && children.length === 0;
  return !beam.complete && !barren && depth < most && expansions < pass;
}

function bestChild(parent: Node, pass: number, rules: Rules): Node {
  const scored = parent.children
    .filter((child) => isOpen(child, pass, rules))
    .map((child) => ({ child, bound: upperBound(child, parent, rules) }));
  return scored.reduce((best, one) => (one.bound > best.bound ? one : best)).child;
}

/** UCT: the mean value, and more the fewer visits. A node of unknown value is taken for the mean of its parent. */
function upperBound(node: Node, parent: Node, { exploration }: Rules): number {
  const known = node.valued + node.pending;
  const mean = known > 0 ? node.total / known : parent.valued > 0 ? parent.total / parent.valued : 0;
  const visits = node.visits + node.pending;
  return mean + exploration * Math.sqrt((2 * Math.log(parent.visits + parent.pending)) / visits);
}

function addPending(node: Node, change: number): void {
  for (let at: Node | undefined = node; at !== undefined; at = at.parent) at.pending += change;
}
