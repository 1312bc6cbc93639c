/** An exact number: `top / bottom` in lowest terms, `bottom` positive. */
export interface Rational {
  readonly top: bigint;
  readonly bottom: bigint;
}

/** Numbers of more bits are not computed: a few characters such as 9^9^9 could ask for gigabytes. */
const MOST_BITS = 4096;
const MOST_DIGITS = 400;

function bits(value: bigint): number {
  return value.toString(16).length * 4;
}

/** The exact fraction, or `undefined` for a zero denominator and beyond MOST_BITS. */
export function rational(top: bigint, bottom = 1n): Rational | undefined {
  if (bottom === 0n) return undefined;
  let [a, b] = [top < 0n ? -top : top, bottom < 0n ? -bottom : bottom];
  while (b !== 0n) [a, b] = [b, a % b];
  const divisor = bottom < 0n ? -a : a;
  const made = { top: top / divisor, bottom: bottom / divisor };
  return bits(made.top) + bits(made.bottom) > MOST_BITS ? undefined : made;
}

export function equalRational(a: Rational, b: Rational): boolean {
  return a.top === b.top && a.bottom === b.bottom;
}

export function add(a: Rational, b: Rational): Rational | undefined {
  return rational(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom);
}

export function multiply(a: Rational, b: Rational): Rational | undefined {
  return rational(a.top * b.top, a.bottom * b.bottom);
}

export function divide(a: Rational, b: Rational): Rational | undefined {
  return rational(a.top * b.bottom, a.bottom * b.top);
}

export function negate(a: Rational): Rational {
  return { top: -a.top, bottom: a.bottom };
}

/** `base` to a whole power; `undefined` for any other exponent and where the result grows too large. */
export function power(base: Rational, exponent: Rational): Rational | undefined {
  if (exponent.bottom !== 1n) return undefined;
  const size = exponent.top < 0n ? -exponent.top : exponent.top;
  const trivial = base.bottom === 1n && base.top >= -1n && base.top <= 1n;
  if (!trivial && size * BigInt(bits(base.top) + bits(base.bottom)) > 2n * BigInt(MOST_BITS))
    return undefined;
  const times = trivial ? 2n - (size % 2n) : size;
  const raised = size === 0n ? rational(1n) : rational(base.top ** times, base.bottom ** times);
  return raised !== undefined && exponent.top < 0n ? rational(raised.bottom, raised.top) : raised;
}

/** Nearest double. */
export function toNumber({ top, bottom }: Rational): number {
  const direct = Number(top) / Number(bottom);
  if (Number.isFinite(direct)) return direct;
  const shift = BigInt(Math.max(0, Math.min(bits(top), bits(bottom)) - 64));
  return Number(top >> shift) / Number(bottom >> shift);
}

/** `1234`, `-0.5`, `1/3`: a terminating decimal of at most 30 places, otherwise a fraction. */
export function formatRational({ top, bottom }: Rational): string {
  if (bottom === 1n) return String(top);
  let rest = bottom;
  let places = 0;
  for (const prime of [2n, 5n]) {
    let count = 0;
    for (; rest % prime === 0n; count += 1) rest /= prime;
    places = Math.max(places, count);
  }
  if (rest !== 1n || places > 30) return `${top}/${bottom}`;
  const digits = String(((top < 0n ? -top : top) * 10n ** BigInt(places)) / bottom).padStart(places + 1, "0");
  return `${top < 0n ? "-" : ""}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

const DECIMAL = /^(\d*)(?:\.(\d*)(?:\\overline\{(\d+)\}|\((\d+)\))?)?(?:[eE]([-+]?\d{1,3}))?$/;

/** An unsigned decimal such as `12`, `.5`, `1.5e3` or `0.1\overline{6}`, exactly. */
function parseDecimal(text: string): Rational | undefined {
  const match = text.length <= MOST_DIGITS && text.length > 0 ? DECIMAL.exec(text) : null;
  if (match === null) return undefined;
  const [, whole = "", fixed = "", over, bracketed, exponent = "0"] = match;
  const repeated = over ?? bracketed ?? "";
  if (whole + fixed + repeated === "") return undefined;
  const scale = 10n ** BigInt(fixed.length);
  const cycle = repeated === "" ? 1n : 10n ** BigInt(repeated.length) - 1n;
  const top = BigInt(whole + fixed || "0") * cycle + BigInt(repeated || "0");
  const value = rational(top, scale * cycle);
  const factor = power({ top: 10n, bottom: 1n }, { top: BigInt(exponent), bottom: 1n });
  return value && factor && multiply(value, factor);
}

const FRACTION = /^\\frac(?:\{([^{}]+)\}|(\d))(?:\{([^{}]+)\}|(\d))$/;
const TIMES_TEN = /^(.+?)(?:\\times|\\cdot|\*)10\^(?:\{([-+]?\d{1,3})\}|([-+]?\d{1,3}))$/;

function parseUnsigned(text: string): Rational | undefined {
  const decimal = parseDecimal(text);
  if (decimal !== undefined) return decimal;
  const slash = text.indexOf("/");
  if (slash > 0) return quotient(text.slice(0, slash), text.slice(slash + 1));
  const fraction = FRACTION.exec(text);
  if (fraction !== null) return quotient((fraction[1] ?? fraction[2])!, (fraction[3] ?? fraction[4])!);
  const scaled = TIMES_TEN.exec(text);
  if (scaled !== null) {
    const value = parseUnsigned(scaled[1]!);
    const factor = parseDecimal(`1e${scaled[2] ?? scaled[3]}`);
    return value && factor && multiply(value, factor);
  }
  return undefined;
}

function quotient(top: string, bottom: string): Rational | undefined {
  const [a, b] = [parseSigned(top), parseSigned(bottom)];
  return a && b && divide(a, b);
}

function parseSigned(text: string): Rational | undefined {
  const sign = /^[-+]?/.exec(text)![0];
  const value = parseDecimal(text.slice(sign.length));
  return value && sign === "-" ? negate(value) : value;
}

const MIXED = /^(\d+)(?: +(\d+\/\d+)|(\\frac.*))$/;

/**
 * The exact number that a text in normal form states: an integer, decimal, fraction (`3/4`, `\frac34`), mixed
 * number (`3 1/2`, `3\frac{1}{2}`), repeating decimal or power of ten (`1.5e3`, `1.5\times10^3`), signed or
 * not. `undefined` for anything else.
 */
export function parseRational(text: string): Rational | undefined {
  if (text.length > MOST_DIGITS) return undefined;
  const sign = /^(?:[-+] ?)?/.exec(text)![0];
  const body = text.slice(sign.length);
  const mixed = MIXED.exec(body);
  let value: Rational | undefined;
  if (mixed !== null) {
    const part = parseUnsigned((mixed[2] ?? mixed[3])!);
    const whole = parseDecimal(mixed[1]!);
    value = part && whole && part.top >= 0n ? add(whole, part) : undefined;
  } else {
    value = parseUnsigned(body.replace(/ /g, ""));
    if (/\d \d/.test(body)) value = undefined;
  }
  return value && sign.startsWith("-") ? negate(value) : value;
}
