import { z } from "zod";
import { EXPANDED, FEATURES } from "./features.ts";
import type { Policy } from "./policy.ts";

/** What a policy file must hold. Loaded when one is read, since the library behind it takes long to load. */

const number = z.number();
const text = z.string().min(1);
const weights = z.object({ weights: z.array(number).length(EXPANDED + 1) });
const mean = z.array(number).length(FEATURES.length);
const deviation = z.array(number.positive()).length(FEATURES.length);
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
    scale: z.object({ mean, deviation }),
    value: weights,
    actions: z.array(z.discriminatedUnion("kind", [sample, search])).min(1),
    most: number.int().positive(),
  }),
  price: number.positive(),
  measured: z.object({
    uniform: z.array(z.object({ n: number, accuracy: estimate, tokens: number })),
    policy: z
      .array(
        z.object({
          price: number.positive(),
          accuracy: estimate,
          samples: number,
          tokens: number.positive(),
        }),
      )
      .min(1),
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

/** The policy that a value is, without anything more, or where it is none and why. */
export function checkPolicy(
  value: unknown,
): { readonly policy: Policy } | { readonly at: string; readonly why: string } {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { policy: parsed.data as Policy };
  const { path, message } = parsed.error.issues[0]!;
  return { at: path.join("."), why: message };
}
