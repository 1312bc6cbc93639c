import { UsageError } from "../types.ts";

/** Most values of N in one list. */
const MOST = 1000;

/**
 * A list of whole numbers above 0, such as "16", "1,2,4,8" or "1,2,4,...,512": the dots go on by the factor, or
 * else by the step, of the numbers before them. Throws a `UsageError` for anything else.
 */
export function parseCounts(text: string): readonly number[] {
  const wrong = () =>
    new UsageError(`"${text}" is no list of numbers: write 4, or 1,2,4,8, or 1,2,4,...,512.`);
  const parts = text.split(",").map((part) => part.trim());
  const dots = parts.findIndex((part) => part === "..." || part === "…");
  const numbers = parts.map((part) => (/^\d+$/.test(part) ? Number(part) : Number.NaN));
  if (numbers.some((number, place) => place !== dots && !(number >= 1 && Number.isSafeInteger(number))))
    throw wrong();
  if (dots < 0) return numbers;
  const last = numbers[dots + 1];
  if (dots < 2 || dots !== parts.length - 2 || last === undefined) throw wrong();
  const next = progression(numbers.slice(0, dots));
  if (next === undefined) throw wrong();
  const all = numbers.slice(0, dots);
  for (let value = next(all.at(-1)!); value < last && all.length < MOST; value = next(value)) all.push(value);
  return [...all, last];
}

/** What follows a number, by factor where there is one: of 2,4,... that is 8. */
function progression(numbers: readonly number[]): ((number: number) => number) | undefined {
  const [first, second] = numbers as [number, number];
  const goesOn = (next: (number: number) => number) =>
    numbers.slice(1).every((number, place) => number === next(numbers[place]!));
  const factor = second / first;
  const step = second - first;
  if (factor > 1 && Number.isInteger(factor) && goesOn((number) => number * factor))
    return (number) => number * factor;
  return step > 0 && goesOn((number) => number + step) ? (number) => number + step : undefined;
}
