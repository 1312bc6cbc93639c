export {
  curvesSection,
  type MeasuredCurves,
  type MeasuredPoint,
  type MeasuredSeries,
} from "./curves-section.ts";
export { reportFiles, writeReport } from "./files.ts";
export { renderReport } from "./html.ts";
export { reportOfSweep, type SweepReport } from "./of-sweep.ts";
export { parseReport } from "./parse.ts";
export type {
  Bar,
  Bars,
  Curves,
  Fact,
  Figure,
  Format,
  Heat,
  Point,
  Ranged,
  Reliability,
  ReliabilityBin,
  Report,
  ScaleName,
  Section,
  Series,
  Table,
  TableCell,
  TableColumn,
} from "./types.ts";
