import { styleText } from "node:util";
import { formatReceipt } from "../budget/receipt.ts";
import type { Result } from "../types.ts";

/** A result for people: the answer, why it was chosen, its solution, the receipt. Plain text unless `colour`. */
export function renderResult(result: Result, colour: boolean): string {
  const strong = (text: string) => (colour ? styleText("bold", text, { validateStream: false }) : text);
  const why = whyOf(result);
  const lines = [
    `${strong("Answer:")} ${result.answer === undefined ? "none" : strong(printable(result.answer))}`,
    ...(why === undefined ? [] : [`${strong("Why:")} ${printable(why)}`]),
    ...(result.text === undefined || result.text.trim() === ""
      ? []
      : [strong("Solution:"), indent(printable(result.text.trimEnd()))]),
    strong("Receipt:"),
    indent(formatReceipt(result.receipt).trimEnd()),
  ];
  return `${lines.join("\n")}\n`;
}

/** Why the search chose its answer, in one sentence. */
export function whyOf({ trace }: Result): string | undefined {
  return trace.findLast((event) => event.type === "selected")?.why;
}

/** Why there is no answer, as far as the trace knows, and what to do. */
export function whyNot({ trace, receipt }: Result): string {
  const lost = trace.findLast((event) => event.type === "lost");
  if (receipt.stop === "cancelled") return "it was stopped before there was one.";
  if (receipt.stop === "deadline") return "the time was over before there was one; raise ms.";
  if (lost !== undefined && !trace.some((event) => event.type === "proposed")) {
    const passing = receipt.retries > 0 || /\banswered (?:408|409|425|429|5\d\d)\b/.test(lost.reason);
    return passing
      ? `${lost.reason.replace(/\.$/, "")}; look at the server, then run this again.`
      : lost.reason;
  }
  const note = trace.findLast((event) => event.type === "note");
  if (note !== undefined) return note.text;
  return 'no candidate states one; ask in the prompt for a last line "#### ANSWER".';
}

/** True when standard output may be coloured: a terminal, and NO_COLOR is not set (https://no-color.org). */
export function mayColour(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
}

/** Text of a model without control codes other than line breaks and tabs: it must not steer the terminal. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, "\u{fffd}");
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
