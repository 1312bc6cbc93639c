import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** One strategy on one problem at one size. */
export interface Cell {
  /** Fingerprints of its models: cells of other models are passed over. */
  readonly models: string;
  readonly problem: string;
  readonly family: string;
  readonly level: number;
  /** Label of the contender. */
  readonly label: string;
  /** Generations that it was allowed. */
  readonly n: number;
  readonly right: boolean;
  /** Generated tokens of the generator. */
  readonly generated: number;
  /** Input and output tokens of all roles. */
  readonly tokens: number;
  readonly flops: number;
  /** Of the cell that draws all samples: "1" for each right one, else "0". */
  readonly samples?: string;
}

/** Names a cell within the runs of one set of models. */
export function cellKey({ problem, label, n }: Pick<Cell, "problem" | "label" | "n">): string {
  return `${problem} ${label} ${n}`;
}

/** Cells of any of these models in a file of JSON lines, each once. A line torn by a kill is passed over. */
export function readCells(file: string, models: readonly string[]): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  if (!existsSync(file)) return cells;
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const cell = parse(line);
    if (cell !== undefined && models.includes(cell.models)) cells.set(cellKey(cell), cell);
  }
  return cells;
}

function parse(line: string): Cell | undefined {
  try {
    return JSON.parse(line) as Cell;
  } catch {
    return undefined;
  }
}

/** Appends cells; each begins a line of its own even behind a torn one. */
export function appendCells(file: string, cells: readonly Cell[]): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const torn = existsSync(file) && !/(?:^|\n)$/.test(readFileSync(file, "utf8"));
  appendFileSync(file, `${torn ? "\n" : ""}${cells.map((cell) => `${JSON.stringify(cell)}\n`).join("")}`);
}
