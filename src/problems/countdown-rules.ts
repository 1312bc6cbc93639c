import { COUNTDOWN_LIMIT, countdownStep, joinExpression, type Operation } from "./countdown.ts";
import { evaluateExpression } from "./expression.ts";

/** What the prompt of a countdown problem gives. */
export interface CountdownFacts {
  /** The given numbers in the order of the prompt: two to six, each from 1 to COUNTDOWN_LIMIT. */
  readonly numbers: readonly number[];
  /** From 1 to COUNTDOWN_LIMIT. */
  readonly target: number;
}

const LIST = "(?<list>\\d+(?:(?:, | and | )\\d+)+)";
const TARGET = "(?<target>\\d+)";
const PROMPTS = [
  `Use ${LIST} with \\+ - \\* / to make ${TARGET}\\.`,
  `Make ${TARGET} from ${LIST} with \\+ - \\* /\\.`,
  `The numbers are ${LIST}\\. Reach ${TARGET} with \\+ - \\* /\\.`,
].map((form) => new RegExp(`^${form}(?: (?:Use|Each|Every)\\b.*)?$`));
const STEP = /^(\d{1,9}) ([-+*/]) (\d{1,9}) = (\d{1,9}) \(left: (\d{1,9}(?: \d{1,9})*)\)$/;
const LOOSE_STEP = /^\s*(\d{1,9})\s*([-+*/])\s*(\d{1,9})\s*=\s*(\d{1,9})(?!\d)/;
const ANSWER = /^####\s*(\d{1,9})$/;
const OPERATIONS = ["-", "+", "*", "/"] as const;
const ascending = (a: number, b: number) => a - b;

/** Reads the prompt of a countdown problem; undefined for any other text. */
export function parseCountdown(prompt: string): CountdownFacts | undefined {
  for (const form of PROMPTS) {
    const groups = form.exec(prompt.trim())?.groups;
    if (groups === undefined) continue;
    const numbers = groups.list!.match(/\d+/g)!.map(Number);
    const target = Number(groups.target);
    const inRange = [...numbers, target].every((number) => number >= 1 && number <= COUNTDOWN_LIMIT);
    return inRange && numbers.length <= 6 ? { numbers, target } : undefined;
  }
  return undefined;
}

/** Reachable values by sorted numbers. A pure memo, emptied when full. */
const memo = new Map<string, readonly number[]>();
const MEMO_SIZE = 100_000;

/**
 * Every value that all of these numbers together can make under the rules: each intermediate result is a
 * natural number from 1 to COUNTDOWN_LIMIT. Exact and memoised; up to six numbers take milliseconds.
 */
export function reachableValues(numbers: readonly number[]): readonly number[] {
  if (numbers.length === 1) return numbers;
  const sorted = [...numbers].sort(ascending);
  const key = sorted.join(" ");
  const kept = memo.get(key);
  if (kept !== undefined) return kept;
  const found = new Set<number>();
  const masks = 2 ** sorted.length;
  for (let mask = 1; mask < masks - 1; mask += 2) {
    const some = reachableValues(sorted.filter((_, index) => mask & (1 << index)));
    const others = reachableValues(sorted.filter((_, index) => !(mask & (1 << index))));
    for (const x of some) {
      for (const y of others) {
        const [a, b] = x >= y ? [x, y] : [y, x];
        for (const op of OPERATIONS) {
          const value = countdownStep(a, op, b);
          if (value !== undefined) found.add(value);
        }
      }
    }
  }
  const values = [...found];
  if (memo.size >= MEMO_SIZE) memo.clear();
  memo.set(key, values);
  return values;
}

/** Whether all of these numbers together can make the target under the rules of `reachableValues`. */
export function reachable(numbers: readonly number[], target: number): boolean {
  return numbers.length > 0 && reachableValues(numbers).includes(target);
}

/** What is left after a legal step, sorted; undefined when a number is not there. */
function take(left: readonly number[], a: number, b: number): number[] | undefined {
  const rest = [...left];
  for (const number of [a, b]) {
    const at = rest.indexOf(number);
    if (at < 0) return undefined;
    rest.splice(at, 1);
  }
  return rest;
}

