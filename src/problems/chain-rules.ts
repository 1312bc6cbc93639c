import { applyRelation, type Relation, VERBS } from "./chain.ts";

/** What the prompt of a chain problem says. */
export interface ChainFacts {
  /** Every person that a sentence defines, in order of appearance. */
  readonly people: readonly string[];
  /** The thing that is counted, in plural. */
  readonly thing: string;
  /** Stated amounts by person. */
  readonly amounts: ReadonlyMap<string, number>;
  /** Relations by the person whose amount they define. */
  readonly relations: ReadonlyMap<string, Relation>;
  readonly asked: string;
}

const NAME = "[A-Z][a-z]+";
const SAID = VERBS.map((verb) => verb.said).join("|");
const WHO = `(?<who>${NAME}) (?<verb>${SAID})`;
const FROM = `(?<from>${NAME})`;
const K = "(?<k>\\d{1,9})";
const THING = "(?<thing>[a-z]+)";
const MANY = `(?:(?<twice>twice)|${K} times) as many ${THING}`;
const FORMS = [
  `${WHO} (?<amount>\\d{1,9}) ${THING}\\.`,
  `${WHO} ${K} (?<op>more|fewer) ${THING} than ${FROM}\\.`,
  `${WHO} ${K} ${THING} (?<op>more|fewer) than ${FROM}\\.`,
  `Compared with ${FROM}, ${WHO} ${K} (?<op>more|fewer) ${THING}\\.`,
  `${WHO} ${MANY} as ${FROM}(?: (?:${SAID}))?\\.`,
  `Compared with ${FROM}, ${WHO} ${MANY}\\.`,
].map((form) => new RegExp(`^${form}$`));
const QUESTION = new RegExp(`^How many ${THING} (?<helper>does|did) (?<asked>${NAME}) (?<base>[a-z]+)\\?$`);
const STEP = new RegExp(
  `^(?<who>${NAME}): ${K} (?<op>more than|fewer than|times) ${FROM}, (?<a>\\d{1,9})(?<sign>[-+*])(?<b>\\d{1,9})=(?<value>\\d{1,9})$`,
);
const ANSWER = /^####\s*(-?\d{1,9})\s*$/;
const SIGN = { more: "+", fewer: "-", times: "*" } as const;

function matchForm(sentence: string): Record<string, string | undefined> | undefined {
  for (const form of FORMS) {
    const groups = form.exec(sentence)?.groups;
    if (groups !== undefined) return groups;
  }
  return undefined;
}

/** The people from the first relation after a stated amount to the asked person; undefined when broken. */
function pathTo(asked: string, facts: Pick<ChainFacts, "amounts" | "relations">): string[] | undefined {
  const path: string[] = [];
  let person = asked;
  while (!facts.amounts.has(person)) {
    const relation = facts.relations.get(person);
    if (relation === undefined || path.includes(person)) return undefined;
    path.unshift(person);
    person = relation.from;
  }
  return path;
}

/**
 * Reads the prompt of a chain problem. Undefined for any other text, and where the story is not one: a
 * sentence that cannot be read, a person defined twice, two things or verbs, or an asked person whose
 * amount does not follow.
 */
export function parseChain(prompt: string): ChainFacts | undefined {
  const sentences = prompt.trim().split(/(?<=[.?])\s+/);
  const question = QUESTION.exec(sentences.pop() ?? "")?.groups;
  const verb = VERBS.find(({ helper, asked }) => helper === question?.helper && asked === question.base);
  if (question === undefined || verb === undefined) return undefined;
  const amounts = new Map<string, number>();
  const relations = new Map<string, Relation>();
  for (const sentence of sentences) {
    const found = matchForm(sentence);
    if (found === undefined || found.thing !== question.thing || found.verb !== verb.said) return undefined;
    const who = found.who!;
    if (amounts.has(who) || relations.has(who)) return undefined;
    if (found.amount !== undefined) amounts.set(who, Number(found.amount));
    else {
      const op = found.op === "more" || found.op === "fewer" ? found.op : "times";
      relations.set(who, { op, k: found.twice ? 2 : Number(found.k), from: found.from! });
    }
  }
  const asked = question.asked!;
  if (pathTo(asked, { amounts, relations }) === undefined) return undefined;
  return {
    people: sentences.map((sentence) => matchForm(sentence)!.who!),
    thing: question.thing!,
    amounts,
    relations,
    asked,
  };
}

/** The people whose amounts lead to the answer, in the order of the solution; the stated amount is not among them. */
export function chainPath(facts: ChainFacts): string[] {
  return pathTo(facts.asked, facts)!;
}

/** The true amount of the asked person. */
export function chainAnswer(facts: ChainFacts): number {
  const path = chainPath(facts);
  const root = path[0] === undefined ? facts.asked : facts.relations.get(path[0])!.from;
  return path.reduce(
    (amount, person) => applyRelation(amount, facts.relations.get(person)!),
    facts.amounts.get(root)!,
  );
}

/** The person and amount of a right step, or undefined for a wrong one. */
function readStep(
  line: string,
  facts: ChainFacts,
  known: ReadonlyMap<string, number>,
): [string, number] | undefined {
  const step = STEP.exec(line)?.groups;
  if (step === undefined) return undefined;
  const relation = facts.relations.get(step.who!);
  const before = known.get(step.from!);
  if (relation === undefined || before === undefined || known.has(step.who!)) return undefined;
  const told = step.op === "times" ? "times" : step.op!.slice(0, -" than".length);
  if (told !== relation.op || Number(step.k) !== relation.k || step.from !== relation.from) return undefined;
  const value = applyRelation(before, relation);
  const right =
    Number(step.a) === before &&
    step.sign === SIGN[relation.op] &&
    Number(step.b) === relation.k &&
    Number(step.value) === value;
  return right ? [step.who!, value] : undefined;
}

/**
 * For each line, whether the solution is still right up to here: every line so far states a true relation of
 * the prompt about a person on the path to the asked one, from an amount that is already known, with true
 * arithmetic; a `####` line states the true answer and ends the solution. A repeated step is wrong; an empty
 * line changes nothing. Throws a RangeError when the prompt is not a chain problem.
 */
export function chainStepValidity(prompt: string, lines: readonly string[]): boolean[] {
  const facts = parseChain(prompt);
  if (facts === undefined) throw new RangeError("This prompt is not a chain problem.");
  const path = new Set(chainPath(facts));
  const answer = chainAnswer(facts);
  const known = new Map(facts.amounts);
  let right = true;
  let ended = false;
  return lines.map((raw) => {
    const line = raw.trim();
    if (!right || line === "") return right;
    const stated = ANSWER.exec(line);
    const step = stated === null && !ended ? readStep(line, facts, known) : undefined;
    right =
      !ended && (stated !== null ? Number(stated[1]) === answer : step !== undefined && path.has(step[0]));
    if (step !== undefined) known.set(...step);
    if (stated !== null) ended = true;
    return right;
  });
}
