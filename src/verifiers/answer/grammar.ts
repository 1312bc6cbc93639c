import { createRequire } from "node:module";
import type { MathJsonExpression } from "@cortex-js/compute-engine/latex-syntax";

/** A parsed formula: a number, a symbol, or an operator with its operands. */
export type Formula = number | string | Call;

/** `["Add", "x", 1]`; digits that a double cannot hold stay text, marked by `digits`. */
export interface Call {
  readonly head: string;
  readonly args: readonly Formula[];
  /** The number as it was written, for head "Number". */
  readonly digits?: string;
}

/** Bounds on what is parsed: the grammar's time grows without bound on hostile input beyond them. */
const LONGEST_FORMULA = 300;
const MOST_NODES = 400;
const MOST_BARS = 4;
const MOST_DEPTH = 12;
/** `[` opens the degree of a root; nested ones are tried in every combination. */
const MOST_ROOTS = 4;

/** Commands that an answer may hold. Others (limits, integrals, matrices) are left to string comparison. */
const COMMANDS = new Set(
  (
    "frac sqrt pi cdot times div infty binom sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh " +
    "ln log exp circ lfloor rfloor lceil rceil operatorname mathrm imaginaryI exponentialE " +
    "alpha beta gamma delta epsilon theta lambda mu nu phi varphi rho sigma tau omega psi xi kappa eta zeta"
  ).split(" "),
);

const FUNCTIONS =
  "sqrt|sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|asin|acos|atan|sinh|cosh|tanh|ln|log|exp";

/** Writes plain-text mathematics (`sqrt(2)`, `x**2`, `2*pi`) as LaTeX. */
function asLatex(text: string): string {
  return text
    .replace(/\*\*/g, "^")
    .replace(/\*/g, "\\cdot ")
    .replace(/(?<![\\a-zA-Z])pi(?![a-zA-Z])/g, "\\pi ")
    .replace(new RegExp(`(?<![\\\\a-zA-Z])(${FUNCTIONS})(?![a-zA-Z])`, "g"), "\\$1 ")
    .replace(/\\a(sin|cos|tan)(?![a-zA-Z])/g, "\\arc$1")
    .replace(/\\(sin|cos|tan) ?\^\{-1\}/g, "\\arc$1 ")
    .replace(/\\sqrt \(([^()]*)\)/g, "\\sqrt{$1}")
    .replace(/\^\(([^()]*)\)/g, "^{($1)}");
}

/** Words are not products of letters: "listen" must never equal "silent". */
function holdsWord(text: string): boolean {
  const letters = text.replace(/\\[a-zA-Z]+/g, " ").match(/[a-zA-Z]{3,}/g) ?? [];
  return letters.some((run) => !/^[abcnxyz]+$/.test(run));
}

/** Whether brackets of each kind close in order, no deeper than MOST_DEPTH. */
function isBalanced(text: string): boolean {
  const open: string[] = [];
  for (const char of text) {
    if ("([{".includes(char)) open.push(char === "(" ? ")" : char === "[" ? "]" : "}");
    else if (")]}".includes(char) && open.pop() !== char) return false;
    if (open.length > MOST_DEPTH) return false;
  }
  return open.length === 0;
}

function isSafe(text: string): boolean {
  if (text.length > LONGEST_FORMULA || holdsWord(text) || !isBalanced(text)) return false;
  if ((text.match(/\|/g) ?? []).length > MOST_BARS) return false;
  if ((text.match(/\[/g) ?? []).length > MOST_ROOTS) return false;
  const commands = text.match(/\\[a-zA-Z]+|\\./g) ?? [];
  return commands.every((command) => COMMANDS.has(command.slice(1)));
}

let parser: ((latex: string) => MathJsonExpression | null) | undefined;

/** The only place that loads the compute engine's LaTeX grammar: about 80 ms, on the first formula. */
function loadParser(): (latex: string) => MathJsonExpression | null {
  if (parser === undefined) {
    const require = createRequire(import.meta.url);
    const engine: typeof import("@cortex-js/compute-engine/latex-syntax") = require("@cortex-js/compute-engine/latex-syntax");
    const syntax = new engine.LatexSyntax();
    parser = (latex) => syntax.parse(latex);
  }
  return parser;
}

/** The grammar's result as a `Formula`; `undefined` when some of it was not understood or it is too large. */
function simplify(parsed: unknown): Formula | undefined {
  let nodes = 0;
  const visit = (node: unknown): Formula | undefined => {
    nodes += 1;
    if (nodes > MOST_NODES) return undefined;
    if (typeof node === "number" || typeof node === "string") return node;
    if (Array.isArray(node)) {
      const [head, ...rest] = node as unknown[];
      if (typeof head !== "string" || head === "Error") return undefined;
      const args: Formula[] = [];
      for (const part of rest) {
        const arg = visit(part);
        if (arg === undefined) return undefined;
        args.push(arg);
      }
      return { head, args };
    }
    if (node === null || typeof node !== "object") return undefined;
    if ("fn" in node) return visit(node.fn);
    if ("sym" in node) return visit(node.sym);
    if ("num" in node && typeof node.num === "string") return { head: "Number", args: [], digits: node.num };
    return undefined;
  };
  return visit(parsed);
}

const parsed = new Map<string, Formula | undefined>();
const MOST_PARSED = 2000;

/**
 * Parses an answer in normal form as a formula, LaTeX or plain. `undefined` for what is no formula, and for
 * text outside the bounds that keep parsing fast. Never throws.
 */
export function parseFormula(text: string): Formula | undefined {
  if (parsed.has(text)) return parsed.get(text);
  const latex = asLatex(text);
  let formula: Formula | undefined;
  if (isSafe(latex)) {
    try {
      formula = simplify(loadParser()(latex));
    } catch {
      formula = undefined;
    }
  }
  if (parsed.size >= MOST_PARSED) parsed.clear();
  parsed.set(text, formula);
  return formula;
}
