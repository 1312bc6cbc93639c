import { rng } from "../../random.ts";
import { bootstrap } from "../../stats/means.ts";
import { isStrategy, strategies } from "../../strategies/index.ts";
import { UsageError } from "../../types.ts";
import type { Cell } from "../cells.ts";
import { curvesSection, type MeasuredPoint } from "./curves-section.ts";
import type { Reliability, Report, Section } from "./types.ts";

/** What a sweep's report says beside its cells. */
export interface SweepReport {
  readonly title: string;
  /** Day of the report. */
  readonly date: string;
  /** Command lines that measure it again. */
  readonly commands: readonly string[];
}

/** Cells of one plan at one size, problem by problem. */
interface Size {
  readonly n: number;
  /** Shares of right cells over seeds, by the problem's id. */
  readonly right: Map<string, number[]>;
  cells: number;
  generations: number;
  tokens: number;
  flops: number | undefined;
}

interface Plan {
  readonly label: string;
  readonly params: Cell["plan"]["params"];
  /** By the name of the bin. */
  readonly bins: Map<string, Map<number, Size>>;
}

interface Scored {
  sum: number;
  right: number;
  count: number;
}

/** Bins of equal width of a reliability diagram. */
const BINS = 10;
const ALL = "all problems";

/**
 * The report of all cells in a bank: accuracy of every plan over generations, tokens and FLOPs, by level where
 * problems have one; how often candidates of a score are right; what it cost. Constant memory in the candidates.
 * @throws UsageError when there is no cell
 */
export async function reportOfSweep(cells: AsyncIterable<Cell>, about: SweepReport): Promise<Report> {
  const plans = new Map<string, Plan>();
  const verifiers = new Map<string, Scored[]>();
  const models = new Set<string>();
  const problems = new Set<string>();
  const cost = { cells: 0, calls: 0, tokens: 0, flops: 0 as number | undefined, minutes: 0 };
  for await (const cell of cells) {
    const plan = planOf(plans, cell);
    for (const bin of binsOf(cell)) addTo(sizeOf(plan, bin, cell), cell);
    if (cell.verifier !== undefined) addScores(verifiers, cell.verifier, cell);
    models.add(`${cell.generator} ${cell.generatorFingerprint}`);
    if (cell.verifier !== undefined) models.add(`${cell.verifier} ${cell.verifierFingerprint ?? ""}`.trim());
    problems.add(cell.problem);
    cost.cells += 1;
    cost.minutes += cell.ms / 60_000;
    for (const { calls, inputTokens, outputTokens, flops } of Object.values(cell.roles)) {
      cost.calls += calls;
      cost.tokens += inputTokens + outputTokens;
      cost.flops = cost.flops === undefined || flops === undefined ? undefined : cost.flops + flops;
    }
  }
  if (cost.cells === 0)
    throw new UsageError(
      "The bank holds no cells: run bedacht sweep first, or give the bank that it filled.",
    );
  const bins = [...new Set([...plans.values()].flatMap((plan) => [...plan.bins.keys()]))].sort(byBin);
  return {
    title: about.title,
    summary: [],
    facts: [
      ...[...models].map((one): [string, string] => ["model", one]),
      ["problems", problems.size],
      ["date", about.date],
    ],
    commands: about.commands,
    cost: [
      ["cells", cost.cells],
      ["calls", cost.calls],
      ["tokens", cost.tokens],
      ["FLOPs", cost.flops ?? "unknown"],
      ["minutes, summed over cells", Number(cost.minutes.toFixed(1))],
    ],
    sections: [accuracySection([...plans.values()], bins), ...reliabilitySections(verifiers)],
  };
}

const byBin = (a: string, b: string) =>
  a === ALL ? -1 : b === ALL ? 1 : a.localeCompare(b, "en", { numeric: true });

function binsOf({ family, level }: Cell): readonly string[] {
  return level === undefined ? [ALL] : [ALL, `${family ?? ""} level ${level}`.trim()];
}

function planOf(plans: Map<string, Plan>, { label, plan }: Cell): Plan {
  const { n: _, ...params } = plan.params;
  const key = JSON.stringify([label, plan.strategy, params]);
  const found = plans.get(key) ?? { label, params, bins: new Map() };
  plans.set(key, found);
  return found;
}

