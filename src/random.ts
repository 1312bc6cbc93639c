/**
 * Seeded, splittable random numbers. The generator is counter-based: Threefry-2x32 with 20 rounds
 * (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), so a stream is a pure function of
 * its key, and `split` is a pure function of key and labels, whatever has been drawn before.
 */

/** A stream of random numbers. `split` never depends on, nor changes, how much was drawn. */
export interface Rng {
  /** A number in [0, 1) with 53 random bits. */
  next(): number;
  /** An integer from `lo` to `hi`, both included. */
  int(lo: number, hi: number): number;
  /** One element, each as likely as the others; throws a RangeError when there is none. */
  pick<T>(items: readonly T[]): T;
  /** The elements in random order, as a new array. */
  shuffle<T>(items: readonly T[]): T[];
  /** The independent stream that these labels name: `split("a", 1)` is `split("a").split(1)`. */
  split(...labels: (string | number)[]): Rng;
}

type Pair = [number, number];

const PARITY = 0x1bd11bda;
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
/** The high counter word of a label's first block; draws never count that far. */
const TEXT_BLOCK = 0x80000000 | 0;
const NUMBER_BLOCK = 0x80000001 | 0;

/** One Threefry-2x32-20 block: encrypts the counter (c0, c1) under the key (k0, k1) into `out`. */
export function threefry(k0: number, k1: number, c0: number, c1: number, out: Pair): void {
  const k2 = PARITY ^ k0 ^ k1;
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  for (let group = 0; group < 5; group += 1) {
    const first = (group & 1) << 2;
    for (let round = first; round < first + 4; round += 1) {
      const turn = ROTATIONS[round]!;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << turn) | (x1 >>> (32 - turn))) ^ x0;
    }
    const step = group + 1;
    const a = step % 3;
    x0 = (x0 + (a === 0 ? k0 : a === 1 ? k1 : k2)) | 0;
    x1 = (x1 + (a === 0 ? k1 : a === 1 ? k2 : k0) + step) | 0;
  }
  out[0] = x0;
  out[1] = x1;
}

function absorb(key: Pair, label: string | number): void {
  if (typeof label === "number") {
    const words = new Int32Array(new Float64Array([label + 0]).buffer);
    threefry(key[0], key[1], 0, NUMBER_BLOCK, key);
    threefry(key[0], key[1], words[0]!, words[1]!, key);
    return;
  }
  threefry(key[0], key[1], label.length, TEXT_BLOCK, key);
  for (let at = 0; at === 0 || at < label.length; at += 4) {
    const unit = (offset: number) => label.charCodeAt(at + offset) || 0;
    threefry(key[0], key[1], unit(0) | (unit(1) << 16), unit(2) | (unit(3) << 16), key);
  }
}

function stream(k0: number, k1: number): Rng {
  const out: Pair = [0, 0];
  let drawn = 0;
  const next = () => {
    threefry(k0, k1, drawn | 0, Math.floor(drawn / 2 ** 32), out);
    drawn += 1;
    return ((out[0] >>> 5) * 2 ** 26 + (out[1] >>> 6)) / 2 ** 53;
  };
  const int = (lo: number, hi: number) => lo + Math.floor(next() * (hi - lo + 1));
  return {
    next,
    int,
    pick(items) {
      if (items.length === 0) throw new RangeError("Cannot pick from an empty list.");
      return items[int(0, items.length - 1)]!;
    },
    shuffle(items) {
      const mixed = [...items];
      for (let last = mixed.length - 1; last > 0; last -= 1) {
        const other = int(0, last);
        const kept = mixed[last]!;
        mixed[last] = mixed[other]!;
        mixed[other] = kept;
      }
      return mixed;
    },
    split(...labels) {
      const key: Pair = [k0, k1];
      for (const label of labels) absorb(key, label);
      return stream(key[0], key[1]);
    },
  };
}

/** The stream of a seed. Equal seeds give equal streams on every machine; 1 and "1" are different seeds. */
export function rng(seed: number | string): Rng {
  return stream(0, 0).split(seed);
}
