import { type Budget, type BudgetUnit, UsageError } from "../types.ts";

/** Every unit that a budget can be given in, in the order in which they are named to people. */
export const budgetUnits: readonly BudgetUnit[] = ["tokens", "flops", "usd", "ms"];

const example = "tokens=20000,flops=1e12,usd=0.01,ms=5000";

/** What is wrong with one limit, or `undefined`. */
function complaint(unit: BudgetUnit, limit: number): string | undefined {
  if (!Number.isFinite(limit)) return "is not a number";
  if (limit < 0) return "is negative";
  if (limit === 0) return "is zero, which allows nothing; leave the unit out for no limit";
  if (unit === "tokens" && !Number.isInteger(limit)) return "is not a whole number of tokens";
  return undefined;
}

/**
 * Checks limits that came from a caller's object.
 * @throws UsageError for an unknown unit and for a limit that is zero, negative, NaN, infinite, or a fraction
 * of a token.
 */
export function checkBudget(budget: Budget): Budget {
  for (const [unit, limit] of Object.entries(budget)) {
    if (!budgetUnits.includes(unit as BudgetUnit))
      throw new UsageError(`Unknown budget unit "${unit}": use ${budgetUnits.join(", ")}.`);
    if (limit === undefined) continue;
    const wrong = typeof limit === "number" ? complaint(unit as BudgetUnit, limit) : "is not a number";
    if (wrong) throw new UsageError(`The budget ${unit}=${limit} ${wrong}.`);
  }
  return budget;
}

/**
 * Reads a budget as written on a command line: `tokens=20000,flops=1e12,usd=0.01,ms=5000`, any of them.
 * @throws UsageError in one sentence for anything else.
 */
export function parseBudget(text: string): Budget {
  const budget: { -readonly [unit in BudgetUnit]?: number } = {};
  for (const part of text.split(",")) {
    const [, unit, value] = /^\s*([^=\s]+)\s*=\s*(\S+)\s*$/.exec(part) ?? [];
    if (unit === undefined || value === undefined)
      throw new UsageError(`Cannot read "${part.trim()}" as a budget: write it like ${example}.`);
    if (!budgetUnits.includes(unit as BudgetUnit))
      throw new UsageError(`Unknown budget unit "${unit}": use ${budgetUnits.join(", ")}.`);
    if (unit in budget) throw new UsageError(`The budget gives ${unit} twice: give it once.`);
    if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value))
      throw new UsageError(`The budget ${unit}=${value} is not a number: write it like ${example}.`);
    budget[unit as BudgetUnit] = Number(value);
  }
  return checkBudget(budget);
}