function sizeOf({ bins }: Plan, bin: string, { plan }: Cell): Size {
  const sizes = bins.get(bin) ?? new Map<number, Size>();
  bins.set(bin, sizes);
  const n = typeof plan.params.n === "number" ? plan.params.n : 1;
  const size = sizes.get(n) ?? { n, right: new Map(), cells: 0, generations: 0, tokens: 0, flops: 0 };
  sizes.set(n, size);
  return size;
}

function addTo(size: Size, { problem, right, roles, plan: { strategy } }: Cell): void {
  size.right.set(problem, [...(size.right.get(problem) ?? []), Number(right)]);
  size.cells += 1;
  // A search that goes step by step calls the model once per step: its N says how many solutions that makes.
  const stepwise = isStrategy(strategy) && strategies[strategy].verifier === "partial";
  size.generations += stepwise ? size.n : (roles.generator?.calls ?? 0);
  for (const { inputTokens, outputTokens, flops } of Object.values(roles)) {
    size.tokens += inputTokens + outputTokens;
    size.flops = size.flops === undefined || flops === undefined ? undefined : size.flops + flops;
  }
}

function addScores(verifiers: Map<string, Scored[]>, verifier: string, { candidates }: Cell): void {
  const bins =
    verifiers.get(verifier) ?? Array.from({ length: BINS }, (): Scored => ({ sum: 0, right: 0, count: 0 }));
  verifiers.set(verifier, bins);
  for (const { score, right } of candidates) {
    if (score === undefined) continue;
    const bin = bins[Math.min(BINS - 1, Math.floor(score * BINS))]!;
    bin.sum += score;
    bin.right += Number(right);
    bin.count += 1;
  }
}

/** A label, with the parameters in which plans of the same label differ. */
function nameOf({ label, params }: Plan, plans: readonly Plan[]): string {
  const twins = plans.filter((one) => one.label === label);
  const differing = Object.keys(params).filter(
    (knob) => new Set(twins.map((one) => JSON.stringify(one.params[knob]))).size > 1,
  );
  return [label, ...differing.map((knob) => `${knob}=${params[knob]}`)].join(" ");
}

function accuracySection(plans: readonly Plan[], bins: readonly string[]): Section {
  const series = plans.flatMap((plan) =>
    bins.flatMap((bin) => {
      const sizes = [...(plan.bins.get(bin)?.values() ?? [])].sort((a, b) => a.n - b.n);
      const label = nameOf(plan, plans);
      const points = sizes.map((size) => pointOf(size, `${label} ${bin}`));
      return sizes.length === 0 ? [] : [{ label, ...(bins.length > 1 && { bin }), points }];
    }),
  );
  const text = [
    "Each plan has the problems whose cells are there; several seeds of a problem count as their mean.",
  ];
  return curvesSection({ heading: "Accuracy by plan", text, series });
}

function pointOf({ n, right, cells, generations, tokens, flops }: Size, name: string): MeasuredPoint {
  const means = Float64Array.from(
    right.values(),
    (all) => all.reduce((sum, one) => sum + one, 0) / all.length,
  );
  return {
    n,
    generations: generations / cells,
    tokens: tokens / cells,
    flops: flops === undefined ? undefined : flops / cells,
    accuracy: bootstrap([means], means.length, rng("report").split(name, n))[0]!,
  };
}

function reliabilitySections(verifiers: ReadonlyMap<string, readonly Scored[]>): readonly Section[] {
  const figures = [...verifiers].flatMap(([verifier, bins]): Reliability[] => {
    const known = bins.filter(({ count }) => count > 0);
    if (known.length === 0) return [];
    return [
      {
        kind: "reliability",
        caption: `How often candidates with a score of ${verifier} are right. Candidates of a problem are alike, so no intervals are given.`,
        bins: known.map(({ sum, right, count }) => ({ score: sum / count, share: right / count, count })),
      },
    ];
  });
  return figures.length === 0 ? [] : [{ heading: "What scores are worth", text: [], figures, tables: [] }];
}
