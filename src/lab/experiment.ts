import { checkBudget } from "../budget/budget.ts";
import { SPLITS, type Split } from "../problems/index.ts";
import { type Budget, UsageError } from "../types.ts";

/** What to measure, in a file: every plan on every problem, from every seed. */
export interface Experiment {
  readonly name: string;
  readonly description?: string | undefined;
  readonly problems: readonly ProblemSource[];
  /** As `--generator` names it. */
  readonly generator: string;
  /** As `--verifier` names it. Default: as the command line chooses. */
  readonly verifier?: string | undefined;
  readonly plans: readonly ExperimentPlan[];
  /** Default [1]. */
  readonly seeds?: readonly number[] | undefined;
  /** Most tokens of a candidate, where a plan does not say. Default: the strategy's, 256 for embedded models. */
  readonly maxTokens?: number | undefined;
  /** Hard limit of the whole sweep. Default: none. */
  readonly budget?: Budget | undefined;
  /** What it is expected to take, shown before it starts. */
  readonly expected?:
    | {
        readonly flops?: number | undefined;
        readonly tokens?: number | undefined;
        readonly minutes?: number | undefined;
      }
    | undefined;
}

/** Generated problems, or lines of a file. */
export type ProblemSource = GeneratedSource | FileSource;

export interface GeneratedSource {
  readonly family: string;
  /** One level, or a range such as "2-6". */
  readonly level: number | string;
  /** Problems of each level. */
  readonly count: number;
  /** Default "test". */
  readonly split?: Split | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
}

/** JSON lines `{ prompt, answer }`, or of GSM8K. */
export interface FileSource {
  /** Relative to the experiment's file. */
  readonly file: string;
  /** Number of the first line that counts, from 1. Default 1. */
  readonly first?: number | undefined;
  /** Most problems. Default: all. */
  readonly count?: number | undefined;
  /** Text behind every prompt: models say answers that can be read only when they are asked to. Default: none. */
  readonly suffix?: string | undefined;
}

type Knob = string | number | boolean;

export interface ExperimentPlan {
  readonly strategy: string;
  /** Its knobs; a list of values is an axis of the grid. */
  readonly params?: Readonly<Record<string, Knob | readonly Knob[]>> | undefined;
  /** Default: the experiment's. */
  readonly generator?: string | undefined;
  readonly verifier?: string | undefined;
  /** Default: the strategy's name. */
  readonly label?: string | undefined;
}

/**
 * Checks what an experiment's file holds; `place` names it in messages.
 * @throws UsageError that says where it is wrong
 */
export async function parseExperiment(value: unknown, place: string): Promise<Experiment> {
  const { z } = await import("zod");
  const parsed = experimentSchema(z).safeParse(value);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    const at = path.length === 0 ? "" : ` at ${path.join(".")}`;
    throw new UsageError(`The experiment ${place} is wrong${at}: ${message.replace(/\.$/, "")}.`);
  }
  const { budget, ...rest } = parsed.data;
  const limits = Object.fromEntries(Object.entries(budget ?? {}).filter(([, limit]) => limit !== undefined));
  return { ...rest, ...(budget && { budget: checkBudget(limits) }) };
}

type Zod = typeof import("zod").z;

const textOf = (z: Zod) => z.string().trim().min(1);
const countOf = (z: Zod) => z.int().min(1);

function experimentSchema(z: Zod) {
  const [text, count, amount] = [textOf(z), countOf(z), z.number().positive()];
  const seeds = z
    .array(z.int().min(0))
    .min(1)
    .refine((all) => new Set(all).size === all.length, "must not name a seed twice");
  const budget = z.strictObject({ tokens: amount, flops: amount, usd: amount, ms: amount }).partial();
  const expected = z.strictObject({ flops: amount, tokens: amount, minutes: amount }).partial();
  return z.strictObject({
    name: text.regex(/^[^/\\]+$/, "must not hold a slash: it names the bank's file"),
    description: z.string().optional(),
    problems: z.array(sourceSchema(z)).min(1),
    generator: text,
    verifier: text.optional(),
    plans: z.array(planSchema(z)).min(1),
    seeds: seeds.optional(),
    maxTokens: count.optional(),
    budget: budget.optional(),
    expected: expected.optional(),
  });
}

function planSchema(z: Zod) {
  const text = textOf(z);
  const knob = z.union([z.string(), z.number(), z.boolean()]);
  return z.strictObject({
    strategy: text,
    params: z.record(z.string(), z.union([knob, z.array(knob).min(1)])).optional(),
    generator: text.optional(),
    verifier: text.optional(),
    label: text.optional(),
  });
}

/** Tells the two kinds apart before it checks, so that a message is about the kind that was meant. */
function sourceSchema(z: Zod) {
  const count = countOf(z);
  const generated = z.strictObject({
    family: z.enum(["chain", "countdown"]),
    level: z.union([count, z.string().regex(/^\d+(-\d+)?$/, 'must be a level, or a range such as "2-6"')]),
    count,
    split: z.enum(SPLITS).optional(),
    seed: z.int().optional(),
  });
  const file = z.strictObject({
    file: textOf(z),
    first: count.optional(),
    count: count.optional(),
    suffix: z.string().optional(),
  });
  const isFile = (source: unknown) => typeof source === "object" && source !== null && "file" in source;
  return z.unknown().transform((source, context): ProblemSource => {
    const parsed = isFile(source) ? file.safeParse(source) : generated.safeParse(source);
    if (parsed.success) return parsed.data;
    for (const { message, path } of parsed.error.issues)
      context.addIssue({ code: "custom", message, path: [...path] });
    return z.NEVER;
  });
}
