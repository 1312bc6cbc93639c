export { type BetaBinomial, betaCoverage, fitBetaBinomial } from "./beta-binomial.ts";
export { type BetaMixture, fitBetaMixture, mixtureCoverage } from "./beta-mixture.ts";
export type { Count, CountGroup, CoveragePoint } from "./counts.ts";
export {
  type CoverageForecast,
  type CoverageLawName,
  type CoverageLaws,
  type Forecast,
  type ForecastOptions,
  forecastCoverage,
  type LawForecast,
} from "./forecast.ts";
export { fitPowerLaw, type PowerLaw, powerCoverage } from "./power-law.ts";
