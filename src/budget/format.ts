import type { Budget, Receipt, RoleTotals } from "../types.ts";
import { budgetUnits } from "./budget.ts";

const whole = (value: number) => Math.round(value).toLocaleString("en-US");

/** A count in few characters: 950, 12,400, 3.2M; from a billion on with an exponent. */
function count(value: number | undefined): string {
  if (value === undefined) return "?";
  if (value >= 1e9) return value.toExponential(2).replace("e+", "e");
  return value >= 1e6 ? `${(value / 1e6).toFixed(2)}M` : whole(value);
}

function money(value: number | undefined): string {
  if (value === undefined) return "?";
  return value === 0 || value >= 0.01 ? `$${value.toFixed(2)}` : `$${value.toPrecision(2)}`;
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;

function row(name: string, totals: RoleTotals): string[] {
  const reused = totals.cachedTokens === undefined ? "?" : count(totals.cachedTokens);
  return [
    name,
    count(totals.calls),
    `${count(totals.inputTokens)} (${reused})`,
    count(totals.outputTokens),
    count(totals.flops),
    money(totals.usd),
    seconds(totals.modelMs),
  ];
}

/** The first column to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((cells) => cells[i]!.length)));
  return rows.map((cells) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "),
  );
}

/** Used share of each limit, in percent. */
function budgetUse(budget: Budget, total: RoleTotals, wallMs: number): string {
  const used = {
    tokens: total.inputTokens + total.outputTokens,
    flops: total.flops,
    usd: total.usd,
    ms: wallMs,
  };
  const parts = budgetUnits.flatMap((unit) => {
    const limit = budget[unit];
    if (limit === undefined) return [];
    const spent = used[unit];
    const share = spent === undefined ? "?" : `${Math.round((100 * spent) / limit)}%`;
    return [`${share} of ${unit === "usd" ? money(limit) : `${count(limit)} ${unit}`}`];
  });
  return parts.length === 0 ? "no limit" : parts.join(", ");
}

function incidents(receipt: Receipt): string {
  const counted = [
    [receipt.replayedCalls, "replayed from an earlier run"],
    [receipt.repeatedCalls, "sent again after an interruption"],
    [receipt.retries, "retried"],
    [receipt.lostCalls, "lost"],
    [receipt.refusedCalls, "refused for want of budget"],
  ] as const;
  return counted
    .filter(([times]) => times > 0)
    .map(([times, what]) => `${count(times)} ${what}`)
    .join(", ");
}

/** A receipt for people: a table of what each role spent, then what it was spent under. Plain text. */
export function formatReceipt(receipt: Receipt): string {
  const { plan, total } = receipt;
  const roles = Object.entries(receipt.roles).map(([role, totals]) => row(role, totals));
  const lines = table([
    ["", "calls", "input (reused)", "output", "FLOPs", "USD", "model time"],
    ...roles,
    ...(roles.length === 1 ? [] : [row("total", total)]),
  ]);
  const share = total.outputTokens > 0 && roles.length > 0;
  const params = Object.entries(plan.params).map(
    ([name, value]) => `${name}=${typeof value === "string" ? JSON.stringify(value) : value}`,
  );
  const models = plan.verifier ? `${plan.generator}, scored by ${plan.verifier}` : plan.generator;
  const facts: [string, string][] = [
    ["plan", `${[plan.strategy, ...params].join(" ")} on ${models} (${receipt.reason})`],
    ["budget", budgetUse(receipt.budget, total, receipt.wallMs)],
    ["stopped", receipt.stoppedBy ? `${receipt.stop} (${receipt.stoppedBy})` : receipt.stop],
    ["wall clock", seconds(receipt.wallMs)],
    ["discarded", share ? `${count(receipt.discardedTokens)} output tokens` : ""],
    ["calls", incidents(receipt)],
    ["seed", String(receipt.seed)],
    ["FLOPs", total.flops ? receipt.flopsFormula : ""],
    ["prices", total.usd === undefined ? "" : receipt.pricesVersion],
    ...receipt.notes.map((note): [string, string] => ["note", note]),
  ];
  for (const [name, text] of facts) if (text !== "") lines.push(`${name.padEnd(11)} ${text}`);
  return lines.map((line) => line.trimEnd()).join("\n");
}
