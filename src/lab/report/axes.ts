import { formatTick, powerOfTen } from "./numbers.ts";
import type { Format, ScaleName } from "./types.ts";

/** Where values lie along an axis, and which of them are written at it. */
export interface Axis {
  readonly type: "linear" | "log";
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
  readonly format: (tick: number) => string;
}

/** How many px from its start a tick lies on an axis. */
type Place = (tick: number) => number;

/** Width of a character at the size of tick labels, in px: a little more than most fonts need. */
const CHARACTER = 7.2;
/** Height of a label, in px. */
export const LINE = 15;
/** Least room between two tick labels, in px. */
const GAP = 9;

export function widthOf(text: string): number {
  return CHARACTER * [...text].length;
}

/** The text, cut where it would be wider than `px`. */
export function fit(text: string, px: number): string {
  const characters = [...text.replace(/\s+/g, " ")];
  const most = Math.max(1, Math.floor(px / CHARACTER));
  return characters.length <= most ? characters.join("") : `${characters.slice(0, most - 1).join("")}…`;
}

/**
 * An axis that holds all values; those that are not above 0 do not count on logarithmic ones. It is `length` px long,
 * and a label takes `sizeOf` px of it (default: its width).
 */
export function axisOf(
  values: readonly number[],
  scale: ScaleName,
  length: number,
  format: Format,
  sizeOf: (label: string) => number = widthOf,
): Axis {
  return scale === "linear"
    ? linearAxis(values, format, { length, sizeOf })
    : logAxis(values, scale, format, { length, sizeOf });
}

/** How long an axis is and how much of it a label takes, in px. */
interface Room {
  readonly length: number;
  readonly sizeOf: (label: string) => number;
}

function logAxis(values: readonly number[], scale: "log2" | "log10", format: Format, room: Room): Axis {
  const positive = values.filter((value) => value > 0);
  const [least, most] = positive.length === 0 ? [1, 8] : extent(positive);
  const widen = most / least < 6 ? Math.sqrt(6 / (most / least)) : 1;
  const domain = [least / widen, most * widen] as const;
  const write = (tick: number) =>
    scale === "log10" && domain[1] >= 1e8 ? powerOfTen(tick) : formatTick(tick, format);
  const [from, to] = domain.map(Math.log) as [number, number];
  const place = (tick: number) => (room.length * (Math.log(tick) - from)) / (to - from);
  const isApart = (ticks: readonly number[]) => apart(ticks, place, (tick) => room.sizeOf(write(tick)));
  const fine = scale === "log2" ? powers(2, domain) : oneTwoFive(domain);
  const coarse = scale === "log2" ? fine : powers(10, domain);
  const ticks = isApart(fine) ? fine : thinned(coarse, isApart);
  return { type: "log", domain, ticks, format: write };
}

function powers(base: number, [least, most]: readonly [number, number]): readonly number[] {
  const first = Math.ceil(Math.log(least) / Math.log(base) - 1e-9);
  const last = Math.floor(Math.log(most) / Math.log(base) + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => base ** (first + index));
}

/** Every tick, or every second, every third, ... until they are apart. */
function thinned(
  ticks: readonly number[],
  isApart: (ticks: readonly number[]) => boolean,
): readonly number[] {
  for (let every = 1; every < ticks.length; every += 1) {
    const some = ticks.filter((_, index) => index % every === 0);
    if (isApart(some)) return some;
  }
  return ticks.slice(0, 1);
}

function oneTwoFive([least, most]: readonly [number, number]): readonly number[] {
  const first = Math.floor(Math.log10(least));
  return Array.from({ length: Math.ceil(Math.log10(most)) - first + 1 }, (_, index) => first + index)
    .flatMap((exponent) => [1, 2, 5].map((digit) => Number(`${digit}e${exponent}`)))
    .filter((tick) => tick >= least && tick <= most);
}

function linearAxis(values: readonly number[], format: Format, { length, sizeOf }: Room): Axis {
  const [low, high] = values.length === 0 ? [0, 1] : extent(values);
  const [least, most] = widened(low, high, format);
  const write = (tick: number) => formatTick(tick, format);
  for (let count = 6; ; count -= 1) {
    const step = niceStep((most - least) / count);
    const first = Math.floor(least / step + 1e-9);
    const last = Math.ceil(most / step - 1e-9);
    const ticks = Array.from({ length: last - first + 1 }, (_, index) =>
      Number(((first + index) * step).toPrecision(12)),
    );
    const domain = [ticks[0]!, ticks.at(-1)!] as const;
    const place = (tick: number) => (length * (tick - domain[0])) / (domain[1] - domain[0]);
    if (count === 1 || apart(ticks, place, (tick) => sizeOf(write(tick))))
      return { type: "linear", domain, ticks, format: write };
  }
}

/** Room for values that are (nearly) the same; shares stay from 0 to 1. */
function widened(low: number, high: number, format: Format): readonly [number, number] {
  const room = Math.max(1e-9 * Math.max(Math.abs(low), Math.abs(high)), format === "percent" ? 0.2 : 1e-9);
  if (high - low >= room) return [low, high];
  const [least, most] = [low - room / 2, high + room / 2];
  const isShare = format === "percent" && low >= 0 && high <= 1;
  return isShare ? [Math.max(0, least), Math.min(1, most)] : [least, most];
}

/** The least of 1, 2, 5, 10, ... times a power of ten that is at least as large. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((digit) => digit * power >= least * (1 - 1e-9)) ?? 10);
}

/** Whether the labels of neighbouring ticks leave a gap. */
function apart(ticks: readonly number[], place: Place, sizeOf: (tick: number) => number): boolean {
  return ticks.every((tick, index) => {
    const next = ticks[index + 1];
    if (next === undefined) return true;
    return place(next) - place(tick) >= (sizeOf(tick) + sizeOf(next)) / 2 + GAP;
  });
}

/** The least and the largest value. */
export function extent(values: readonly number[]): readonly [number, number] {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ] as readonly [number, number]);
}
