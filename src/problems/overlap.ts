/** A test item that shares a run of words with training text. */
export interface Overlap {
  /** Index of the test text. */
  readonly test: number;
  /** The first shared run, words joined by one space. */
  readonly gram: string;
}

/**
 * Default length of a shared run. 24 words are about three sentences of a chain problem, numbers and names
 * included: single sentences recur by chance (between 100,000 training and 1,600 test problems nearly every
 * chain prompt shares 8 words, one shares 13, none 16), three in the same order only in a copied story. A
 * shorter test text, such as a countdown prompt, must recur as a whole: half of it is the wording.
 */
export const OVERLAP_WORDS = 24;

const BASE = [0x01000193, 0x85ebca6b] as const;

/** Gives every word a fixed pseudo-random number, equal words the same one. */
function wordNumbers(): (text: string) => { words: string[]; numbers: number[] } {
  const table = new Map<string, number>();
  return (text) => {
    const words = text.toLowerCase().match(/[\p{L}\p{N}]+|[-+*/=]/gu) ?? [];
    const numbers = words.map((word) => {
      const kept = table.get(word);
      if (kept !== undefined) return kept;
      const made = Math.imul(table.size + 1, 0x9e3779b1);
      table.set(word, made);
      return made;
    });
    return { words, numbers };
  };
}

/** Calls `visit` with a hash (below 2^53) of every run of `size` numbers, by a rolling polynomial. */
function rollingHashes(
  numbers: readonly number[],
  size: number,
  visit: (hash: number, start: number) => void,
): void {
  let [x, y, dropX, dropY] = [0, 0, 1, 1];
  for (let step = 0; step < size; step += 1) {
    dropX = Math.imul(dropX, BASE[0]);
    dropY = Math.imul(dropY, BASE[1]);
  }
  for (let at = 0; at < numbers.length; at += 1) {
    const out = at >= size ? numbers[at - size]! : 0;
    x = (Math.imul(x, BASE[0]) + numbers[at]! - Math.imul(out, dropX)) | 0;
    y = (Math.imul(y, BASE[1]) + numbers[at]! - Math.imul(out, dropY)) | 0;
    if (at >= size - 1) visit((x >>> 0) * 2 ** 21 + (y >>> 11), at - size + 1);
  }
}

/**
 * The test texts that share a run of `n` words (default OVERLAP_WORDS) with any training text, in the order
 * of the test texts. Words are compared without case and punctuation. A test text of fewer than `n` words
 * counts when it occurs as a whole inside a training text. Training texts are streamed: memory grows with the
 * test texts only.
 */
export function ngramOverlap(
  trainTexts: Iterable<string>,
  testTexts: Iterable<string>,
  n = OVERLAP_WORDS,
): Overlap[] {
  if (!Number.isInteger(n) || n < 1)
    throw new RangeError(`The run length ${n} must be a whole number, 1 or more.`);
  const read = wordNumbers();
  const bySize = new Map<number, Map<number, { gram: string; tests: Set<number> }[]>>();
  let index = 0;
  for (const text of testTexts) {
    const { words, numbers } = read(text);
    const size = Math.min(n, words.length);
    const grams = bySize.get(size) ?? new Map<number, { gram: string; tests: Set<number> }[]>();
    bySize.set(size, grams);
    rollingHashes(numbers, size, (hash, start) => {
      const gram = words.slice(start, start + size).join(" ");
      const bucket = grams.get(hash) ?? [];
      grams.set(hash, bucket);
      const entry = bucket.find((one) => one.gram === gram);
      if (entry === undefined) bucket.push({ gram, tests: new Set([index]) });
      else entry.tests.add(index);
    });
    index += 1;
  }
  const found = new Map<number, string>();
  for (const text of trainTexts) {
    const { words, numbers } = read(text);
    for (const [size, grams] of bySize) {
      if (size === 0) continue;
      rollingHashes(numbers, size, (hash, start) => {
        const bucket = grams.get(hash);
        if (bucket === undefined) return;
        const gram = words.slice(start, start + size).join(" ");
        for (const test of bucket.find((entry) => entry.gram === gram)?.tests ?? []) {
          if (!found.has(test)) found.set(test, gram);
        }
      });
    }
  }
  return [...found].map(([test, gram]) => ({ test, gram })).sort((a, b) => a.test - b.test);
}
