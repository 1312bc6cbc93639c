import fc from "fast-check";
import { expect, it } from "vitest";
import { faultSchedule } from "../faults.ts";

it("keeps every budget under every schedule of faults", async () => {
  const totals = { calls: 0, refused: 0, retries: 0, lost: 0, overrun: 0 };
  await fc.assert(
    fc.asyncProperty(fc.nat(2 ** 31), async (seed) => {
      const { broken, receipt } = await faultSchedule(seed);
      expect(broken).toEqual([]);
      if (!receipt) return;
      totals.calls += receipt.total.calls;
      totals.refused += receipt.refusedCalls;
      totals.retries += receipt.retries;
      totals.lost += receipt.lostCalls;
      totals.overrun += receipt.overrunTokens;
    }),
    { numRuns: 400 },
  );
  for (const [fault, times] of Object.entries(totals)) expect(times, fault).toBeGreaterThan(0);
});
