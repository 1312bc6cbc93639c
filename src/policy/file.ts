import { UsageError } from "../types.ts";
import type { Policy } from "./policy.ts";

const VERSION: Policy["bedacht"] = "policy/1";

/** The text of a policy file. */
export function formatPolicy(policy: Policy): string {
  return `${JSON.stringify(policy)}\n`;
}

/**
 * Reads a policy file. Nothing in it can run.
 * @throws UsageError that names `source` and what is wrong there
 */
export async function parsePolicy(content: string, source: string): Promise<Policy> {
  const write = "Write one with bedacht calibrate.";
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new UsageError(`${source} is not a policy: it is not JSON. ${write}`, { cause: error });
  }
  const version = versionOf(value);
  if (version === undefined)
    throw new UsageError(`${source} is not a policy: it does not say "bedacht". ${write}`);
  if (version !== VERSION)
    throw new UsageError(
      `${source} is a policy of another version of bedacht (${version}, and this one reads ${VERSION}): learn it again with bedacht calibrate.`,
    );
  const { checkPolicy } = await import("./schema.ts");
  const checked = checkPolicy(value);
  if ("policy" in checked) return checked.policy;
  throw new UsageError(`${source} is not a policy at ${checked.at}: ${checked.why}. ${write}`);
}

function versionOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("bedacht" in value)) return undefined;
  return typeof value.bedacht === "string" ? value.bedacht.slice(0, 40) : undefined;
}
