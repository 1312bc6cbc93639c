import { threefry } from "../../random.ts";

/** Second half of the key, so that these draws share no stream with other users of the same seed. */
const SAMPLING_KEY = 0x5a3c;

/** Below this a weight is lost beside the highest in double precision, so it is not computed. */
const LEAST_EXPONENT = -40;

const words: [number, number] = [0, 0];

/** The `index`-th draw of a seed, in [0, 1): a pure function, so neither batch nor order matters. */
export function uniform(seed: number, index: number): number {
  threefry(seed | 0, SAMPLING_KEY ^ Math.floor(seed / 2 ** 32), index, 0, words);
  return ((words[0] >>> 5) * 2 ** 26 + (words[1] >>> 6)) / 2 ** 53;
}

/** Chooses tokens from logits. One per vocabulary: it owns the scratch memory, so that no token allocates. */
export interface Sampler {
  /**
   * The token that `draw` (in [0, 1)) falls on under softmax(logits / temperature), cut to the nucleus of mass
   * `topP` (Holtzman et al. 2020; ties by lowest id). Temperature 0: the highest logit, the lowest id of equals.
   */
  sample(logits: Float32Array, offset: number, temperature: number, topP: number, draw: number): number;
  /** Natural logarithm of softmax(logits)[token], at temperature 1. */
  logprob(logits: Float32Array, offset: number, token: number): number;
  /** The `count` tokens with the highest logits, the highest first, ties by lowest id. */
  top(logits: Float32Array, offset: number, count: number): number[];
}

function argmax(logits: Float32Array, offset: number, size: number): number {
  let best = 0;
  for (let id = 1; id < size; id += 1) if (logits[offset + id]! > logits[offset + best]!) best = id;
  return best;
}

/** A sampler for a vocabulary of `size` tokens. */
export function createSampler(size: number): Sampler {
  const weights = new Float64Array(size);
  const order = new Int32Array(size);

  /** Fills `weights` with exp((logit - highest) * scale) and returns their sum. */
  const weigh = (logits: Float32Array, offset: number, scale: number): number => {
    let highest = logits[offset]!;
    for (let id = 1; id < size; id += 1) {
      const logit = logits[offset + id]!;
      if (logit > highest) highest = logit;
    }
    let sum = 0;
    for (let id = 0; id < size; id += 1) {
      const exponent = (logits[offset + id]! - highest) * scale;
      const weight = exponent > LEAST_EXPONENT ? Math.exp(exponent) : 0;
      weights[id] = weight;
      sum += weight;
    }
    return sum;
  };

  /** Keeps in `order` the tokens that may lie in the nucleus, heaviest first; returns how many. */
  const rank = (sum: number, topP: number): number => {
    // What is lighter than this weighs less than 1 - topP all together, so the nucleus is full without it.
    const least = ((1 - topP) * sum) / size;
    let kept = 0;
    for (let id = 0; id < size; id += 1) if (weights[id]! >= least) order[kept++] = id;
    order.subarray(0, kept).sort((a, b) => weights[b]! - weights[a]! || a - b);
    return kept;
  };

  const nucleus = (sum: number, topP: number, draw: number): number => {
    const kept = rank(sum, topP);
    let mass = 0;
    let length = 0;
    while (length < kept && mass < topP * sum) mass += weights[order[length++]!]!;
    let left = draw * mass;
    for (let i = 0; i < length; i += 1) {
      left -= weights[order[i]!]!;
      if (left < 0) return order[i]!;
    }
    return order[0]!;
  };

  return {
    sample(logits, offset, temperature, topP, draw) {
      if (temperature <= 0) return argmax(logits, offset, size);
      const sum = weigh(logits, offset, 1 / temperature);
      if (topP < 1) return nucleus(sum, topP, draw);
      let left = draw * sum;
      for (let id = 0; id < size; id += 1) {
        left -= weights[id]!;
        if (left < 0) return id;
      }
      return argmax(logits, offset, size);
    },
    logprob(logits, offset, token) {
      let highest = logits[offset]!;
      for (let id = 1; id < size; id += 1) highest = Math.max(highest, logits[offset + id]!);
      let sum = 0;
      for (let id = 0; id < size; id += 1) sum += Math.exp(logits[offset + id]! - highest);
      return logits[offset + token]! - highest - Math.log(sum);
    },
    top(logits, offset, count) {
      for (let id = 0; id < size; id += 1) order[id] = id;
      order.sort((a, b) => logits[offset + b]! - logits[offset + a]! || a - b);
      return [...order.subarray(0, count)];
    },
  };
}
