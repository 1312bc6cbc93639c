/** An exact fraction in lowest terms, with a positive denominator. */
interface Fraction {
  readonly top: number;
  readonly bottom: number;
}

/** No expression over six numbers is longer; it also bounds the recursion. */
const LONGEST = 200;

function fraction(top: number, bottom: number): Fraction | undefined {
  if (bottom === 0 || !Number.isSafeInteger(top) || !Number.isSafeInteger(bottom)) return undefined;
  let [a, b] = [Math.abs(top), Math.abs(bottom)];
  while (b !== 0) [a, b] = [b, a % b];
  const sign = bottom < 0 ? -1 : 1;
  return { top: (sign * top) / a, bottom: (sign * bottom) / a };
}

function combine(x: Fraction, op: string, y: Fraction): Fraction | undefined {
  if (op === "+") return fraction(x.top * y.bottom + y.top * x.bottom, x.bottom * y.bottom);
  if (op === "-") return fraction(x.top * y.bottom - y.top * x.bottom, x.bottom * y.bottom);
  if (op === "*") return fraction(x.top * y.top, x.bottom * y.bottom);
  return fraction(x.top * y.bottom, x.bottom * y.top);
}

/** Splits an expression into numbers, operations and brackets; undefined when anything else is in it. */
function tokenize(expression: string): string[] | undefined {
  if (expression.length > LONGEST) return undefined;
  const plain = expression.replace(/[×·]/g, "*").replace(/÷/g, "/").replace(/−/g, "-");
  if (!/^[\d\s()+*/-]+$/.test(plain)) return undefined;
  return plain.match(/\d+|[()+*/-]/g) ?? undefined;
}

/**
 * The exact value of an expression of whole numbers, + - * / (also × ÷ −) and brackets, and the numbers it
 * uses in order. Undefined for anything else, for a division by zero and beyond 2^53.
 */
export function evaluateExpression(expression: string): { value: Fraction; numbers: number[] } | undefined {
  const tokens = tokenize(expression);
  if (tokens === undefined) return undefined;
  const numbers: number[] = [];
  let at = 0;
  const factor = (): Fraction | undefined => {
    const token = tokens[at++];
    if (token === undefined) return undefined;
    if (token === "(") {
      const inner = sum();
      return tokens[at++] === ")" ? inner : undefined;
    }
    if (!/^\d+$/.test(token)) return undefined;
    numbers.push(Number(token));
    return fraction(Number(token), 1);
  };
  const series = (part: () => Fraction | undefined, ops: string) => (): Fraction | undefined => {
    let left = part();
    while (left !== undefined && tokens[at] !== undefined && ops.includes(tokens[at]!)) {
      const op = tokens[at++]!;
      const right = part();
      left = right && combine(left, op, right);
    }
    return left;
  };
  const sum = series(series(factor, "*/"), "+-");
  const value = sum();
  return value !== undefined && at === tokens.length ? { value, numbers } : undefined;
}
