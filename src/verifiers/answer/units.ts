import { multiply, parseRational, type Rational, rational } from "./rational.ts";

/** A number with what it counts: `5 cm`, `50%`, `$3`. Without a unit when the answer names none. */
export interface Quantity {
  readonly value: Rational;
  readonly unit?: string;
}

const SYMBOLS: Readonly<Record<string, string>> = {
  $: "dollar",
  "€": "euro",
  "£": "pound",
  "%": "percent",
  "^\\circ": "degree",
};

/** Other spellings of a unit; plurals in -s are understood without being listed. */
const SPELLINGS: Readonly<Record<string, string>> = {
  usd: "dollar",
  eur: "euro",
  "per cent": "percent",
  deg: "degree",
  cm: "centimeter",
  centimetre: "centimeter",
  mm: "millimeter",
  millimetre: "millimeter",
  m: "meter",
  metre: "meter",
  km: "kilometer",
  kilometre: "kilometer",
  in: "inch",
  inches: "inch",
  ft: "foot",
  feet: "foot",
  g: "gram",
  kg: "kilogram",
  l: "liter",
  litre: "liter",
  ml: "milliliter",
  s: "second",
  sec: "second",
  min: "minute",
  h: "hour",
  hr: "hour",
};

/** Units that are plain numbers times another one: 50% is 0.5, 25 cents are 0.25 dollars. */
const MULTIPLES: Readonly<Record<string, { readonly of: string | undefined; readonly factor: Rational }>> = {
  percent: { of: undefined, factor: rational(1n, 100n)! },
  cent: { of: "dollar", factor: rational(1n, 100n)! },
};

/** Words that multiply the number before them. */
const SCALES: Readonly<Record<string, bigint>> = {
  dozen: 12n,
  hundred: 100n,
  thousand: 1000n,
  million: 1_000_000n,
  billion: 1_000_000_000n,
  trillion: 1_000_000_000_000n,
};

/** Units that a formula may carry (`2\sqrt{3} cm`); any other word after a formula makes it no formula. */
const KNOWN = new Set([
  ...Object.values(SYMBOLS),
  ...Object.values(SPELLINGS),
  ...[
    "cent",
    "unit",
    "radian",
    "mile",
    "yard",
    "pound",
    "ounce",
    "day",
    "week",
    "month",
    "year",
    "mph",
    "gallon",
  ],
]);

function singular(word: string): string {
  return word.length > 3 && /[^s]s$/.test(word) ? word.slice(0, -1) : word;
}

function unitName(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/\.$/, "")
    .replace(/\^\{?(\d)\}?/g, "^$1")
    .trim();
  const squared = plain.replace(/^(?:square|sq\.?) (.*)$/, "$1^2").replace(/^cubic (.*)$/, "$1^3");
  const [, base = squared, exponent = ""] = /^(.*?)(\^\d)?$/.exec(squared)!;
  const known = SPELLINGS[base] ?? SPELLINGS[singular(base)] ?? singular(base);
  return known + exponent;
}

const PREFIXED = /^([-+]?)([$€£])(.+)$/;
const SUFFIXED = /^(.*[\d})])(%|\^\\circ|[$€£]| ?[a-zA-Z][a-zA-Z. ]*?(?:\^(?:\{\d\}|\d))?)$/;
/** Small units that follow their number without a space; other letters there are variables. */
const GLUED = /^(?:cm|mm|km|kg|ml|ft|hr|min|sec|usd|eur|m\^|cm\^|km\^)/i;

/** Reads a number with or without a unit; `undefined` for anything else. Takes an answer in normal form. */
export function parseQuantity(text: string): Quantity | undefined {
  const bare = parseRational(text);
  if (bare !== undefined) return { value: bare };
  const prefixed = PREFIXED.exec(text);
  if (prefixed !== null) {
    const value = parseRational((prefixed[1] ?? "") + prefixed[3]!.trim());
    return value && { value, unit: SYMBOLS[prefixed[2]!]! };
  }
  const suffixed = SUFFIXED.exec(text);
  if (suffixed === null) return undefined;
  const [, number, mark] = suffixed as unknown as [string, string, string];
  const value = parseRational(number.trim());
  if (value === undefined || !/^ ?[a-zA-Z]/.test(mark)) return value && { value, unit: SYMBOLS[mark]! };
  if (!mark.startsWith(" ") && !GLUED.test(mark)) return undefined;
  if (/^ [a-zA-Z]$/.test(mark) && SPELLINGS[mark.trim()] === undefined) return undefined;
  return withUnit(value, mark.trim());
}

/** `2 million dollars` as 2,000,000 with the unit dollar. */
function withUnit(value: Rational, words: string): Quantity | undefined {
  const [first = "", ...rest] = words.split(" ");
  const scale = SCALES[first.toLowerCase()];
  if (scale === undefined) return { value, unit: unitName(words) };
  const scaled = multiply(value, rational(scale)!);
  if (scaled === undefined) return undefined;
  return rest.length === 0 ? { value: scaled } : withUnit(scaled, rest.join(" "));
}

/** A formula with a known unit behind it, as both; the unit is absent when there is none. */
export function splitUnit(text: string): { formula: string; unit?: string } {
  const match = /^(.*[\d})a-z]) ((?:sq(?:uare|\.)? |cubic )?[a-zA-Z]{1,12}(?:\^\{?\d\}?)?)$/.exec(text);
  if (match === null) return { formula: text };
  const unit = unitName(match[2]!);
  return KNOWN.has(unit.replace(/\^\d$/, "")) ? { formula: match[1]!, unit } : { formula: text };
}

/** The quantity in its base unit: 50% as the number 0.5, 25 cents as 0.25 dollars. */
export function inBaseUnit({ value, unit }: Quantity): Quantity {
  const multiple = unit === undefined ? undefined : MULTIPLES[unit];
  const scaled = multiple && multiply(value, multiple.factor);
  if (multiple === undefined || scaled === undefined) return unit === undefined ? { value } : { value, unit };
  return multiple.of === undefined ? { value: scaled } : { value: scaled, unit: multiple.of };
}
