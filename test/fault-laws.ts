import type { Entry } from "../src/budget/ledger.ts";
import type { Receipt } from "../src/types.ts";

/** What a server did, by its own account, and how it behaves. */
export interface Server {
  /** Positions of the calls that reached it. */
  readonly positions: Set<string>;
  /** Billed tokens. */
  tokens: number;
  /** Milliseconds from the start. */
  lastSentAt: number;
  /** Bills more than it was allowed. */
  readonly dishonest: boolean;
  /** Goes on when told to stop. */
  readonly deaf: boolean;
  /** Some calls end in an exception. */
  readonly throwing: boolean;
}

type Law = readonly [sentence: string, holds: boolean];

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const broken = (laws: readonly Law[]) => laws.filter(([, holds]) => !holds).map(([law]) => law);

/** The laws that a receipt breaks; none, ever. */
export function brokenByReceipt(receipt: Receipt, server: Server): string[] {
  const { budget, total, overrunTokens } = receipt;
  const { dishonest, deaf, throwing } = server;
  const tokens = total.inputTokens + total.outputTokens;
  const honest = overrunTokens === 0;
  const inputs = Object.values(receipt.roles).map((role) => role.inputTokens);
  // What was given up counts as reserved, which is more than an honest server bills in the end.
  const billed = tokens === server.tokens || throwing || (deaf && (dishonest || tokens > server.tokens));
  return broken([
    ["an honest server overruns nothing", dishonest || honest],
    ["tokens stay in the budget", tokens - overrunTokens <= (budget.tokens ?? Infinity)],
    ["FLOPs stay in the budget", !honest || total.flops! <= (budget.flops ?? Infinity)],
    ["dollars stay in the budget", !honest || total.usd! <= (budget.usd ?? Infinity)],
    ["nothing is sent after the deadline", server.lastSentAt <= (budget.ms ?? Infinity)],
    ["the roles add up to the total", sum(inputs) === total.inputTokens],
    ["the receipt is what the server billed", billed],
  ]);
}

/** The laws that a ledger breaks, given its receipt; none, ever. */
export function brokenByLedger(entries: readonly Entry[], receipt: Receipt, server: Server): string[] {
  const { budget, total } = receipt;
  const settled = entries.filter((entry) => entry.type === "settled");
  const reserved = new Map<number, number>();
  for (const entry of entries)
    if (entry.type === "reserved" || entry.type === "adjusted") reserved.set(entry.call, entry.most.tokens);
  const limited = [budget.tokens, budget.flops, budget.usd].some((limit) => limit !== undefined);
  const overrun = entries.findIndex((entry) => entry.type === "settled" && entry.overrunTokens > 0);
  const later = overrun < 0 ? [] : entries.slice(overrun).filter((entry) => entry.type === "reserved");
  const within = settled.every(
    (entry) => entry.cost.tokens - entry.overrunTokens <= reserved.get(entry.call)!,
  );
  const summed =
    total.inputTokens + total.outputTokens === sum(settled.map((entry) => entry.cost.tokens)) &&
    total.calls === settled.length &&
    total.flops === sum(settled.map((entry) => entry.cost.flops!)) &&
    Math.abs(total.usd! - sum(settled.map((entry) => entry.cost.usd!))) < 1e-12;
  const sent = entries.filter((entry) => entry.type === "refused" && server.positions.has(entry.position));
  return broken([
    ["nothing is reserved after an overrun", !limited || later.length === 0],
    ["spending never exceeds its reservation", within],
    ["every reservation is settled", settled.length === reserved.size],
    ["refused calls are never sent", sent.length === 0],
    ["the receipt is the sum of the ledger", summed],
  ]);
}
