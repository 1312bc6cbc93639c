/** A logistic regression: the chance of an outcome from features. */
export interface Logistic {
  /** The intercept, then one per feature. */
  readonly weights: readonly number[];
}

/** How to fit. */
export interface LogisticOptions {
  /** Weight of each row. Default 1. */
  readonly rowWeights?: ArrayLike<number>;
  /** λ of the penalty λ/2·Σw², which leaves the intercept out. Default 1. */
  readonly ridge?: number;
}

/** Most Newton steps; well-posed fits take 5 to 10. */
const STEPS = 50;
/** A fit is done when a step lowers the mean loss by less. */
const TOLERANCE = 1e-7;

/**
 * Fits P(outcome | x) = 1 / (1 + exp(-(w₀ + w·x))) by penalised maximum likelihood with Newton's method
 * (iteratively reweighted least squares; Hastie, Tibshirani and Friedman 2009, section 4.4.1), each step halved
 * until the penalised loss falls. An outcome may be a share between 0 and 1.
 *
 * @param rows `rows[row * width + feature]`
 * @throws RangeError for shapes that do not fit, or a number that is not finite
 */
export function fitLogistic(
  rows: Float64Array,
  outcome: ArrayLike<number>,
  { rowWeights, ridge = 1 }: LogisticOptions = {},
): Logistic {
  const width = rows.length / outcome.length;
  if (!Number.isInteger(width)) throw new RangeError("Every outcome needs as many features.");
  if (!allFinite(rows)) throw new RangeError("Features must be finite.");
  const data: Data = { rows, outcome, width, ridge, weightOf: (row) => rowWeights?.[row] ?? 1 };
  let weights = new Float64Array(width + 1);
  weights[0] = meanLogit(data);
  let loss = lossOf(data, weights);
  for (let step = 0; step < STEPS; step += 1) {
    const direction = newton(data, weights);
    const found = descend(data, weights, direction, loss);
    const gain = loss - found.loss;
    ({ weights, loss } = found);
    if (gain < TOLERANCE * outcome.length) break;
  }
  return { weights: [...weights] };
}

function allFinite(values: Float64Array): boolean {
  for (let place = 0; place < values.length; place += 1) if (!Number.isFinite(values[place])) return false;
  return true;
}

/** The chance that a regression gives to features. */
export function chanceOf({ weights }: Logistic, features: ArrayLike<number>): number {
  let sum = weights[0]!;
  for (let place = 0; place < features.length; place += 1) sum += weights[place + 1]! * features[place]!;
  return 1 / (1 + Math.exp(-sum));
}

/** Log-odds of the mean outcome, where the search for weights begins; 0 where all outcomes are equal. */
function meanLogit({ outcome, weightOf }: Data): number {
  let [yes, no] = [0, 0];
  for (let row = 0; row < outcome.length; row += 1) {
    yes += weightOf(row) * outcome[row]!;
    no += weightOf(row) * (1 - outcome[row]!);
  }
  return yes > 0 && no > 0 ? Math.log(yes / no) : 0;
}

interface Data {
  readonly rows: Float64Array;
  readonly outcome: ArrayLike<number>;
  readonly width: number;
  readonly ridge: number;
  readonly weightOf: (row: number) => number;
}

function linear({ rows, width }: Data, weights: Float64Array, row: number): number {
  const at = row * width - 1;
  let sum = weights[0]!;
  for (let place = 1; place <= width; place += 1) sum += weights[place]! * rows[at + place]!;
  return sum;
}

/** The penalised negative log-likelihood. */
function lossOf(data: Data, weights: Float64Array): number {
  let loss = 0;
  for (let place = 1; place < weights.length; place += 1) loss += (data.ridge / 2) * weights[place]! ** 2;
  for (let row = 0; row < data.outcome.length; row += 1) {
    const sum = linear(data, weights, row);
    const softplus = Math.max(sum, 0) + Math.log1p(Math.exp(-Math.abs(sum)));
    loss += data.weightOf(row) * (softplus - data.outcome[row]! * sum);
  }
  return loss;
}

/** The longest of the steps 1, 1/2, 1/4, ... along a direction that lowers the loss; none when none does. */
function descend(data: Data, weights: Float64Array<ArrayBuffer>, direction: Float64Array, loss: number) {
  for (let scale = 1; scale > 1e-6; scale /= 2) {
    const tried = weights.map((weight, place) => weight - scale * direction[place]!);
    const value = lossOf(data, tried);
    if (value < loss) return { weights: tried, loss: value };
  }
  return { weights, loss };
}

/** Newton's direction: the Hessian's inverse times the gradient. */
function newton(data: Data, weights: Float64Array): Float64Array {
  const { rows, width, ridge } = data;
  const size = width + 1;
  const hessian = new Float64Array(size * size);
  const gradient = new Float64Array(size);
  // Rows times the roots of their curvatures, four at a time: the Hessian is touched once for all four.
  const four = Array.from({ length: 4 }, () => new Float64Array(size));
  let held = 0;
  for (let row = 0; row < data.outcome.length; row += 1) {
    const weight = data.weightOf(row);
    if (weight === 0) continue;
    const chance = 1 / (1 + Math.exp(-linear(data, weights, row)));
    const error = weight * (chance - data.outcome[row]!);
    const root = Math.sqrt(weight * chance * (1 - chance));
    const x = four[held]!;
    gradient[0]! += error;
    x[0] = root;
    for (let place = 1; place < size; place += 1) {
      const value = rows[row * width + place - 1]!;
      gradient[place]! += error * value;
      x[place] = root * value;
    }
    held += 1;
    if (held < 4) continue;
    addSquares(hessian, four);
    held = 0;
  }
  if (held > 0) {
    for (const x of four.slice(held)) x.fill(0);
    addSquares(hessian, four);
  }
  for (let place = 1; place < size; place += 1) {
    gradient[place]! += ridge * weights[place]!;
    hessian[place * size + place]! += ridge;
  }
  return solvePositive(hessian, gradient);
}

/** Adds x·xᵀ of four rows to the lower half of a matrix. */
function addSquares(matrix: Float64Array, [a, b, c, d]: readonly Float64Array[]): void {
  const size = a!.length;
  for (let i = 0; i < size; i += 1) {
    const ai = a![i]!;
    const bi = b![i]!;
    const ci = c![i]!;
    const di = d![i]!;
    const at = i * size;
    for (let j = 0; j <= i; j += 1) matrix[at + j]! += ai * a![j]! + bi * b![j]! + ci * c![j]! + di * d![j]!;
  }
}

/** Keeps the square root of a pivot that rounding made 0 or less away from 0. */
const SMALLEST = 1e-12;

/** Solves A·x = b for a symmetric positive definite A, of which the lower half is given, by Cholesky's method. */
function solvePositive(matrix: Float64Array, right: Float64Array): Float64Array {
  const size = right.length;
  const lower = Float64Array.from(matrix);
  const x = Float64Array.from(right);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = lower[i * size + j]!;
      for (let k = 0; k < j; k += 1) sum -= lower[i * size + k]! * lower[j * size + k]!;
      lower[i * size + j] = i === j ? Math.sqrt(Math.max(sum, SMALLEST)) : sum / lower[j * size + j]!;
    }
    for (let k = 0; k < i; k += 1) x[i]! -= lower[i * size + k]! * x[k]!;
    x[i]! /= lower[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i -= 1) {
    for (let k = i + 1; k < size; k += 1) x[i]! -= lower[k * size + i]! * x[k]!;
    x[i]! /= lower[i * size + i]!;
  }
  return x;
}
