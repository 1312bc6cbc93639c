import { knobsOf, type StrategyName, type StrategyPlan, strategies } from "../../src/strategies/index.ts";

/** Generator generations at which everything is compared. */
export const SIZES = [4, 16, 64] as const;

/** Samples that are drawn of every problem: twice the largest size, so that cheap strategies reach equal FLOPs. */
export const SAMPLES = 128;

/** Most tokens of a solution of the embedded models. */
const MAX_TOKENS = 256;

/** One line of the comparison: a strategy, with what is fixed of its knobs. */
export interface Contender {
  readonly label: string;
  readonly strategy: StrategyName;
  /** The PRM, the exact grading of the final answer, or the rule that also grades every step. */
  readonly verifier: "prm" | "exact" | "rule";
  /** True: by the reviser, which is its own verifier too. */
  readonly revises: boolean;
  /** Draws independent samples: the same ones as the others that do. */
  readonly shared: boolean;
  /** Sizes N to run. */
  readonly sizes: readonly number[];
  /** The plan that takes at most N generations. */
  plan(n: number): StrategyPlan;
}

/** Strategies that choose among the samples `sample/0` to `sample/N-1`. */
const SAMPLING: ReadonlySet<string> = new Set([
  "majority",
  "best-of-n",
  "weighted-best-of-n",
  "adaptive-consistency",
  "esc",
  "e-process",
]);

/** Strategies that need a model which revises its solutions. */
const REVISING: ReadonlySet<string> = new Set(["revisions", "ab-mcts"]);

/** What of a strategy's knobs is varied beside N; the others are run once, with their defaults. */
const VARIANTS: Readonly<Record<string, Readonly<Record<string, (n: number) => StrategyPlan["params"]>>>> = {
  beam: {
    "beam, M=4": (n) => ({ n, width: 4 }),
    "beam, M=√N": (n) => ({ n, width: Math.round(Math.sqrt(n)) }),
  },
  lookahead: { "lookahead, k=1": ahead(1), "lookahead, k=3": ahead(3) },
  revisions: {
    "pico-rev, parallel": (n) => ({ n, chain: 1 }),
    "pico-rev, revisions, r=4": (n) => ({ n, chain: 4 }),
    "pico-rev, revisions, r=N": (n) => ({ n, chain: n }),
  },
  "ab-mcts": { "pico-rev, ab-mcts": (n) => ({ n }) },
};

/** Lookahead costs n·(k+1) generations, so n is N/(k+1). */
function ahead(steps: number): (n: number) => StrategyPlan["params"] {
  return (size) => {
    const n = Math.max(1, Math.floor(size / (steps + 1)));
    return { n, steps, width: Math.min(4, n) };
  };
}

/** Every strategy of the table that N can be set for, then best-of-N by the two rules. */
export function contenders(most: number): readonly Contender[] {
  const sizes = [...SIZES, ...(most > 64 ? [most] : [])];
  const all = Object.keys(strategies).flatMap((name) => variants(name as StrategyName, sizes));
  const rules = (["exact", "rule"] as const).map((verifier): Contender => {
    const label = verifier === "exact" ? "best-of-n, exact rule" : "best-of-n, rule of steps";
    const plan = (n: number) => ({ strategy: "best-of-n", params: { n, maxTokens: MAX_TOKENS } });
    return { label, strategy: "best-of-n", verifier, revises: false, shared: true, sizes: SIZES, plan };
  });
  return [...all, ...rules];
}

function variants(strategy: StrategyName, sizes: readonly number[]): Contender[] {
  const limits = { maxTokens: MAX_TOKENS };
  const common = { strategy, verifier: "prm", revises: REVISING.has(strategy) } as const;
  if (strategy === "greedy") {
    const plan = () => ({ strategy, params: limits });
    return [{ ...common, label: strategy, shared: true, sizes: [1], plan }];
  }
  const made = strategies[strategy].make();
  const knobs = knobsOf(made);
  if (!knobs.includes("n")) return [];
  const shared = SAMPLING.has(strategy);
  const { width } = made.plan.params;
  const usual = {
    [strategy]: (n: number) => ({ n, ...(typeof width === "number" && { width: Math.min(width, n) }) }),
  };
  return Object.entries(VARIANTS[strategy] ?? usual).map(([label, params]) => ({
    ...common,
    label,
    shared,
    sizes: shared ? [...SIZES, SAMPLES] : sizes,
    plan: (n) => ({ strategy, params: { ...params(n), ...(knobs.includes("maxTokens") && limits) } }),
  }));
}

/** The strategies of the table that have no N, and so no place in the comparison. */
export function withoutSize(): readonly string[] {
  return Object.entries(strategies)
    .filter(([name, { make }]) => name !== "greedy" && !knobsOf(make()).includes("n"))
    .map(([name]) => name);
}
