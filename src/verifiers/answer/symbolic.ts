import { type Rng, rng } from "../../random.ts";
import * as complex from "./complex.ts";
import { exactly, type Numeric, numerically, variables } from "./evaluate.ts";
import { type Formula, parseFormula } from "./grammar.ts";
import { equalRational } from "./rational.ts";

const POINTS = 12;
/** Fewer points at which both sides are finite decide nothing. */
const ENOUGH_POINTS = 4;
const MOST_VARIABLES = 8;
/** Relative difference of doubles that counts as equal. */
const TOLERANCE = 1e-9;

function close(a: Numeric, b: Numeric): boolean {
  const difference = complex.size(complex.plus(a.value, complex.scale(b.value, -1)));
  const size = Math.max(complex.size(a.value), complex.size(b.value));
  return difference <= TOLERANCE * size + 1e-13 * Math.max(a.largest, b.largest);
}

/** Random points, the same for every comparison: positive and negative values that are no round numbers. */
function points(names: readonly string[]): Readonly<Record<string, number>>[] {
  const stream: Rng = rng(20_24).split("probe");
  return Array.from({ length: POINTS }, (_, index) =>
    Object.fromEntries(names.map((name) => [name, stream.split(index, name).next() * 6 - 3])),
  );
}

function probe(a: Formula, b: Formula, same: (x: Numeric, y: Numeric) => boolean): boolean | undefined {
  const names = [...variables(b, variables(a))];
  if (names.length > MOST_VARIABLES) return undefined;
  const places = names.length === 0 ? [{}] : points(names);
  let compared = 0;
  for (const place of places) {
    const [x, y] = [numerically(a, place), numerically(b, place)];
    if (x === undefined || y === undefined) return undefined;
    if (!complex.finite(x.value) || !complex.finite(y.value)) continue;
    if (!same(x, y)) return false;
    compared += 1;
  }
  return compared >= Math.min(ENOUGH_POINTS, places.length) ? true : undefined;
}

function sides(formula: Formula): Formula | undefined {
  if (typeof formula !== "object" || formula.head !== "Equal" || formula.args.length !== 2) return undefined;
  return { head: "Subtract", args: formula.args };
}

/** Equations are equal when one difference of sides is a constant multiple of the other. */
function equalEquations(a: Formula, b: Formula): boolean | undefined {
  let ratio: complex.Complex | undefined;
  return probe(a, b, (x, y) => {
    if (complex.size(x.value) < 1e-9 || complex.size(y.value) < 1e-9)
      return complex.size(x.value) < 1e-9 === complex.size(y.value) < 1e-9;
    const here = complex.over(x.value, y.value);
    ratio ??= here;
    return complex.size(complex.plus(here, complex.scale(ratio, -1))) <= 1e-7 * complex.size(ratio);
  });
}

/**
 * Whether two formulas are equal: exactly for rational arithmetic, otherwise by their values in double
 * precision (relative tolerance 1e-9), with free variables at seeded random points. `undefined` when one is no
 * formula, when too few points have finite values on both sides, and for formulas beyond the bounds of
 * `parseFormula`.
 */
export function equalFormulas(a: string, b: string): boolean | undefined {
  const [x, y] = [parseFormula(a), parseFormula(b)];
  if (x === undefined || y === undefined) return undefined;
  const [exactX, exactY] = [exactly(x), exactly(y)];
  if (exactX !== undefined && exactY !== undefined) return equalRational(exactX, exactY);
  const [left, right] = [sides(x), sides(y)];
  if (left !== undefined && right !== undefined) return equalEquations(left, right);
  return probe(x, y, close);
}
