import type { Rng } from "../random.ts";
import { operandSplit, type Split } from "./split.ts";

/** The four operations as they are written in steps and expressions. */
export type Operation = "+" | "-" | "*" | "/";

/** No intermediate result is larger than this. */
export const COUNTDOWN_LIMIT = 199;

/** What makes a level hard. Ranges include both ends; weights are relative odds of an operation. */
export interface CountdownLevel {
  readonly count: number;
  readonly largest: number;
  readonly target: readonly [number, number];
  readonly weights: Readonly<Record<Operation, number>>;
}

const ALL = { "+": 3, "-": 3, "*": 3, "/": 2 } as const;

/** Easiest to hardest; level 1 is the first. */
export const COUNTDOWN_LEVELS: readonly CountdownLevel[] = [
  { count: 3, largest: 9, target: [1, 27], weights: { "+": 10, "-": 1, "*": 0, "/": 0 } },
  { count: 3, largest: 13, target: [1, 60], weights: ALL },
  { count: 4, largest: 13, target: [1, 40], weights: { "+": 4, "-": 4, "*": 1, "/": 1 } },
  { count: 4, largest: 13, target: [10, 99], weights: ALL },
  { count: 5, largest: 13, target: [10, 99], weights: ALL },
  { count: 6, largest: 25, target: [100, 199], weights: ALL },
];

/** A value on the way and the expression that makes it. */
interface Term {
  readonly value: number;
  readonly text: string;
  /** The outermost operation, absent for a given number. */
  readonly op?: Operation;
}

/** The value of one step under the rules: natural numbers up to COUNTDOWN_LIMIT, else undefined. */
export function countdownStep(a: number, op: Operation, b: number): number | undefined {
  const value = op === "+" ? a + b : op === "-" ? a - b : op === "*" ? a * b : a / b;
  return Number.isInteger(value) && value >= 1 && value <= COUNTDOWN_LIMIT ? value : undefined;
}

/** Writes `a op b`, with brackets only where they are needed. */
export function joinExpression(
  a: { text: string; op?: Operation },
  op: Operation,
  b: { text: string; op?: Operation },
): string {
  const loose = (inner?: Operation) => inner === "+" || inner === "-";
  const tight = op === "*" || op === "/";
  const left = tight && loose(a.op) ? `(${a.text})` : a.text;
  const wrap =
    b.op !== undefined &&
    (op === "/" || (tight && loose(b.op)) || (op === "-" && loose(b.op)) || (op === "*" && b.op === "/"));
  return `${left}${op}${wrap ? `(${b.text})` : b.text}`;
}

/** Every plain operation on the pair, larger first, with its weight. Times 1 and divided by 1 weigh little. */
function choices(
  a: number,
  b: number,
  weights: CountdownLevel["weights"],
): { op: Operation; value: number; weight: number }[] {
  const found: { op: Operation; value: number; weight: number }[] = [];
  for (const op of ["+", "-", "*", "/"] as const) {
    const value = countdownStep(a, op, b);
    const idle = b === 1 && (op === "*" || op === "/");
    if (value !== undefined && weights[op] > 0)
      found.push({ op, value, weight: idle ? 0.02 * weights[op] : weights[op] });
  }
  return found;
}

/** Combines random pairs until one number is left; undefined when it gets stuck. */
function construct(
  numbers: readonly number[],
  level: CountdownLevel,
  rng: Rng,
): { target: Term; lines: string[] } | undefined {
  let terms: Term[] = numbers.map((value) => ({ value, text: String(value) }));
  const lines: string[] = [];
  while (terms.length > 1) {
    const [x, y, ...rest] = rng.shuffle(terms) as [Term, Term, ...Term[]];
    const [a, b] = x.value >= y.value ? [x, y] : [y, x];
    const options = choices(a.value, b.value, level.weights);
    let at = rng.next() * options.reduce((sum, option) => sum + option.weight, 0);
    const chosen = options.find((option) => {
      at -= option.weight;
      return at < 0;
    });
    if (chosen === undefined) return undefined;
    const made: Term = { value: chosen.value, text: joinExpression(a, chosen.op, b), op: chosen.op };
    terms = [...rest, made].sort((one, other) => one.value - other.value);
    lines.push(
      `${a.value} ${chosen.op} ${b.value} = ${made.value} (left: ${terms.map((term) => term.value).join(" ")})`,
    );
  }
  return { target: terms[0]!, lines };
}

/** The wording of a countdown prompt: how it opens, how it lists the numbers, how it closes. */
export interface CountdownTemplate {
  readonly opening: 0 | 1 | 2;
  readonly listing: 0 | 1;
  readonly closing: 0 | 1 | 2;
}

const OPENINGS = [0, 1, 2] as const;
const LISTINGS = [0, 1] as const;
const CLOSINGS = [
  "Use every number once.",
  "Each number is used once.",
  "Every number must be used exactly once.",
] as const;

/** The templates of a split; every opening, listing and closing is also in train. */
export function countdownTemplates(split: Split): CountdownTemplate[] {
  return OPENINGS.flatMap((opening) =>
    LISTINGS.flatMap((listing) => ([0, 1, 2] as const).map((closing) => ({ opening, listing, closing }))),
  ).filter(({ opening, listing, closing }) => {
    const place = (opening + listing + closing) % 3;
    const owner = place !== 2 ? "train" : (opening + listing) % 2 === 0 ? "test" : "validation";
    return owner === split;
  });
}

/** The prompt for these numbers, in the given order. */
export function countdownPrompt(
  numbers: readonly number[],
  target: number,
  template: CountdownTemplate,
): string {
  const last = numbers[numbers.length - 1]!;
  const list = template.listing === 0 ? `${numbers.slice(0, -1).join(", ")} and ${last}` : numbers.join(" ");
  const closing = CLOSINGS[template.closing];
  if (template.opening === 0) return `Use ${list} with + - * / to make ${target}. ${closing}`;
  if (template.opening === 1) return `Make ${target} from ${list} with + - * /. ${closing}`;
  return `The numbers are ${list}. Reach ${target} with + - * /. ${closing}`;
}

/** The hash key of given numbers: their sorted list, so order and target do not matter. */
export function countdownKey(numbers: readonly number[]): string {
  return `countdown ${[...numbers].sort((a, b) => a - b).join(" ")}`;
}

/**
 * Whether a problem may be drawn for this split. Games of 24 are reserved for tests: outside of test no
 * problem with four or more numbers has the target 24, so none can turn into such a game half-way either.
 */
function countdownAllowed(numbers: readonly number[], target: number, split: Split): boolean {
  return split === "test" || numbers.length < 4 || target !== 24;
}

/** A countdown problem of `level` (1..6), made by random construction, which is also its reference solution. */
export function drawCountdown(
  level: number,
  split: Split,
  rng: Rng,
): { prompt: string; answer: string; solution: string } {
  const shape = COUNTDOWN_LEVELS[level - 1]!;
  const template = rng.pick(countdownTemplates(split));
  for (;;) {
    const numbers = Array.from({ length: shape.count }, () => rng.int(1, shape.largest));
    if (operandSplit(countdownKey(numbers)) !== split) continue;
    const made = construct(numbers, shape, rng);
    if (made === undefined) continue;
    const target = made.target.value;
    if (target < shape.target[0] || target > shape.target[1] || !countdownAllowed(numbers, target, split))
      continue;
    return {
      prompt: countdownPrompt(numbers, target, template),
      answer: made.target.text,
      solution: [...made.lines, `#### ${target}`].join("\n"),
    };
  }
}
