import { formatRational, parseRational } from "./rational.ts";

/** Longer answers are compared as strings only. */
export const LONGEST_ANSWER = 1000;

const GLYPHS: readonly (readonly [RegExp, string])[] = [
  [/[−–—]/g, "-"],
  [/[×✕]/g, "\\times "],
  [/[·⋅]/g, "\\cdot "],
  [/÷/g, "/"],
  [/⁄/g, "/"],
  [/π/g, "\\pi "],
  [/∞/g, "\\infty "],
  [/°/g, "^\\circ "],
  [/∪/g, "\\cup "],
  [/∅/g, "\\emptyset "],
  [/±/g, "\\pm "],
  [/≤/g, "\\le "],
  [/≥/g, "\\ge "],
  [/√\(([^()]*)\)/g, "\\sqrt{$1}"],
  [/√(\d+|[a-z])/g, "\\sqrt{$1}"],
  [/²/g, "^2"],
  [/³/g, "^3"],
];
const VULGAR: Readonly<Record<string, string>> = {
  "½": "1/2",
  "⅓": "1/3",
  "⅔": "2/3",
  "¼": "1/4",
  "¾": "3/4",
};

/** Spacing, sizing and font commands that change how an answer looks, not what it says. */
const LOOKS: readonly (readonly [RegExp, string])[] = [
  [/\\(?:left|right|bigl|bigr|Bigl|Bigr|big|Big|displaystyle|textstyle|limits)(?![a-zA-Z])\s*/g, ""],
  [/\\(?:dfrac|tfrac|cfrac)(?![a-zA-Z])/g, "\\frac"],
  [/\\(?:lbrace|\{)/g, "\\{"],
  [/\\(?:rbrace|\})/g, "\\}"],
  [/\\(?:lvert|rvert|vert|mid)(?![a-zA-Z])/g, "|"],
  [/\\(?:degree|degrees)(?![a-zA-Z])/g, "^\\circ"],
  [/\^\{\\circ\}/g, "^\\circ"],
  [/\\(?:leq)(?![a-zA-Z])/g, "\\le"],
  [/\\(?:geq)(?![a-zA-Z])/g, "\\ge"],
  [/\\(?:varnothing)(?![a-zA-Z])|\\\{\s*\\\}/g, "\\emptyset"],
  [/\{,\}/g, ","],
  [/(\d)(?:\\[,;: !]|~|\\ )(?=\d{3}(?!\d))/g, "$1"],
  [/(?<!\\)\\[,;:! ]|~|\\q?quad(?![a-zA-Z])/g, " "],
  [/\\([%$€£#])/g, "$1"],
];

const WRAPPERS: readonly RegExp[] = [
  /^\$\$?([^$]*)\$?\$$/,
  /^\\\(([\s\S]*)\\\)$/,
  /^\\\[([\s\S]*)\\\]$/,
  /^\*\*([^*]*)\*\*$/,
  /^\*([^*]*)\*$/,
  /^`([^`]*)`$/,
  /^"([^"]*)"$/,
  /^\\boxed\s*\{([^{}]*)\}$/,
];

const WORDS_IN_LATEX =
  /\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|mbox|operatorname|bf|rm)\s*\{([^{}]*)\}/g;

/** Takes away what surrounds an answer without being part of it: dollars, bold, a closing full stop. */
export function unwrap(text: string): string {
  let bare = text.trim();
  for (let round = 0; round < 6; round += 1) {
    const before = bare;
    bare = bare
      .replace(/^(?:[:=≈]|\\approx(?![a-zA-Z])|(?:about|approximately|roughly)\s)\s*/i, "")
      .replace(/(?:(?<!\\)[.,;:]|\\\\)+$/, "")
      .trim();
    for (const wrapper of WRAPPERS) bare = bare.replace(wrapper, "$1").trim();
    if (bare === before) break;
  }
  return bare;
}

/** Letters of LaTeX words keep a space on both sides, so that `5\text{cm}` is `5 cm`. */
function spellOut(text: string): string {
  let plain = text.replace(/[½⅓⅔¼¾]/g, (glyph, at: number) =>
    /\d/.test(text[at - 1] ?? "") ? ` ${VULGAR[glyph]}` : VULGAR[glyph]!,
  );
  for (const [glyph, latex] of GLYPHS) plain = plain.replace(glyph, latex);
  for (const [look, meant] of LOOKS) plain = plain.replace(look, meant);
  plain = plain.replace(WORDS_IN_LATEX, " $1 ");
  return plain.replace(/\s+/g, " ").trim();
}

/** Spaces go where they say nothing: beside signs, brackets and commas, and after a command. */
function tighten(text: string): string {
  return text
    .replace(/ ?([-+*/^_=<>,;:|&]) ?/g, "$1")
    .replace(/([([{]) /g, "$1")
    .replace(/ ([)\]}])/g, "$1")
    .replace(/(?<![a-zA-Z]) (?=[([{])/g, "")
    .replace(/([)\]}]) (?![a-zA-Z])/g, "$1")
    .replace(/(\\[a-zA-Z]+) (?![a-zA-Z])/g, "$1")
    .replace(/ (?=\\)/g, "")
    .trim();
}

/** `1,234,567` and `1 234 567` without their separators. */
export function joinThousands(text: string): string {
  return text.replace(
    /^([-+]?[$€£]?\d{1,3})((?:,\d{3})+|(?: \d{3})+)(?=\D|$)/,
    (_, head: string, tail: string) => head + tail.replace(/[, ]/g, ""),
  );
}

/** `\frac34`, `\frac{3}4` and `\frac 3 4` with both braces; `x^10` as `x^{10}`. */
function brace(text: string): string {
  return text
    .replace(/\\(frac|binom)\s*(\d)\s*(?=[\d{])/g, "\\$1{$2}")
    .replace(/\\(frac|binom)(\{[^{}]*\})\s*(\d)/g, "\\$1$2{$3}")
    .replace(/\\sqrt\s*(\d)/g, "\\sqrt{$1}")
    .replace(/\^(-?\d+)/g, "^{$1}");
}

/** One round of rewriting; what one rule leaves behind may be work for another. */
function rewrite(text: string): string {
  const bare = unwrap(joinThousands(tighten(spellOut(unwrap(text)))));
  const number = parseRational(brace(bare)) ?? parseRational(bare);
  return number === undefined ? brace(bare) : formatRational(number);
}

const MOST_ROUNDS = 50;

/**
 * The plain form of an answer: no dollars, no LaTeX looks, no thousands separators, numbers as a decimal or a
 * fraction in lowest terms (`1/2` and `\frac{2}{4}` are `0.5`). Equal plain forms mean equal answers; unequal
 * ones may still be `equivalent`. Pure and total: any text gives a text.
 */
export function normaliseAnswer(answer: string): string {
  let form = answer.trim();
  if (form.length > LONGEST_ANSWER) return form;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const next = rewrite(form);
    if (next === form) break;
    form = next;
  }
  return form;
}
