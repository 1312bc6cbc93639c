/** Where a function is least. */
export interface Minimum {
  readonly at: readonly number[];
  readonly value: number;
  /** False when the search was cut off, or began where the function is not finite. */
  readonly converged: boolean;
}

interface Vertex {
  readonly at: readonly number[];
  readonly value: number;
}

/** Search steps for each dimension before giving up. */
const STEPS = 400;
/** The search ends when values differ by less than this share of them (or of 1), and arguments by less than that. */
const VALUE = 1e-9;
const ARGUMENT = 1e-3;

/**
 * The minimum of a smooth function of a few arguments, near `start`: the simplex search of Nelder and Mead, with the
 * coefficients and tie rules of Lagarias et al. 1998 (SIAM J. Optim. 9(1), section 2). `step` is the first simplex's
 * size in the arguments' own unit. Where the function is infinite, or not a number, is outside.
 */
export function minimise(
  of: (at: readonly number[]) => number,
  start: readonly number[],
  step: number,
): Minimum {
  const vertex = (at: readonly number[]): Vertex => {
    const value = of(at);
    return { at, value: Number.isNaN(value) ? Number.POSITIVE_INFINITY : value };
  };
  const simplex = [vertex(start)];
  for (let index = 0; index < start.length; index += 1)
    simplex.push(vertex(start.map((one, other) => (other === index ? one + step : one))));
  const sort = () => simplex.sort((a, b) => (a.value === b.value ? 0 : a.value - b.value));
  sort();
  let left = STEPS * start.length;
  for (; left > 0 && !settled(simplex); left -= 1) {
    const next = replacement(simplex, vertex);
    if (next) simplex[simplex.length - 1] = next;
    else
      for (let index = 1; index < simplex.length; index += 1)
        simplex[index] = vertex(between(simplex[0]!, simplex[index]!));
    sort();
  }
  const { at, value } = simplex[0]!;
  return { at, value, converged: left > 0 && Number.isFinite(value) };
}

function settled(simplex: readonly Vertex[]): boolean {
  const [best, worst] = [simplex[0]!, simplex.at(-1)!];
  if (!(worst.value - best.value <= VALUE * (1 + Math.abs(best.value)))) return false;
  const size = Math.max(
    ...simplex.map(({ at }) => Math.max(...at.map((one, index) => Math.abs(one - best.at[index]!)))),
  );
  return size <= ARGUMENT;
}

/** The vertex to put in the worst one's place; `undefined`: shrink. */
function replacement(
  simplex: readonly Vertex[],
  vertex: (at: readonly number[]) => Vertex,
): Vertex | undefined {
  const [best, worst, second] = [simplex[0]!, simplex.at(-1)!, simplex.at(-2)!];
  const others = simplex.slice(0, -1);
  const centre = best.at.map(
    (_, index) => others.reduce((sum, { at }) => sum + at[index]!, 0) / others.length,
  );
  /** The point at `factor` times the way from the worst through the centre, 0 at the centre. */
  const along = (factor: number) =>
    vertex(centre.map((one, index) => one + factor * (one - worst.at[index]!)));
  const reflected = along(1);
  if (reflected.value < best.value) {
    const expanded = along(2);
    return expanded.value < reflected.value ? expanded : reflected;
  }
  if (reflected.value < second.value) return reflected;
  const outside = reflected.value < worst.value;
  const contracted = along(outside ? 0.5 : -0.5);
  const better = outside ? contracted.value <= reflected.value : contracted.value < worst.value;
  return better ? contracted : undefined;
}

function between(one: Vertex, other: Vertex): readonly number[] {
  return one.at.map((value, index) => (value + other.at[index]!) / 2);
}
