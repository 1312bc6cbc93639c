import { wilson } from "../stats/proportions.ts";
import type { LinkChanges } from "../strategies/index.ts";
import type { Receipt } from "../types.ts";
import { seconds } from "./progress.ts";

/** What came of one line of a problem file. */
export interface Verdict {
  /** Right or wrong; `undefined` without a reference answer or an answer. */
  readonly correct: boolean | undefined;
  readonly answered: boolean;
  readonly receipt?: Receipt;
  /** What revisions did to the answers, judged by the reference answer. */
  readonly changes?: readonly LinkChanges[];
}

/** The lines that end a run over a problem file: accuracy with its 95% interval, what it took. */
export function summarise(verdicts: readonly Verdict[], malformed: number, wallMs: number): string {
  const graded = verdicts.filter((verdict) => verdict.correct !== undefined);
  const right = graded.filter((verdict) => verdict.correct).length;
  const unanswered = verdicts.filter((verdict) => !verdict.answered).length;
  const totals = verdicts.flatMap((verdict) => (verdict.receipt ? [verdict.receipt.total] : []));
  const sum = (pick: (total: Receipt["total"]) => number) =>
    totals.reduce((all, total) => all + pick(total), 0);
  const known = (pick: (total: Receipt["total"]) => number | undefined) =>
    totals.length > 0 && totals.every((total) => pick(total) !== undefined)
      ? sum((total) => pick(total)!)
      : undefined;
  const [low, high] = wilson(right, graded.length).map((share) => (100 * share).toFixed(1));
  const parts = [`${verdicts.length} problem${verdicts.length === 1 ? "" : "s"}`];
  if (unanswered > 0) parts.push(`${unanswered} without an answer`);
  if (malformed > 0) parts.push(`${malformed} malformed line${malformed === 1 ? "" : "s"}`);
  const accuracy =
    graded.length === 0
      ? "no reference answers"
      : `${right} of ${graded.length} right: ${((100 * right) / graded.length).toFixed(1)}% (95% interval ${low} to ${high})`;
  const flops = known((total) => total.flops);
  const usd = known((total) => total.usd);
  const cost = [`${sum((total) => total.inputTokens + total.outputTokens).toLocaleString("en")} tokens`];
  if (flops !== undefined) cost.push(`${flops.toExponential(2)} FLOPs`);
  if (usd !== undefined && usd > 0) cost.push(`$${usd.toPrecision(3)}`);
  cost.push(seconds(wallMs));
  const lines = [parts.join(", "), accuracy, ...revised(verdicts), cost.join(", ")];
  return `${lines.join("\n")}\n`;
}

/** How many right answers revisions turned wrong, and how many wrong ones right, where there were any. */
function revised(verdicts: readonly Verdict[]): readonly string[] {
  const changes = verdicts.flatMap((verdict) => verdict.changes ?? []);
  const sum = (count: (one: LinkChanges) => number) => changes.reduce((all, one) => all + count(one), 0);
  const share = (turned: number, of: number) => (of === 0 ? "" : ` (${((100 * turned) / of).toFixed(1)}%)`);
  const [right, wrong] = [sum((one) => one.right), sum((one) => one.wrong)];
  if (right + wrong === 0) return [];
  const [spoilt, mended] = [sum((one) => one.rightToWrong), sum((one) => one.wrongToRight)];
  return [
    `revisions turned ${spoilt} of ${right} right answers wrong${share(spoilt, right)}, ${mended} of ${wrong} wrong ones right${share(mended, wrong)}`,
  ];
}

/** How far a run over a problem file is, in one line; `total` counts its problems, where they are known. */
export function tally(verdicts: readonly Verdict[], wallMs: number, total?: number): string {
  const done = verdicts.length;
  const graded = verdicts.filter((verdict) => verdict.correct !== undefined);
  const right = graded.filter((verdict) => verdict.correct).length;
  const tokens = verdicts.reduce(
    (sum, { receipt }) => sum + (receipt ? receipt.total.inputTokens + receipt.total.outputTokens : 0),
    0,
  );
  const parts = [total === undefined ? `${done} problems done` : `${done} of ${total} problems done`];
  if (graded.length > 0) parts.push(`${right} of ${graded.length} right`);
  parts.push(`${tokens.toLocaleString("en")} tokens`, seconds(wallMs));
  if (total !== undefined && done > 0 && done < total)
    parts.push(`about ${seconds((wallMs * (total - done)) / done)} left`);
  return parts.join(", ");
}
