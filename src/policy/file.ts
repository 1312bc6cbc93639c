import { z } from "zod";
import { UsageError } from "../types.ts";
import { EXPANDED, FEATURES } from "./features.ts";
import type { Policy } from "./policy.ts";

const number = z.number();
const text = z.string().min(1);
const weights = z.object({ weights: z.array(number).length(EXPANDED + 1) });
const scale = z.array(number).length(FEATURES.length);
const estimate = z.object({ mean: number, low: number.optional(), high: number.optional() });
const known = z.object({ name: text, fingerprint: text });

const learned = { samples: number.positive(), gain: weights, loss: weights };
const sample = z.object({ kind: z.literal("sample"), m: number.int().positive(), ...learned });
const plan = z.object({
  strategy: text,
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
const search = z.object({ kind: z.literal("search"), plan, ...learned });

const schema = z.object({
  bedacht: z.literal("policy/1"),
  name: text,
  created: text,
  learnedOn: z.object({
    generator: known.extend({ params: z.record(z.string(), z.unknown()) }),
    verifier: known.optional(),
    problems: number,
    problemsHash: text,
    samples: number,
    seed: number,
  }),
  rule: z.object({
    scale: z.object({ mean: scale, deviation: scale }),
    value: weights,
    actions: z.array(z.union([sample, search])).min(1),
    most: number.int().positive(),
  }),
  price: number.positive(),
  measured: z.object({
    uniform: z.array(z.object({ n: number, accuracy: estimate, tokens: number })),
    policy: z.array(z.object({ price: number, accuracy: estimate, samples: number, tokens: number })).min(1),
    ratios: z.array(
      z.object({
        n: number,
        accuracy: number,
        ratio: number.optional(),
        low: number.optional(),
        high: number.optional(),
        reason: z.string().optional(),
      }),
    ),
  }),
});

/** The text of a policy file. */
export function formatPolicy(policy: Policy): string {
  return `${JSON.stringify(policy)}\n`;
}

/**
 * Reads a policy file. Nothing in it can run.
 * @throws UsageError that names `source` and what is wrong there
 */
export function parsePolicy(content: string, source: string): Policy {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new UsageError(`${source} is not a policy: it is not JSON. Write one with bedacht calibrate.`, {
      cause: error,
    });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data as Policy;
  const { path, message } = parsed.error.issues[0]!;
  const where = path.length === 0 ? "" : ` at ${path.join(".")}`;
  throw new UsageError(
    `${source} is not a policy of this version${where}: ${message}. Write one with bedacht calibrate.`,
  );
}
