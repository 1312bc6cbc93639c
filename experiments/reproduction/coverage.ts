import type { Figure } from "../../src/lab/index.ts";
import { judge, type Row } from "../coverage/judge.ts";
import type { Claim } from "./claims.ts";
import type { Recording } from "./recordings.ts";

const FITTED = 64;
/** The law that was chosen on validation problems (experiments/coverage/README.md). */
const LAW = "mixture";
/** Problems of a level, to be forecast on their own; else families are. */
const LEAST = 50;
/** Share of levels whose interval must hold: 95% are expected to. */
const ENOUGH = 0.9;

/**
 * G6: a law of coverage that saw the first 64 samples of each problem says within its 95% interval what share of them
 * 512 samples solve. Shown when the mixture's interval holds on at least 9 of 10 levels, those that 64 samples solve
 * wholly left out; contradicted when it holds on fewer than half.
 */
export function coverage(recordings: readonly Recording[], most = 512): Claim {
  const byLevel = Map.groupBy(recordings, ({ problem }) => `${problem.family} ${problem.level}`);
  const few = Math.min(...[...byLevel.values()].map(({ length }) => length)) < LEAST;
  const levels = few ? Map.groupBy(recordings, ({ problem }) => problem.family ?? "problems") : byLevel;
  const rows = [...levels].flatMap(([name, own]) => {
    const graded = own.map(({ problem, samples }) => ({
      problem,
      right: Array.from(samples.right, (one) => one === 1),
    }));
    return judge(name, graded, [Math.min(FITTED, most / 8)], most);
  });
  const last = rows.filter(({ k }) => k === most);
  const told = last.filter(({ law, solvedBefore }) => law === LAW && solvedBefore < 1);
  const held = told.filter((row) => row.held === true).length;
  const errors = told.map(({ forecast, truth }) => Math.abs((forecast ?? truth) - truth));
  const error = errors.length === 0 ? 0 : errors.reduce((sum, one) => sum + one, 0) / errors.length;
  const share = told.length === 0 ? 0 : held / told.length;
  const fitted = rows[0]?.fitted ?? FITTED;
  return {
    id: "G6",
    claim: `A coverage law fitted on k <= ${fitted} predicts pass@${most} within its stated interval.`,
    verdict: share >= ENOUGH ? "shown" : share < 0.5 ? "contradicted" : "not shown",
    figure: `the ${LAW}'s 95% interval holds on ${held} of ${told.length} levels that ${fitted} samples do not solve wholly; mean absolute error ${(100 * error).toFixed(1)} points; ${recordings.length} test problems`,
    section: {
      heading: "G6: forecasts of coverage",
      text: [
        `Each law saw the first ${fitted} samples of each problem and forecasts the share of the same problems that ${most} samples solve. The ${LAW} was chosen on validation problems; the others stand beside it, failures included.`,
        ...["power", "beta", "inflated", "mixture"].map((law) => summaryOf(law, last)),
      ],
      figures: [figureOf(rows)],
      tables: [
        {
          caption: `Forecasts of pass@${most} by all laws.`,
          columns: [
            { name: "level" },
            { name: `solved by ${fitted}`, format: "percent" },
            { name: "law" },
            { name: "exponent" },
            { name: "forecast", format: "percent" },
            { name: "truth", format: "percent" },
            { name: "held" },
          ],
          rows: last.map(
            ({ group, solvedBefore, law, exponent, forecast, low, high, truth, held: one, reason }) => [
              group,
              solvedBefore,
              law,
              exponent,
              forecast === undefined ? undefined : { mean: forecast, low, high },
              truth,
              one === undefined ? `no forecast: ${reason}` : one ? "yes" : "no",
            ],
          ),
        },
      ],
    },
  };
}

function summaryOf(name: string, last: readonly Row[]): string {
  const own = last.filter(
    ({ law, solvedBefore, held }) => law === name && solvedBefore < 1 && held !== undefined,
  );
  const errors = own.map(({ forecast, truth }) => forecast! - truth);
  const mean = (values: readonly number[]) =>
    values.length === 0 ? 0 : values.reduce((sum, one) => sum + one, 0) / values.length;
  return `${name}: the interval held on ${own.filter(({ held }) => held).length} of ${own.length} levels, mean absolute error ${(100 * mean(errors.map(Math.abs))).toFixed(1)} points, bias ${(100 * mean(errors)).toFixed(1)}.`;
}

/** Truth and forecasts of the chosen law, level by level. */
function figureOf(rows: readonly Row[]): Figure {
  const own = rows.filter(({ law }) => law === LAW);
  const groups = [...new Set(own.map(({ group }) => group))];
  return {
    kind: "curves",
    caption: `Share of problems solved by k samples: forecast of the ${LAW} with its 95% interval, and what came true.`,
    x: { label: "samples", scale: "log2" },
    y: { label: "coverage", format: "percent" },
    series: groups.flatMap((group) => {
      const of = own.filter((row) => row.group === group);
      return [
        {
          label: "forecast",
          panel: group,
          points: of.map(({ k, forecast, low, high }) => ({ x: k, y: forecast, low, high })),
        },
        { label: "truth", panel: group, points: of.map(({ k, truth }) => ({ x: k, y: truth })) },
      ];
    }),
  };
}
