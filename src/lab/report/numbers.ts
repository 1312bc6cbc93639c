import type { Format, Ranged, TableCell } from "./types.ts";

/** Beyond this, sums and differences of numbers may overflow; nothing measured is this large. */
const LARGEST = 1e300;
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** The number itself where it can be drawn; `undefined` for one that is absent, not finite or absurdly large. */
export function known(value: number | null | undefined): number | undefined {
  if (value === undefined || value === null || !(Math.abs(value) <= LARGEST)) return undefined;
  return Math.abs(value) < 1 / LARGEST ? 0 : value;
}

/** For readers: "1,590", "0.0421", "4.20×10⁹", or "42.0%" of a share. */
export function formatNumber(value: number, format: Format = "plain"): string {
  if (format === "percent") return `${grouped(100 * value, 1, 1)}%`;
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e7) return grouped(value, 0);
  if (size >= 1e7 || size < 1e-3) return scientific(value);
  return size >= 100 ? grouped(value, 0) : grouped(Number(value.toPrecision(3)), 5);
}

/** Short, for axes: "5%", "10k", "2M". */
export function formatTick(value: number, format: Format): string {
  if (format === "percent") return `${grouped(100 * value, 6)}%`;
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-3)) return powerOfTen(value);
  if (size >= 1e6) return `${grouped(value / 1e6, 6)}M`;
  return size >= 1e4 ? `${grouped(value / 1e3, 6)}k` : grouped(value, 6);
}

/** The value with its interval: "42.1% (38.0 to 46.2)"; "unknown" where there is none. */
export function formatRange(value: number | undefined, { low, high }: Ranged, format?: Format): string {
  const middle = known(value);
  if (middle === undefined) return "unknown";
  const ends = [known(low), known(high)];
  if (ends.every((end) => end === undefined)) return formatNumber(middle, format);
  const [from, to] = ends.map((end) =>
    end === undefined ? "unknown" : formatNumber(end, format).replace("%", ""),
  );
  return `${formatNumber(middle, format)} (${from} to ${to})`;
}

export function formatCell(cell: TableCell, format?: Format): string {
  if (typeof cell === "string") return cell;
  if (typeof cell === "object" && cell !== null) return formatRange(cell.mean, cell, format);
  return formatRange(cell, {}, format);
}

/** Short, for axes: "10⁹", "2×10⁹". */
export function powerOfTen(value: number): string {
  return scientific(value)
    .replace(/\.?0+×/, "×")
    .replace(/^(−?)1×/, "$1");
}

/** A mantissa of three digits times a power of ten. */
function scientific(value: number): string {
  const [mantissa = "", exponent = ""] = value.toExponential(2).split("e");
  const raised = [...exponent.replace("+", "")].map((digit) => SUPERSCRIPTS[Number(digit)] ?? "⁻").join("");
  return `${mantissa}×10${raised}`.replace("-", "−");
}

/** With commas between thousands, up to `most` and at least `least` digits after the point. */
function grouped(value: number, most: number, least = 0): string {
  if (Math.abs(value) >= 1e15) return scientific(value);
  const text = value.toLocaleString("en-US", { maximumFractionDigits: most, minimumFractionDigits: least });
  return text.replace(/^-(?=[0.]+$)/, "").replace("-", "−");
}
