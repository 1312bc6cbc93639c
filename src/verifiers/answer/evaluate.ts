import * as complex from "./complex.ts";
import type { Call, Formula } from "./grammar.ts";
import {
  add,
  divide,
  multiply,
  negate,
  parseRational,
  power,
  type Rational,
  rational,
  toNumber,
} from "./rational.ts";

const CONSTANTS: Readonly<Record<string, complex.Complex>> = {
  Pi: complex.real(Math.PI),
  ExponentialE: complex.real(Math.E),
  e: complex.real(Math.E),
  ImaginaryUnit: { re: 0, im: 1 },
  i: { re: 0, im: 1 },
};

function isCall(formula: Formula | undefined): formula is Call {
  return typeof formula === "object";
}

/** The free variables of a formula. */
export function variables(formula: Formula, into: Set<string> = new Set()): Set<string> {
  if (typeof formula === "string" && !(formula in CONSTANTS)) into.add(formula);
  if (isCall(formula)) for (const arg of formula.args) variables(arg, into);
  return into;
}

/** `3\frac12` is a mixed number: a whole number followed by a proper fraction of whole numbers. */
function isMixed(args: readonly Formula[]): boolean {
  const [whole, part] = args;
  if (!Number.isInteger(whole) || !isCall(part) || part.head !== "Divide") return false;
  const [top, bottom] = part.args;
  return typeof top === "number" && typeof bottom === "number" && top >= 0 && top < bottom;
}

/** `["InvisibleOperator", 3, ["Divide", 1, 2], "x"]` as the factors of a product, mixed number first. */
function factors(args: readonly Formula[]): readonly Formula[] {
  return isMixed(args) ? [{ head: "Add", args: args.slice(0, 2) }, ...args.slice(2)] : args;
}

function fold(
  args: readonly Formula[],
  combine: (a: Rational, b: Rational) => Rational | undefined,
): Rational | undefined {
  let total: Rational | undefined;
  for (const [index, arg] of args.entries()) {
    const value = exactly(arg);
    if (value === undefined) return undefined;
    total = index === 0 ? value : total && combine(total, value);
    if (total === undefined) return undefined;
  }
  return total;
}

/** The exact value of a formula of rational arithmetic; `undefined` for anything else or anything too large. */
export function exactly(formula: Formula): Rational | undefined {
  if (typeof formula === "number") return parseRational(String(formula));
  if (typeof formula === "string") return undefined;
  const { head, args, digits } = formula;
  if (digits !== undefined) return parseRational(digits);
  if (head === "Delimiter") return args.length === 1 ? exactly(args[0]!) : undefined;
  if (head === "Add") return fold(args, add);
  if (head === "Subtract") return fold(args, (a, b) => add(a, negate(b)));
  if (head === "Multiply") return fold(args, multiply);
  if (head === "InvisibleOperator") return fold(factors(args), multiply);
  if (head === "Divide") return fold(args, divide);
  if (head === "Power") return fold(args, power);
  if (head === "Negate") {
    const value = args[0] === undefined ? undefined : exactly(args[0]);
    return value && negate(value);
  }
  if (head === "Factorial") return factorial(args[0]);
  return undefined;
}

function factorial(arg: Formula | undefined): Rational | undefined {
  if (typeof arg !== "number" || !Number.isInteger(arg) || arg < 0 || arg > 400) return undefined;
  let product = 1n;
  for (let factor = 2n; factor <= BigInt(arg); factor += 1n) product *= factor;
  return rational(product);
}

/** What a numeric evaluation gives, and how much it may be off by cancellation. */
export interface Numeric {
  readonly value: complex.Complex;
  /** Size of the largest summand met; sums are exact to about 1e-15 of it. */
  readonly largest: number;
}

type Unary = (a: complex.Complex) => complex.Complex;

const inverse =
  (of: Unary): Unary =>
  (a) =>
    complex.over(complex.real(1), of(a));
const quotient =
  (top: Unary, bottom: Unary): Unary =>
  (a) =>
    complex.over(top(a), bottom(a));
/** A function of the reals only: anything else is not a number. */
const ofReal =
  (of: (a: number) => number): Unary =>
  (a) =>
    complex.real(Math.abs(a.im) < 1e-12 ? of(a.re) : Number.NaN);
const whole = (value: number) => (Math.abs(value - Math.round(value)) < 1e-9 ? Math.round(value) : value);

