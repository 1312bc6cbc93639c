import { UsageError } from "../../types.ts";

/** Reads a value of JSON that stands `at` a place, or throws a `UsageError` that says what is wrong there. */
export type Check<T> = (value: unknown, at: string) => T;

/** @throws UsageError */
export function wrong(at: string, what: string): never {
  throw new UsageError(`The report is wrong at ${at === "" ? "the top" : at}: ${what}.`);
}

export const text: Check<string> = (value, at) =>
  typeof value === "string" ? value : wrong(at, "it must be a text");

export const number: Check<number> = (value, at) =>
  typeof value === "number" ? value : wrong(at, "it must be a number");

/** `undefined` for what is left out, or `null`. */
export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, at) => (value === undefined || value === null ? undefined : check(value, at));
}

export function oneOf<const T extends string>(...names: readonly T[]): Check<T> {
  return (value, at) => names.find((name) => name === value) ?? wrong(at, `it must be ${names.join(" or ")}`);
}

export function list<T>(check: Check<T>): Check<readonly T[]> {
  return (value, at) =>
    Array.isArray(value)
      ? value.map((item, index) => check(item, `${at}[${index}]`))
      : wrong(at, "it must be a list");
}

/** An object with these fields and no others. */
export function fields<T extends object>(
  checks: { readonly [K in keyof Required<T>]: Check<T[K]> },
): Check<T> {
  const names = Object.keys(checks);
  return (value, at) => {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return wrong(at, `it must be an object with ${names.join(", ")}`);
    const odd = Object.keys(value).find((name) => !names.includes(name));
    if (odd !== undefined) return wrong(at, `it knows no "${odd}", only ${names.join(", ")}`);
    const entries = Object.entries<Check<unknown>>(checks).map(([name, check]) => [
      name,
      check((value as Readonly<Record<string, unknown>>)[name], at === "" ? name : `${at}.${name}`),
    ]);
    return Object.fromEntries(entries.filter(([, one]) => one !== undefined)) as T;
  };
}

/** Adds a condition that holds for all good values; `what` says it as "it must ...". */
export function where<T>(check: Check<T>, holds: (value: T) => boolean, what: string): Check<T> {
  return (value, at) => {
    const read = check(value, at);
    return holds(read) ? read : wrong(at, what);
  };
}
