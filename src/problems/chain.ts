import type { Rng } from "../random.ts";
import { operandSplit, type Split } from "./split.ts";

/** How one amount follows from another; `k` is the operand (2..20, or 2..5 for times). */
export interface Relation {
  readonly op: "more" | "fewer" | "times";
  readonly k: number;
  /** The person whose amount this one follows from. */
  readonly from: string;
}

/** The wording of one story: a verb, a thing and a word order. */
export interface ChainTemplate {
  readonly verb: ChainVerb;
  readonly thing: string;
  /** 0: "9 more pens than Tom"; 1: "9 pens more than Tom"; 2: "Compared with Tom, ... 9 more pens". */
  readonly order: 0 | 1 | 2;
}

/** A verb as it stands in a sentence ("found") and in the question ("did ... find"). */
export interface ChainVerb {
  readonly said: string;
  readonly helper: "does" | "did";
  readonly asked: string;
}

/** Amounts stay in 1..CHAIN_LIMIT. */
export const CHAIN_LIMIT = 200;
/** A chain problem has 1..CHAIN_LEVELS steps. */
export const CHAIN_LEVELS = 8;

export const VERBS: readonly ChainVerb[] = [
  { said: "has", helper: "does", asked: "have" },
  { said: "found", helper: "did", asked: "find" },
  { said: "sold", helper: "did", asked: "sell" },
  { said: "bought", helper: "did", asked: "buy" },
];
const NAMES = "Tom Mia Eva Ben Ida Max Leo Ann Sam Zoe Kim Jack Lily Nora Paul Rosa".split(" ");
const THINGS = "pens books shells apples coins stamps cards beads stones marbles stickers ribbons".split(" ");
const ORDERS = [0, 1, 2] as const;
const SIGN = { more: "+", fewer: "-", times: "*" } as const;

/** A tenth of the templates belongs to test, a tenth to validation; every word and order is also in train. */
function templateSplit(verb: number, thing: number, order: number): Split {
  const bucket = (verb * 3 + thing + order * 4) % 10;
  return bucket === 0 ? "test" : bucket === 1 ? "validation" : "train";
}

/** All templates of a split. */
export function chainTemplates(split: Split): ChainTemplate[] {
  return VERBS.flatMap((verb, v) =>
    THINGS.flatMap((thing, t) =>
      ORDERS.filter((order) => templateSplit(v, t, order) === split).map((order) => ({ verb, thing, order })),
    ),
  );
}

/** The amount that a relation gives when the other person's amount is known. */
export function applyRelation(amount: number, { op, k }: Pick<Relation, "op" | "k">): number {
  return op === "more" ? amount + k : op === "fewer" ? amount - k : amount * k;
}

/** A relation whose result stays within 1..CHAIN_LIMIT; each possible operation is equally likely. */
function drawRelation(from: string, amount: number, rng: Rng): Relation {
  const most = {
    more: Math.min(20, CHAIN_LIMIT - amount),
    fewer: Math.min(20, amount - 1),
    times: Math.min(5, Math.floor(CHAIN_LIMIT / amount)),
  };
  const op = rng.pick((["more", "fewer", "times"] as const).filter((name) => most[name] >= 2));
  return { op, k: rng.int(2, most[op]), from };
}

interface Person {
  readonly name: string;
  readonly amount: number;
  /** Absent when the amount is stated. */
  readonly relation?: Relation;
}

/** The path from the stated amount to the asked person, redrawn until its operands belong to the split. */
function drawPath(steps: number, names: readonly string[], split: Split, rng: Rng): Person[] {
  for (;;) {
    let last: Person = { name: names[0]!, amount: rng.int(2, 20) };
    let key = `chain ${last.amount}`;
    const path = [last];
    for (let step = 1; step <= steps; step += 1) {
      const relation = drawRelation(last.name, last.amount, rng);
      last = { name: names[step]!, amount: applyRelation(last.amount, relation), relation };
      key += `${SIGN[relation.op]}${relation.k}`;
      path.push(last);
    }
    if (operandSplit(key) === split) return path;
  }
}

/** People who lead nowhere, at most one for every two steps: branches off the path, strangers, people related to a stranger. */
function drawDistractors(path: readonly Person[], names: readonly string[], rng: Rng): Person[] {
  const off: Person[] = [];
  const strangers: Person[] = [];
  const count = rng.int(0, Math.min(3, Math.floor((path.length - 1) / 2)));
  for (const name of names.slice(path.length, path.length + count)) {
    const kind = rng.pick(
      strangers.length > 0 ? (["branch", "stranger", "related"] as const) : (["branch", "stranger"] as const),
    );
    if (kind === "stranger") {
      const stranger = { name, amount: rng.int(2, 20) };
      strangers.push(stranger);
      off.push(stranger);
    } else {
      const from = rng.pick(kind === "branch" ? path : strangers);
      const relation = drawRelation(from.name, from.amount, rng);
      const person = { name, amount: applyRelation(from.amount, relation), relation };
      if (kind === "related") strangers.push(person);
      off.push(person);
    }
  }
  return off;
}

/** One person's sentence. */
function sentence({ name, amount, relation }: Person, { verb, thing, order }: ChainTemplate): string {
  if (relation === undefined) return `${name} ${verb.said} ${amount} ${thing}.`;
  const { op, k, from } = relation;
  if (op === "times") {
    const many = `${k === 2 ? "twice" : `${k} times`} as many ${thing}`;
    if (order === 2) return `Compared with ${from}, ${name} ${verb.said} ${many}.`;
    return `${name} ${verb.said} ${many} as ${from}${order === 1 ? ` ${verb.said}` : ""}.`;
  }
  if (order === 0) return `${name} ${verb.said} ${k} ${op} ${thing} than ${from}.`;
  if (order === 1) return `${name} ${verb.said} ${k} ${thing} ${op} than ${from}.`;
  return `Compared with ${from}, ${name} ${verb.said} ${k} ${op} ${thing}.`;
}

/** One line of a solution: it repeats the relation, so that a wrong look-up shows inside the step. */
function solutionLine(person: Person, before: Person): string {
  const { op, k } = person.relation!;
  const words = op === "times" ? "times" : `${op} than`;
  return `${person.name}: ${k} ${words} ${before.name}, ${before.amount}${SIGN[op]}${k}=${person.amount}`;
}

/**
 * A word problem of `level` dependent steps (1..8) among up to three distractors. Exactly one sentence
 * defines each person, so the answer is unique; sentences are shuffled and the question comes last.
 */
export function drawChain(
  level: number,
  split: Split,
  rng: Rng,
): { prompt: string; answer: string; solution: string } {
  const names = rng.shuffle(NAMES);
  const template = rng.pick(chainTemplates(split));
  const path = drawPath(level, names, split, rng);
  const people = rng.shuffle([...path, ...drawDistractors(path, names, rng)]);
  const asked = path[path.length - 1]!;
  const { helper, asked: base } = template.verb;
  const question = `How many ${template.thing} ${helper} ${asked.name} ${base}?`;
  const lines = path.slice(1).map((person, before) => solutionLine(person, path[before]!));
  return {
    prompt: [...people.map((person) => sentence(person, template)), question].join(" "),
    answer: String(asked.amount),
    solution: [...lines, `#### ${asked.amount}`].join("\n"),
  };
}
