import type { Experiment } from "../lab/experiment.ts";
import type { PlanStock } from "../lab/stocktaking.ts";
import type { SweepRow } from "../lab/tabulating.ts";
import { aligned, percent } from "./table.ts";

/** What will be run, what it is expected to take, and what is there. */
export function expectation(experiment: Experiment, stock: readonly PlanStock[], place: string): string {
  const cells = stock.reduce((sum, one) => sum + one.cells, 0);
  const done = stock.reduce((sum, one) => sum + one.done, 0);
  const { flops, tokens, minutes } = experiment.expected ?? {};
  const expected = [
    ...(flops === undefined ? [] : [`${flops.toExponential(1)} FLOPs`]),
    ...(tokens === undefined ? [] : [`${tokens.toLocaleString("en")} tokens`]),
    ...(minutes === undefined ? [] : [`${minutes} minutes`]),
  ];
  return [
    `${experiment.name}: ${cells} cells, ${done} of them in ${place}`,
    ...stock.map(({ plan, generator, verifier, cells: all, done: there }) => {
      const by = verifier === undefined ? generator : `${generator}, scored by ${verifier}`;
      return `  ${plan.name}: ${there} of ${all} (${by})`;
    }),
    `expected: ${expected.length === 0 ? "the experiment does not say" : expected.join(", ")}`,
  ].join("\n");
}

/** A table for people. */
export function tableOf(rows: readonly SweepRow[]): string {
  const head = ["plan", "problems", "accuracy %", "generations", "tokens", "FLOPs"];
  const cells = rows.map((row) => [
    row.plan.name,
    String(row.problems),
    row.accuracy === undefined ? "" : percent(row.accuracy),
    ...(row.cells === 0
      ? ["", "", ""]
      : [row.generations.toFixed(1), row.tokens.toFixed(0), row.flops?.toExponential(2) ?? "unknown"]),
  ]);
  return `${aligned([head, ...cells])}\nmeans per cell; 95% intervals over problems\n`;
}

/** One line of JSON. */
export function jsonOf(rows: readonly SweepRow[]): string {
  return `${JSON.stringify({ rows })}\n`;
}

/** Comma-separated values. */
export function csvOf(rows: readonly SweepRow[]): string {
  const head =
    "plan,strategy,params,problems,cells,accuracy,accuracy_low,accuracy_high,generations,tokens,flops";
  const text = (value: string) => `"${value.replaceAll('"', '""')}"`;
  const lines = rows.map(({ plan, problems, cells, accuracy, generations, tokens, flops }) => {
    const numbers = [accuracy?.mean, accuracy?.low, accuracy?.high, generations, tokens].map((value) =>
      value === undefined ? "" : Number(value.toFixed(6)),
    );
    const { strategy, params } = plan.plan;
    const named = [text(plan.name), strategy, text(JSON.stringify(params))];
    return [...named, problems, cells, ...numbers, flops?.toPrecision(6) ?? ""].join(",");
  });
  return `${[head, ...lines].join("\n")}\n`;
}
