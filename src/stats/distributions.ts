/**
 * The few distributions that exact tests and intervals need, each as a plain sum. Incomplete beta functions of
 * general arguments, and with them a numerics package, are not needed: tails are finite sums here, quantiles
 * come by bisection.
 */

/** Halvings of a bisection: more than the bits of a number. */
const HALVINGS = 64;

/**
 * The probability of at most `most` successes in `total` trials that each succeed with probability `chance`.
 * Small tails keep their relative precision; time grows with `most`.
 */
export function binomialAtMost(most: number, total: number, chance: number): number {
  if (most < 0) return 0;
  if (most >= total || chance <= 0) return 1;
  if (chance >= 1) return 0;
  const odds = Math.log(chance) - Math.log1p(-chance);
  let logarithm = total * Math.log1p(-chance);
  let sum = Math.exp(logarithm);
  for (let count = 0; count < most; count += 1) {
    logarithm += Math.log((total - count) / (count + 1)) + odds;
    sum += Math.exp(logarithm);
  }
  return Math.min(1, sum);
}

/** The argument from `low` to `high` at which a rising function reaches `level`. */
export function bisect(
  rising: (argument: number) => number,
  level: number,
  low: number,
  high: number,
): number {
  let [below, above] = [low, high];
  for (let halving = 0; halving < HALVINGS; halving += 1) {
    const middle = (below + above) / 2;
    if (rising(middle) < level) below = middle;
    else above = middle;
  }
  return (below + above) / 2;
}

/**
 * The standard normal distribution function, by its power series (Marsaglia 2004, "Evaluating the normal
 * distribution"); absolute error below 1e-14.
 */
export function normalBelow(value: number): number {
  if (Math.abs(value) > 8) return value < 0 ? 0 : 1;
  let term = value;
  let sum = value;
  for (let factor = 3; sum + term !== sum; factor += 2) {
    term *= (value * value) / factor;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-value * value) / 2)) / Math.sqrt(2 * Math.PI);
}

/**
 * The `t` that Student's distribution with this whole number of degrees of freedom stays within, on both sides,
 * with probability `level`: 0.95 and 10 give 2.228. By the finite sums of Abramowitz and Stegun, 26.7.3-4.
 */
export function studentWithin(level: number, freedom: number): number {
  const angle = bisect((theta) => insideAngle(theta, freedom), level, 0, Math.PI / 2);
  return Math.tan(angle) * Math.sqrt(freedom);
}

/** The probability that |t| is at most tan(theta) * sqrt(freedom). */
function insideAngle(theta: number, freedom: number): number {
  const [sine, cosine] = [Math.sin(theta), Math.cos(theta)];
  const odd = freedom % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = 0;
  for (let power = odd ? 1 : 0; power <= freedom - 2; power += 2) {
    sum += term;
    term *= (cosine * cosine * (power + 1)) / (power + 2);
  }
  return odd ? (2 / Math.PI) * (theta + sine * sum) : sine * sum;
}
