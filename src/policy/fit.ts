import type { Model } from "../models/model.ts";
import { UsageError } from "../types.ts";
import type { Verifier } from "../verifiers/verifier.ts";
import type { Policy } from "./policy.ts";

type Known = { readonly name: string; readonly fingerprint: string };

/** Samples of a file of others are known by the model's name alone. */
const imported = ({ name, fingerprint }: Known) => fingerprint === `import:${name}`;

function matches(learned: Known, used: Known): "same" | "by name" | undefined {
  if (learned.fingerprint === used.fingerprint) return "same";
  return imported(learned) && learned.name === used.name ? "by name" : undefined;
}

/**
 * Checks that a policy is used with the models that it was learned on; what it knows of others is nothing.
 * Returns what the receipt must say: that a model is known by its name alone, or that the caller insists.
 * @throws UsageError that says what differs, unless the caller insists
 */
export function checkFit(
  { name, learnedOn }: Policy,
  model: Model,
  verifier: Verifier | undefined,
  insist: boolean,
): readonly string[] {
  const notes: string[] = [];
  const refuse = (why: string, mend = "Learn one with bedacht calibrate on a bank of these models") => {
    if (!insist)
      throw new UsageError(`The policy ${name} does not fit: ${why}. ${mend}, or insist with --insist.`);
    notes.push(`The policy ${name} does not fit, used all the same: ${why}.`);
  };
  const check = (role: string, learned: Known | undefined, used: Known | undefined) => {
    if (learned === undefined && used === undefined) return;
    if (learned === undefined)
      return refuse(
        `it was learned without a verifier, and here is ${used!.name}`,
        "Leave the verifier out (--verifier none)",
      );
    if (used === undefined)
      return refuse(`it was learned with the verifier ${learned.name}, and here is none`);
    const match = matches(learned, used);
    if (match === "by name") notes.push(`The ${role} ${used.name} is known to the policy by its name alone.`);
    if (match !== undefined) return;
    const version = learned.name === used.name ? ", another file or version of it" : "";
    refuse(`it was learned on the ${role} ${learned.name}, and here is ${used.name}${version}`);
  };
  check("generator", learnedOn.generator, model);
  check("verifier", learnedOn.verifier, verifier);
  return notes;
}
