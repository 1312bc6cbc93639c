import { type CoverageForecast, forecastCoverage, powerCoverage } from "../../src/laws/index.ts";
import { rng } from "../../src/random.ts";
import type { Graded } from "./graded.ts";

/** Samples per problem that a law sees, and numbers of samples that it is asked for. */
const QUESTIONS: readonly (readonly [fitted: number, ks: readonly number[], reach: number])[] = [
  [64, [128, 256, 512], 16],
  // Beyond the range in which the product answers: how wrong would it be?
  [16, [64, 128, 256, 512], 32],
];
const LAWS = ["power", "beta", "inflated"] as const;
const RESAMPLES = 4000;

/** One forecast beside what came true. */
export interface Row {
  readonly group: string;
  readonly problems: number;
  readonly fitted: number;
  readonly law: (typeof LAWS)[number];
  /** Exponent of the law, b or alpha, and the share of problems that are never solved. */
  readonly exponent: number | undefined;
  readonly never: number | undefined;
  readonly k: number;
  readonly solvedBefore: number;
  readonly forecast: number | undefined;
  readonly low: number | undefined;
  readonly high: number | undefined;
  readonly reason: string | undefined;
  /** Share of the same problems that are solved within their first k samples. */
  readonly truth: number;
  readonly held: boolean | undefined;
  /** The power law itself, exp(a k^-b), which does not start from what is solved already. */
  readonly plain: number | undefined;
}

/** Forecasts from the first samples of each problem, and compares with the first k. */
export function judge(group: string, graded: readonly Graded[]): Row[] {
  return QUESTIONS.flatMap(([fitted, ks, reach]) => {
    const complete = graded.filter(({ right }) => right.length >= ks.at(-1)!);
    const solvedWithin = (k: number) =>
      complete.filter(({ right }) => right.slice(0, k).includes(true)).length / complete.length;
    const counts = complete.map(({ right }) => ({
      right: right.slice(0, fitted).filter(Boolean).length,
      total: fitted,
    }));
    const random = rng("coverage").split(group, fitted);
    const forecast = forecastCoverage(counts, { ks, reach, random, resamples: RESAMPLES });
    return LAWS.flatMap((law) =>
      forecast[law].forecasts.map(({ k, coverage, low, high, reason }): Row => {
        const truth = solvedWithin(k);
        const held = low === undefined ? undefined : low - 1e-9 <= truth && truth <= high! + 1e-9;
        return {
          group,
          problems: complete.length,
          fitted,
          law,
          ...parametersOf(forecast, law),
          k,
          solvedBefore: solvedWithin(fitted),
          forecast: coverage,
          low,
          high,
          reason,
          truth,
          held,
          plain: law === "power" && forecast.power.law ? powerCoverage(forecast.power.law, k) : undefined,
        };
      }),
    );
  });
}

function parametersOf(forecast: CoverageForecast, law: Row["law"]): Pick<Row, "exponent" | "never"> {
  if (law === "power") return { exponent: forecast.power.law?.b, never: undefined };
  return { exponent: forecast[law].law?.alpha, never: forecast[law].law?.never };
}
