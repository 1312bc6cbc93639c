/** Several values in one answer. `list`: in no order (`1, 2`, `\{1,2\}`, `x=1 or x=2`); `tuple`: in order. */
export interface Collection {
  readonly kind: "list" | "tuple" | "matrix" | "union";
  /** Brackets of an interval or tuple, "" otherwise. */
  readonly open: string;
  readonly close: string;
  readonly items: readonly string[];
}

/** Splits where `separator` matches outside of brackets; one item when it does not. */
export function splitTop(text: string, separator: RegExp): string[] {
  const items: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    if ("([{".includes(char)) depth += 1;
    else if (")]}".includes(char)) depth = Math.max(0, depth - 1);
    if (depth > 0) continue;
    separator.lastIndex = at;
    const match = separator.exec(text);
    if (match === null) continue;
    items.push(text.slice(from, at));
    from = at + match[0].length;
    at = from - 1;
  }
  items.push(text.slice(from));
  return items.map((item) => item.trim());
}

const COMMA = /[,;]/y;
const LIST = /(?:[,;] ?(?:and|or)? ?| (?:and|or) )/y;
const UNION = /\\cup ?/y;
const MATRIX = /^\\begin\{[pbvB]?matrix\}(.*)\\end\{[pbvB]?matrix\}$/;

/** Whether the bracket that opens the text closes at its end. */
function enclosed(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if ("([{".includes(text[at]!)) depth += 1;
    else if (")]}".includes(text[at]!)) depth -= 1;
    if (depth === 0) return at === text.length - 1;
  }
  return false;
}

/** Reads a set, tuple, interval, union, matrix or list; `undefined` for a single value. */
export function parseCollection(text: string): Collection | undefined {
  if (text === "\\emptyset") return { kind: "list", open: "", close: "", items: [] };
  const matrix = MATRIX.exec(text);
  if (matrix !== null) {
    const items = matrix[1]!
      .split("\\\\")
      .flatMap((row, index) => [...(index > 0 ? [";"] : []), ...row.split("&")]);
    return { kind: "matrix", open: "", close: "", items: items.map((item) => item.trim()) };
  }
  const union = splitTop(text, UNION);
  if (union.length > 1) return { kind: "union", open: "", close: "", items: union };
  const set = /^\\\{(.*)\\\}$/.exec(text) ?? /^\{(.*)\}$/.exec(text);
  if (set !== null && enclosed(text.replaceAll("\\", ""))) {
    return { kind: "list", open: "", close: "", items: splitTop(set[1]!, COMMA) };
  }
  if (/^[([].*[)\]]$/.test(text) && enclosed(text)) {
    const items = splitTop(text.slice(1, -1), COMMA);
    if (items.length > 1) return { kind: "tuple", open: text[0]!, close: text.at(-1)!, items };
  }
  const items = splitTop(text, LIST);
  if (items.length > 1) return { kind: "list", open: "", close: "", items };
  const signs = /^((?:[a-zA-Z]=)?)(.*?)\\pm ?(.+)$/.exec(text);
  if (signs === null) return undefined;
  const [, name, before, after] = signs as unknown as [string, string, string, string];
  return {
    kind: "list",
    open: "",
    close: "",
    items: [`${name}${before}${before === "" ? "" : "+"}${after}`, `${name}${before}-${after}`],
  };
}

/** Whether each item of `a` has its own equal in `b`; repeated values count once. */
export function sameItems(a: Collection, b: Collection, equal: (x: string, y: string) => boolean): boolean {
  if (a.kind !== b.kind || a.open !== b.open || a.close !== b.close) return false;
  if (a.kind === "tuple" || a.kind === "matrix") {
    return a.items.length === b.items.length && a.items.every((item, index) => equal(item, b.items[index]!));
  }
  const within = (items: readonly string[], others: readonly string[]) =>
    items.every((item) => others.some((other) => equal(item, other)));
  return within(a.items, b.items) && within(b.items, a.items);
}
