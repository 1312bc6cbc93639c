import type { Estimate } from "../stats/means.ts";

/** Rows in aligned columns; the first one is the head. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** A share in percent with its interval, where there is one. */
export function percent({ mean, low, high }: Estimate): string {
  const share = (one: number) => (100 * one).toFixed(1);
  const interval = low === undefined || high === undefined ? "" : ` (${share(low)} to ${share(high)})`;
  return `${share(mean).padStart(5)}${interval}`;
}
