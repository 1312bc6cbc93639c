// A journal: what was paid for once is never bought again, after a crash, an abort or a second thought.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { majority, scripted, solve } from "bedacht";

const journal = join(mkdtempSync(join(tmpdir(), "bedacht-")), "run.db");
let sent = 0;
const model = scripted(({ seed }) => {
  sent += 1;
  return `#### ${[42, 42, 41, 43][seed % 4]}`;
});

for (const n of [8, 8, 12]) {
  sent = 0;
  const { answer, receipt } = await solve({ problem: "6 * 7?", strategy: majority({ n }), model, journal });
  console.log(`n=${n}: ${answer}; ${receipt.replayedCalls} calls from the journal, ${sent} bought`);
}
