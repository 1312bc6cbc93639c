import { parsePolicy } from "../policy/file.ts";
import { allocated, type Policy, type Pool, priceFor } from "../policy/index.ts";
import type { PlannedStrategy } from "../strategies/index.ts";
import { readText, type SolveFlags } from "./flags.ts";

/** The strategy of a policy file, at the price that was asked for, or by turns with other problems. */
export async function byPolicy(
  flags: SolveFlags & { readonly policy: string },
  pool: Pool | undefined,
): Promise<PlannedStrategy> {
  const { average, insist = false, maxTokens } = flags;
  const policy = await policyIn(flags.policy);
  return allocated({
    policy,
    insist,
    ...(average !== undefined && { price: priceFor(policy.measured.policy, average) }),
    ...(maxTokens !== undefined && { maxTokens }),
    ...(pool && { ask: pool.ask }),
  });
}

const read = new Map<string, Promise<Policy>>();

/** Reads a file once, however many problems there are. */
function policyIn(file: string): Promise<Policy> {
  const policy = read.get(file) ?? parsePolicy(readText(file, "policy"), file);
  read.set(file, policy);
  return policy;
}
