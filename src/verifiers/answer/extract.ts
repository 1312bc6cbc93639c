import { countdownExpression, parseChain, parseCountdown } from "../../problems/index.ts";
import type { Problem } from "../../types.ts";
import { canonicalExpression } from "./game.ts";
import { normaliseAnswer, unwrap } from "./normalise.ts";
import { parseRational } from "./rational.ts";

/** Only the end of a text holds its answer; nothing before the last 20,000 characters is read. */
const LONGEST_TEXT = 20_000;
const LONGEST_PHRASE = 300;

interface Found {
  readonly at: number;
  readonly answer: string;
}

/** Headings of a Markdown answer begin like GSM8K's answer line. */
const HEADING =
  /^(?:step|part|case|method|approach|solution|verification|conclusion|summary|explanation|note|check|problem|question|example|given|final answer|answer)\b(?! *(?:is|:|=) *\S)/i;
const ANSWER_WORD = /^(?:the )?(?:final )?answer *(?:is|:|=) */i;

/** The last `#### answer` line that is no heading. */
function hashLine(text: string): Found | undefined {
  for (const match of [...text.matchAll(/^[ \t]*####(?!#)[ \t]*(\S.*)$/gm)].reverse()) {
    const stated = match[1]!;
    if (!HEADING.test(stated)) return { at: match.index, answer: unwrap(stated.replace(ANSWER_WORD, "")) };
  }
  return undefined;
}

/** The content of the last `\boxed{...}` or `\fbox{...}` whose braces balance. */
function boxed(text: string): Found | undefined {
  for (const match of [...text.matchAll(/\\(?:boxed|fbox)\s*\{/g)].reverse()) {
    let depth = 1;
    const from = match.index + match[0].length;
    for (let at = from; at < text.length; at += 1) {
      const char = text[at];
      if (char === "\\") at += 1;
      else if (char === "{") depth += 1;
      else if (char === "}") depth -= 1;
      if (depth === 0) return { at: match.index, answer: unwrap(text.slice(from, at)) };
    }
  }
  return undefined;
}

/** The text after any hidden reasoning; an unfinished one holds no answer. */
function visible(text: string): string {
  const end = text.slice(-LONGEST_TEXT);
  const closed = end.lastIndexOf("</think>");
  if (closed >= 0) return end.slice(closed + "</think>".length);
  return end.includes("<think>") ? "" : end;
}

function marked(text: string): Found | undefined {
  const [hash, box] = [hashLine(text), boxed(text)];
  const found = hash !== undefined && (box === undefined || hash.at > box.at) ? hash : box;
  return found?.answer === "" ? undefined : found;
}

/**
 * Whether a text states its final answer with a marker: a `####` line or a balanced `\boxed{}`. A `####` line
 * counts before its newline too, so look only at closed steps.
 */
export function hasFinalAnswer(text: string): boolean {
  return marked(visible(text)) !== undefined;
}

const NUMBER = /[-+]?[$€£]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:\/\d+)?%?/g;

/** The only number in a phrase, or `undefined` when it holds none or several different ones. */
function onlyNumber(phrase: string): string | undefined {
  const found = new Set([...phrase.matchAll(NUMBER)].map((match) => match[0]));
  return found.size === 1 ? [...found][0] : undefined;
}

const PHRASE =
  /(?:final answer|answer|result)(?:\*\*)? *(?:is|are|:|=):?(?:\*\*)?[ \n]*(?:therefore|thus|hence|simply|just|exactly|then|equal to)?,? *:? *([^\n]{1,300})/gi;

/** "The answer is X": X up to the end of the sentence, or the only number in it when X is wordy. */
function phrased(text: string): string | undefined {
  const match = [...text.matchAll(PHRASE)].at(-1);
  if (match === undefined) return undefined;
  const sentence = match[1]!.split(
    /(?<=[^\d\s])[.!?](?:\s|$)|\.(?:\s|$)| (?:because|since|as|which|so that) /,
  )[0]!;
  const stated = unwrap(sentence.replace(/^(?:not|unknown|unclear)\b.*/i, "").replace(/!+$/, ""));
  if (stated === "") return undefined;
  return stated.split(" ").length > 6 && !stated.includes("\\") ? onlyNumber(stated) : stated;
}

/**
 * The number that a text without any marker ends on, where that is safe: the whole text is one short value, or
 * its last sentence is closed and ends on "= number" or holds no other number. Anything else (a list, a
 * question, a sentence cut short) is no answer.
 */
function lastNumber(text: string): string | undefined {
  const whole = unwrap(text);
  if (whole === "" || (whole.length > LONGEST_PHRASE && !/\s/.test(whole))) return undefined;
  if (!whole.includes("\n") && whole.split(" ").length <= 3) {
    if (
      parseRational(normaliseAnswer(whole)) !== undefined ||
      /^(?:\(?[A-J]\)?|yes|no|true|false)$/i.test(whole)
    )
      return whole;
  }
  const line = text.trimEnd().split("\n").at(-1)!.trim().slice(-LONGEST_PHRASE);
  const sentence = line.split(/[.!?]\s+/).at(-1)!;
  const closed = /[.!)*$]$/.test(sentence) || /\n\s*$/.test(text);
  const equation = /=\s*([-+]?[$€£]?[\d,]*\d(?:\.\d+)?(?:\/\d+)?%?)[\s.$*]*$/.exec(sentence);
  if (equation !== null && (closed || /\d$/.test(sentence))) return unwrap(equation[1]!);
  return closed ? onlyNumber(sentence) : undefined;
}

/** The numbers of a countdown solution: those its steps compose, or an expression that the text states. */
function countdownAnswer(problem: Problem, text: string, numbers: readonly number[]): string | undefined {
  const composed = countdownExpression(problem.prompt, text.split("\n"));
  if (composed !== undefined) {
    const used = composed.match(/\d+/g)!.length;
    return used === numbers.length || hasFinalAnswer(text) ? canonicalExpression(composed) : undefined;
  }
  const stated = (marked(text)?.answer ?? phrased(text))?.replace(/=[^=]*$/, "");
  return stated === undefined || /^\s*-?\d+\s*$/.test(stated) ? undefined : canonicalExpression(stated);
}

/**
 * The final answer that a solution states, as it is written but without what surrounds it, or `undefined` when
 * it states none. In this order: the later one of the last `####` line and the last balanced `\boxed{}`, else
 * "the answer is X", else the number that the text ends on where that is safe (`lastNumber`). Text inside
 * `<think>` is not read.
 *
 * For the two families only markers count: a step of a chain solution also ends on "= number". A countdown
 * answer is the expression which the steps compose, or the one stated, in canonical form, so that equal games
 * are equal texts.
 */
export function extractAnswer(problem: Problem, text: string): string | undefined {
  const shown = visible(text);
  const countdown = parseCountdown(problem.prompt);
  if (countdown !== undefined) return countdownAnswer(problem, shown, countdown.numbers);
  const stated = marked(shown)?.answer;
  if (stated !== undefined) return stated;
  if (problem.family === "chain" || parseChain(problem.prompt) !== undefined) return undefined;
  return phrased(shown) ?? lastNumber(shown);
}
