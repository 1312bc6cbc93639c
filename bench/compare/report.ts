import { type Contender, SIZES } from "./contenders.ts";
import type { Gap, Share, Table } from "./figures.ts";

const percent = (value: number) => (100 * value).toFixed(0);

function cell(one: Share | undefined): string {
  if (one === undefined) return "not reached".padStart(15);
  const { value, low, high } = one;
  return `${(100 * value).toFixed(1).padStart(5)} (${percent(low).padStart(2)}–${percent(high).padStart(3)})`.padStart(
    15,
  );
}

/** The table of one group of problems, for people. */
export function formatTable({ family, level, problems, flops, rows, passAt }: Table): string {
  const name = `${family}, ${level === undefined ? "all levels" : `level ${level}`}, ${problems} problems: % right (95% interval)`;
  const sizes = SIZES.map((n) => `N=${n}`.padStart(15)).join("");
  const costs = flops.map((cost) => cost.toExponential(1).padStart(15)).join("");
  const head = [
    name,
    `${"".padEnd(26)}${"at equal generations".padStart(45)}${"at equal FLOPs, verifier and prompts included".padStart(49)}`,
    `${"".padEnd(26)}${sizes}  |${costs}`,
  ];
  const body = rows.map(({ label, points, atFlops }) => {
    const equal = SIZES.map((n) => {
      const point = points.find((one) => one.n === n) ?? (points.length === 1 ? points[0] : undefined);
      return cell(point);
    });
    return `${label.padEnd(26)}${equal.join("")}  |${atFlops.map(cell).join("")}`;
  });
  const passed = `${"pass@N (coverage)".padEnd(26)}${passAt.map(cell).join("")}  |`;
  return [...head, ...body, passed, ""].join("\n");
}

/** Says what of the gap between greedy and coverage is closed. */
export function formatGap(family: string, gap: Gap | undefined): string {
  if (gap === undefined) return `${family}: no gap between greedy and coverage on these problems.`;
  const { label, n, value, low, high } = gap;
  return `${family}: ${label} closes ${value.toFixed(2)} (95% interval ${low.toFixed(2)} to ${high.toFixed(2)}) of the gap between greedy and pass@${n}.`;
}

/** All tables as CSV: a line for each point that was run, and for each place of equal FLOPs. */
export function toCsv(tables: readonly Table[], all: readonly Contender[]): string {
  const head =
    "family,level,strategy,verifier,compared_at,n,problems,accuracy,low,high,generated_tokens,all_tokens,flops";
  const verifierOf = new Map(all.map(({ label, verifier }) => [label, verifier]));
  const lines = tables.flatMap(({ family, level, problems, flops, rows, passAt }) => {
    const line = (label: string, at: string, n: number, one: Share | undefined, costs: readonly number[]) =>
      [
        family,
        level ?? "all",
        `"${label}"`,
        verifierOf.get(label) ?? "",
        at,
        n,
        problems,
        ...(one === undefined
          ? ["", "", ""]
          : [one.value, one.low, one.high].map((value) => value.toFixed(4))),
        ...costs.map((cost) => cost.toPrecision(6)),
      ].join(",");
    return [
      ...rows.flatMap(({ label, points, atFlops }) => [
        ...points.map((one) =>
          line(label, "generations", one.n, one, [one.generated, one.tokens, one.flops]),
        ),
        ...atFlops.map(
          (one, index) => `${line(label, "flops", SIZES[index]!, one, [])},,,${flops[index]!.toPrecision(6)}`,
        ),
      ]),
      ...passAt.map((one, index) => `${line("pass@N", "generations", SIZES[index]!, one, [])},,,`),
    ];
  });
  return `${[head, ...lines].join("\n")}\n`;
}
