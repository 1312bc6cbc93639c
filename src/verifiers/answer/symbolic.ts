import { rng } from "../../random.ts";
import * as complex from "./complex.ts";
import { exactly, type Numeric, numerically, variables } from "./evaluate.ts";
import { type Formula, parseFormula } from "./grammar.ts";
import { equalRational, type Rational } from "./rational.ts";

const POINTS = 12;
/** Fewer points at which both sides are finite decide nothing. */
const ENOUGH_POINTS = 4;
const MOST_VARIABLES = 8;
/** Relative difference of doubles that counts as equal. */
const TOLERANCE = 1e-9;
/** Sums of doubles are exact to this part of their largest summand. */
const CANCELLATION = 1e-13;

/** What a formula amounts to. */
interface Probed {
  /** For rational arithmetic. */
  readonly exact?: Rational;
  /** For an equation the values are those of left minus right side. */
  readonly isEquation: boolean;
  readonly isClosed: boolean;
  /** Values at the points, one for a closed formula. */
  readonly values: readonly Numeric[];
}

/** Random points, the same for every formula: positive and negative values that are no round numbers. */
const stream = rng("probe");
const places = new Map<string, readonly number[]>();

function coordinates(name: string): readonly number[] {
  let known = places.get(name);
  if (known === undefined) {
    known = Array.from({ length: POINTS }, (_, index) => stream.split(index, name).next() * 6 - 3);
    if (places.size >= 1000) places.clear();
    places.set(name, known);
  }
  return known;
}

function valuesOf(formula: Formula, names: readonly string[]): Numeric[] | undefined {
  const values: Numeric[] = [];
  for (let index = 0; index < (names.length === 0 ? 1 : POINTS); index += 1) {
    const point = Object.fromEntries(names.map((name) => [name, coordinates(name)[index]!]));
    const value = numerically(formula, point);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

function measure(text: string): Probed | undefined {
  const parsed = parseFormula(text);
  if (parsed === undefined) return undefined;
  const isEquation = typeof parsed === "object" && parsed.head === "Equal" && parsed.args.length === 2;
  const formula: Formula = isEquation ? { head: "Subtract", args: parsed.args } : parsed;
  const names = [...variables(formula)];
  if (names.length > MOST_VARIABLES) return undefined;
  const values = valuesOf(formula, names);
  const exact = isEquation ? undefined : exactly(formula);
  return values && { isEquation, isClosed: names.length === 0, values, ...(exact && { exact }) };
}

const probed = new Map<string, Probed | undefined>();
const MOST_PROBED = 2000;

/** A formula is measured once: voting compares each answer with every other. */
function probe(text: string): Probed | undefined {
  if (probed.has(text)) return probed.get(text);
  const result = measure(text);
  if (probed.size >= MOST_PROBED) probed.clear();
  probed.set(text, result);
  return result;
}

function close(a: Numeric, b: Numeric): boolean {
  const difference = complex.size(complex.plus(a.value, complex.scale(b.value, -1)));
  const size = Math.max(complex.size(a.value), complex.size(b.value));
  return difference <= TOLERANCE * size + CANCELLATION * Math.max(a.largest, b.largest);
}

/** Equations are equal when one difference of sides is a constant multiple of the other. */
function proportional(): (a: Numeric, b: Numeric) => boolean {
  let ratio: complex.Complex | undefined;
  return (a, b) => {
    const [isZero, isOtherZero] = [complex.size(a.value) < TOLERANCE, complex.size(b.value) < TOLERANCE];
    if (isZero || isOtherZero) return isZero && isOtherZero;
    const here = complex.over(a.value, b.value);
    ratio ??= here;
    return (
      complex.size(complex.plus(here, complex.scale(ratio, -1))) <= 100 * TOLERANCE * complex.size(ratio)
    );
  };
}

/**
 * Whether two formulas are equal: exactly for rational arithmetic, otherwise by their values in double
 * precision (relative tolerance 1e-9), with free variables at seeded random points. `undefined` when one is no
 * formula, when too few points have finite values on both sides, and for formulas beyond the bounds of
 * `parseFormula`.
 */
export function equalFormulas(a: string, b: string): boolean | undefined {
  const [x, y] = [probe(a), probe(b)];
  if (x === undefined || y === undefined || x.isEquation !== y.isEquation) return undefined;
  if (x.exact !== undefined && y.exact !== undefined) return equalRational(x.exact, y.exact);
  const same = x.isEquation ? proportional() : close;
  const count = x.isClosed && y.isClosed ? 1 : POINTS;
  let compared = 0;
  for (let index = 0; index < count; index += 1) {
    const left = x.values[x.isClosed ? 0 : index]!;
    const right = y.values[y.isClosed ? 0 : index]!;
    if (!complex.finite(left.value) || !complex.finite(right.value)) continue;
    if (!same(left, right)) return false;
    compared += 1;
  }
  return compared >= Math.min(ENOUGH_POINTS, count) ? true : undefined;
}