const UNARY: Readonly<Record<string, Unary>> = {
  Delimiter: (a) => a,
  Negate: (a) => complex.scale(a, -1),
  Sqrt: (a) => complex.root(a, 2),
  Exp: complex.exp,
  Ln: complex.ln,
  Lb: (a) => complex.scale(complex.ln(a), 1 / Math.LN2),
  Abs: (a) => complex.real(complex.size(a)),
  Degrees: (a) => complex.scale(a, Math.PI / 180),
  Sin: complex.sin,
  Cos: complex.cos,
  Tan: quotient(complex.sin, complex.cos),
  Cot: quotient(complex.cos, complex.sin),
  Sec: inverse(complex.cos),
  Csc: inverse(complex.sin),
  Arcsin: ofReal(Math.asin),
  Arccos: ofReal(Math.acos),
  Arctan: ofReal(Math.atan),
  Sinh: ofReal(Math.sinh),
  Cosh: ofReal(Math.cosh),
  Tanh: ofReal(Math.tanh),
  Floor: ofReal((a) => Math.floor(whole(a))),
  Ceil: ofReal((a) => Math.ceil(whole(a))),
};

function binomial(n: number, k: number): number {
  if (!Number.isInteger(n) || !Number.isInteger(k) || k < 0 || k > n || n > 1000) return Number.NaN;
  let product = 1;
  for (let at = 1; at <= Math.min(k, n - k); at += 1)
    product = (product * (n - Math.min(k, n - k) + at)) / at;
  return Math.round(product);
}

/** A power with a fraction of whole numbers as exponent is a root, real where the degree is odd. */
function powerOf(base: complex.Complex, exponent: complex.Complex, written: Formula): complex.Complex {
  const fraction = exactly(written);
  if (fraction === undefined || fraction.bottom === 1n || fraction.bottom > 99n)
    return complex.pow(base, exponent);
  return complex.pow(complex.root(base, Number(fraction.bottom)), complex.real(Number(fraction.top)));
}

function binary(
  head: string,
  a: complex.Complex,
  b: complex.Complex,
  second: Formula,
): complex.Complex | undefined {
  if (head === "Divide" || head === "Rational") return complex.over(a, b);
  if (head === "Power") return powerOf(a, b, second);
  if (head === "Root") return complex.root(a, b.re);
  if (head === "Log") return complex.over(complex.ln(a), complex.ln(b));
  if (head === "Binomial") return complex.real(binomial(a.re, b.re));
  return undefined;
}

/** The value at a point, in doubles; `undefined` when an operator is unknown. May be infinite or NaN. */
export function numerically(formula: Formula, point: Readonly<Record<string, number>>): Numeric | undefined {
  if (typeof formula === "number") return { value: complex.real(formula), largest: 0 };
  if (typeof formula === "string") {
    const value =
      CONSTANTS[formula] ?? (point[formula] === undefined ? undefined : complex.real(point[formula]));
    return value && { value, largest: 0 };
  }
  if (formula.digits !== undefined) {
    const exact = parseRational(formula.digits);
    return exact && { value: complex.real(toNumber(exact)), largest: 0 };
  }
  const args: Numeric[] = [];
  for (const part of formula.head === "InvisibleOperator" ? factors(formula.args) : formula.args) {
    const arg = numerically(part, point);
    if (arg === undefined) return undefined;
    args.push(arg);
  }
  const value = apply(
    formula,
    args.map((arg) => arg.value),
  );
  const summed = formula.head === "Add" || formula.head === "Subtract";
  const summands = summed ? args.map((arg) => complex.size(arg.value)) : [];
  return value && { value, largest: Math.max(0, ...summands, ...args.map((arg) => arg.largest)) };
}

function apply({ head, args: written }: Call, args: readonly complex.Complex[]): complex.Complex | undefined {
  const [a, b] = args;
  if (a === undefined) return undefined;
  if (head === "Add") return args.reduce(complex.plus);
  if (head === "Subtract") return args.reduce((sum, arg) => complex.plus(sum, complex.scale(arg, -1)));
  if (head === "Multiply" || head === "InvisibleOperator") return args.reduce(complex.times);
  if (head === "Factorial") {
    const exact = factorial(a.im === 0 ? a.re : undefined);
    return complex.real(exact === undefined ? Number.NaN : toNumber(exact));
  }
  if (head === "Log" && b === undefined) return complex.over(complex.ln(a), complex.real(Math.LN10));
  if (args.length === 1) return UNARY[head]?.(a);
  return args.length === 2 ? binary(head, a, b!, written[1]!) : undefined;
}