/** What is left after this line, or undefined when the step is not legal or its `left` list is wrong. */
function afterStep(line: string, left: readonly number[]): number[] | undefined {
  const step = STEP.exec(line);
  if (step === null) return undefined;
  const [a, b, value] = [Number(step[1]), Number(step[3]), Number(step[4])];
  const rest = take(left, a, b);
  if (rest === undefined || countdownStep(a, step[2] as Operation, b) !== value) return undefined;
  const now = [...rest, value].sort(ascending);
  const told = step[5]!.split(" ").map(Number).sort(ascending);
  return told.join(" ") === now.join(" ") ? now : undefined;
}

/**
 * For each line, whether the solution is still right up to here: the step is legal (both numbers are there,
 * true arithmetic, a natural result up to COUNTDOWN_LIMIT, the right `left` list in any order) and the target
 * can still be reached; a `####` line needs one number left, which is the target and the one stated, and ends
 * the solution. An empty line changes nothing. Throws a RangeError when the prompt is not a countdown problem.
 * @param hopeless whether steps are right, too, from which the target cannot be reached any more. Default false.
 */
export function countdownStepValidity(
  prompt: string,
  lines: readonly string[],
  { hopeless = false }: { readonly hopeless?: boolean } = {},
): boolean[] {
  const facts = parseCountdown(prompt);
  if (facts === undefined) throw new RangeError("This prompt is not a countdown problem.");
  let left: readonly number[] = facts.numbers;
  let right = true;
  let ended = false;
  return lines.map((raw) => {
    const line = raw.trim();
    if (!right || line === "") return right;
    const stated = ANSWER.exec(line);
    if (ended) right = false;
    else if (stated !== null) {
      right = left.length === 1 && left[0] === facts.target && Number(stated[1]) === facts.target;
      ended = true;
    } else {
      const now = afterStep(line, left);
      right = now !== undefined && (hopeless || reachable(now, facts.target));
      left = now ?? left;
    }
    return right;
  });
}

/**
 * The expression that the steps of a solution compose, symbolically: false arithmetic is not repaired, so the
 * expression evaluates to what it truly is. Lines that are no steps are passed over; where a made number
 * equals a given one, the made one is used. Undefined without a step, when a step uses a number that is not
 * there, and when the prompt is not a countdown problem.
 */
export function countdownExpression(prompt: string, lines: readonly string[]): string | undefined {
  const facts = parseCountdown(prompt);
  if (facts === undefined) return undefined;
  let terms: { value: number; text: string; op?: Operation }[] = facts.numbers.map((value) => ({
    value,
    text: `${value}`,
  }));
  let made: string | undefined;
  for (const line of lines) {
    const step = LOOSE_STEP.exec(line);
    if (step === null) continue;
    const a = terms.find((term) => term.value === Number(step[1]));
    const b = terms.find((term) => term !== a && term.value === Number(step[3]));
    if (a === undefined || b === undefined) return undefined;
    const op = step[2] as Operation;
    made = joinExpression(a, op, b);
    terms = [{ value: Number(step[4]), text: made, op }, ...terms.filter((term) => term !== a && term !== b)];
  }
  return made;
}

/**
 * Whether the expression uses each number exactly once and evaluates to the target, exactly. Negative and
 * fractional intermediate values are allowed here, as in the game.
 */
export function checkCountdown(numbers: readonly number[], target: number, expression: string): boolean {
  const result = evaluateExpression(expression);
  if (result === undefined || result.value.bottom !== 1 || result.value.top !== target) return false;
  return result.numbers.sort(ascending).join(" ") === [...numbers].sort(ascending).join(" ");
}

/** The lines of one solution under the rules, `####` included, or undefined when there is none. */
export function solveCountdown(numbers: readonly number[], target: number): string[] | undefined {
  if (!reachable(numbers, target)) return undefined;
  if (numbers.length === 1) return [`#### ${target}`];
  const sorted = [...numbers].sort((a, b) => b - a);
  for (const [first, a] of sorted.entries()) {
    for (const [second, b] of sorted.entries()) {
      if (second <= first) continue;
      const rest = sorted.filter((_, index) => index !== first && index !== second);
      for (const op of OPERATIONS) {
        const value = countdownStep(a, op, b);
        if (value === undefined || !reachable([...rest, value], target)) continue;
        const left = [...rest, value].sort(ascending);
        return [`${a} ${op} ${b} = ${value} (left: ${left.join(" ")})`, ...solveCountdown(left, target)!];
      }
    }
  }
  return undefined;
}
