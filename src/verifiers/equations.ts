import {
  add,
  divide,
  equalRational,
  multiply,
  negate,
  parseRational,
  type Rational,
  rational,
} from "./answer/rational.ts";

const NUMBER = "\\d{1,15}(?:,\\d{3}){0,4}(?:\\.\\d{1,15})?";
/** `a op b = c` that is not part of a longer expression on either side. */
const EQUATION = new RegExp(
  `(?<![\\d.)^+*/×÷·−-] ?)(?<![\\w.])(-?${NUMBER}) ?([-+*/×÷·−]) ?(${NUMBER}) ?= ?(-?${NUMBER})(?![\\d.]*\\d| ?[-+*/×÷·−^%(])`,
  "g",
);
const LONGEST_LINE = 2000;

function apply(a: Rational, operation: string, b: Rational): Rational | undefined {
  if (operation === "+") return add(a, b);
  if (operation === "-" || operation === "−") return add(a, negate(b));
  if (operation === "/" || operation === "÷") return divide(a, b);
  return multiply(a, b);
}

/** Whether `stated` is the value, or what it rounds to at the places that are written. */
function states(stated: string, value: Rational): boolean {
  const written = parseRational(stated)!;
  if (equalRational(written, value)) return true;
  const places = stated.split(".")[1]?.length ?? 0;
  const difference = add(written, negate(value));
  if (places === 0 || difference === undefined) return false;
  const size = difference.top < 0n ? -difference.top : difference.top;
  return size * 2n * 10n ** BigInt(places) <= difference.bottom;
}

/**
 * Whether every plain equation `a op b = c` in a line is true, exactly, where a decimal may be rounded at its
 * last place; `undefined` when it holds none. Longer expressions are passed over.
 */
export function equationsHold(line: string): boolean | undefined {
  let found: boolean | undefined;
  for (const match of line.slice(0, LONGEST_LINE).matchAll(EQUATION)) {
    const [a, b, stated] = [match[1]!, match[3]!, match[4]!].map((part) => part.replaceAll(",", "")) as [
      string,
      string,
      string,
    ];
    const value = apply(parseRational(a) ?? ZERO, match[2]!, parseRational(b) ?? ZERO);
    if (value === undefined || !states(stated, value)) return false;
    found = true;
  }
  return found;
}

const ZERO = rational(0n)!;
