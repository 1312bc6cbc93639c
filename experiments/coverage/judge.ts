import { type CoverageForecast, forecastCoverage, powerCoverage } from "../../src/laws/index.ts";
import { rng } from "../../src/random.ts";
import type { Graded } from "./graded.ts";

const LAWS = ["power", "beta", "inflated", "mixture"] as const;

/** One forecast beside what came true. */
export interface Row {
  readonly group: string;
  readonly problems: number;
  readonly fitted: number;
  readonly law: (typeof LAWS)[number];
  /** Exponent of the law: b, or alpha, of the hard problems in a mixture. */
  readonly exponent: number | undefined;
  /** Share of problems that are never solved, or of the hard ones in a mixture. */
  readonly share: number | undefined;
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

/**
 * Forecasts from the first samples of each problem, and compares with the first 2, 4, 8, ... times as many. Where that is
 * beyond the range in which the product answers, it is asked all the same: how wrong would it be?
 */
export function judge(
  group: string,
  graded: readonly Graded[],
  fits: readonly number[],
  most: number,
): Row[] {
  const solvedWithin = (k: number) =>
    graded.filter(({ right }) => right.slice(0, k).includes(true)).length / graded.length;
  return fits.flatMap((fitted) => {
    const ks: number[] = [];
    for (let k = 2 * fitted; k <= most; k *= 2) ks.push(k);
    const counts = graded.map(({ right }) => ({
      right: right.slice(0, fitted).filter(Boolean).length,
      total: fitted,
    }));
    const random = rng("coverage").split(group, fitted);
    const forecast = forecastCoverage(counts, { ks, reach: most / fitted, random, laws: LAWS });
    const power = forecast.laws.power?.law;
    return LAWS.flatMap((law) =>
      forecast.laws[law]!.forecasts.map(({ k, coverage, low, high, reason }): Row => {
        const truth = solvedWithin(k);
        const held = low === undefined ? undefined : low - 1e-9 <= truth && truth <= high! + 1e-9;
        return {
          group,
          problems: graded.length,
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
          plain: law === "power" && power ? powerCoverage(power, k) : undefined,
        };
      }),
    );
  });
}

function parametersOf({ laws }: CoverageForecast, law: Row["law"]): Pick<Row, "exponent" | "share"> {
  if (law === "power") return { exponent: laws.power?.law?.b, share: undefined };
  const { mixture } = laws;
  if (law === "mixture") return { exponent: mixture?.law?.low.alpha, share: mixture?.law?.hard };
  return { exponent: laws[law]?.law?.alpha, share: laws[law]?.law?.never };
}
