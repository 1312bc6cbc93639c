/** A sum or product, flattened: `sign` is +1 for added or multiplied parts, -1 for the others. */
interface Series {
  readonly kind: "sum" | "product";
  readonly parts: readonly { readonly sign: 1 | -1; readonly node: Node }[];
}
type Node = number | Series;

/** No expression over six numbers is longer; it also bounds the recursion. */
const LONGEST = 200;

/** Joins `a op b` into one flat series, so that (a+b)+c and a+(b+c) are the same. */
function join(kind: Series["kind"], a: Node, sign: 1 | -1, b: Node): Series {
  const flat = (node: Node, outer: 1 | -1): Series["parts"] =>
    typeof node === "object" && node.kind === kind
      ? node.parts.map((part) => ({ sign: (part.sign * outer) as 1 | -1, node: part.node }))
      : [{ sign: outer, node }];
  return { kind, parts: [...flat(a, 1), ...flat(b, sign)] };
}

/** Recursive descent over + - * / and brackets; `undefined` for anything else. */
function parse(tokens: readonly string[]): Node | undefined {
  let at = 0;
  const factor = (): Node | undefined => {
    const token = tokens[at++];
    if (token !== "(") return token !== undefined && /^\d+$/.test(token) ? Number(token) : undefined;
    const inner = sum();
    return tokens[at++] === ")" ? inner : undefined;
  };
  const series = (kind: Series["kind"], next: () => Node | undefined, plus: string, minus: string) => () => {
    let left = next();
    while (left !== undefined && (tokens[at] === plus || tokens[at] === minus)) {
      const sign = tokens[at++] === plus ? 1 : -1;
      const right = next();
      left = right === undefined ? undefined : join(kind, left, sign, right);
    }
    return left;
  };
  const product = series("product", factor, "*", "/");
  const sum: () => Node | undefined = series("sum", product, "+", "-");
  const tree = sum();
  return at === tokens.length ? tree : undefined;
}

/** Positive parts first; among them larger numbers first, brackets after numbers. */
function ordered(a: { sign: number; text: string }, b: { sign: number; text: string }): number {
  const [x, y] = [Number(a.text), Number(b.text)];
  if (a.sign !== b.sign) return b.sign - a.sign;
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  if (!Number.isNaN(x)) return y - x;
  return a.text < b.text ? 1 : a.text > b.text ? -1 : 0;
}

function write(node: Node): string {
  if (typeof node === "number") return String(node);
  const [plus, minus] = node.kind === "sum" ? ["+", "-"] : ["*", "/"];
  const parts = node.parts.map(({ sign, node: inner }) => {
    const text = write(inner);
    const wrap = node.kind === "product" && typeof inner === "object" && inner.kind === "sum";
    return { sign, text: wrap ? `(${text})` : text };
  });
  const [first, ...rest] = parts.sort(ordered);
  return first!.text + rest.map(({ sign, text }) => (sign === 1 ? plus : minus) + text).join("");
}

/**
 * One text for all orders and groupings of a game of + - * / over whole numbers: `3+(12-5)*3` and
 * `(12-5)*3+3` become `3+(12-5)*3`. Nothing is evaluated. `undefined` for any other text.
 */
export function canonicalExpression(expression: string): string | undefined {
  if (expression.length > LONGEST) return undefined;
  const plain = expression
    .replace(/×|·|\\times|\\cdot/g, "*")
    .replace(/÷|\\div/g, "/")
    .replace(/−/g, "-")
    .replace(/\\left|\\right|\s|\$/g, "");
  if (!/^[\d()+*/-]+$/.test(plain)) return undefined;
  const tree = parse(plain.match(/\d+|[()+*/-]/g)!);
  return tree === undefined ? undefined : write(tree);
}
