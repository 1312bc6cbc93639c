import { type Collection, parseCollection, sameItems } from "./collection.ts";
import { canonicalExpression } from "./game.ts";
import { LONGEST_ANSWER, normaliseAnswer } from "./normalise.ts";
import { equalRational, parseRational } from "./rational.ts";
import { equalFormulas } from "./symbolic.ts";
import { inBaseUnit, parseQuantity, type Quantity, splitUnit } from "./units.ts";

/** Larger collections are compared as text: every item may have to be compared with every other. */
const MOST_ITEMS = 32;

function equalQuantities(a: Quantity, b: Quantity): boolean {
  const same = equalRational(a.value, b.value);
  if (a.unit === b.unit) return same;
  const [x, y] = [inBaseUnit(a), inBaseUnit(b)];
  if (x.unit === y.unit && equalRational(x.value, y.value)) return true;
  return (a.unit === undefined || b.unit === undefined) && same;
}

/** The letter of a multiple-choice answer: `(B)`, `B.`, `B)`, `b)`, `option B`; a bare letter is upper case. */
function choiceLetter(text: string): string | undefined {
  const bare = text.replace(/^(?:option|choice|answer) /i, "");
  const match = /^(?:\(([A-Za-z])\)|([A-J])|([A-Za-z])\)|\[([A-J])\])$/.exec(bare);
  return (match?.[1] ?? match?.[2] ?? match?.[3] ?? match?.[4])?.toUpperCase();
}

/** The letter of a choice that is given with its text: `(B) 42`, `B. Paris`. */
function explainedChoice(text: string): string | undefined {
  const match = /^(?:\(([A-J])\)|([A-J])[).:]) ?\S/.exec(text);
  return match?.[1] ?? match?.[2];
}

/** Words without any mathematics, in lower case and without an article. */
function plainWords(text: string): string | undefined {
  if (!/^[a-zA-Z][a-zA-Z' -]*$/.test(text) || /^[a-zA-Z]{1,2}$/.test(text)) {
    return /^(?:no|yes)$/i.test(text) ? text.toLowerCase() : undefined;
  }
  return text.toLowerCase().replace(/^(?:the|an?) /, "");
}

const NAMED = /^([a-zA-Z](?:_\{?\w+\}?)?|[a-zA-Z]\([a-zA-Z]\)|[a-zA-Z]{2,12})(?:=|\\in)(?!=)(.+)$/;

/** `x=5` as name and value. */
function named(text: string): { name: string; value: string } | undefined {
  const match = NAMED.exec(text);
  return match === null ? undefined : { name: match[1]!, value: match[2]! };
}

/** The canonical form of an expression of whole numbers in plain text, such as a countdown answer; no number. */
function writtenGame(text: string): string | undefined {
  const isPlain = /^[\d()+*/-]+$/.test(text) && parseQuantity(text) === undefined;
  return isPlain ? canonicalExpression(text) : undefined;
}

/** Compares choices and words; `undefined` when neither answer is one. */
function equalWords(a: string, b: string): boolean | undefined {
  const [choiceA, choiceB] = [choiceLetter(a), choiceLetter(b)];
  if (choiceA !== undefined || choiceB !== undefined) {
    const [x, y] = [choiceA ?? explainedChoice(a), choiceB ?? explainedChoice(b)];
    if (x !== undefined && y !== undefined) return x === y;
  }
  const [wordsA, wordsB] = [plainWords(a), plainWords(b)];
  return wordsA !== undefined || wordsB !== undefined ? wordsA === wordsB : undefined;
}

/** Compares what is left: expressions of whole numbers as they are written, formulas by value. */
function equalValues(a: string, b: string): boolean {
  const [gameA, gameB] = [writtenGame(a), writtenGame(b)];
  if (gameA !== undefined && gameB !== undefined) return gameA === gameB;
  const [x, y] = [splitUnit(a), splitUnit(b)];
  const fits = x.unit === y.unit || x.unit === undefined || y.unit === undefined;
  return fits && (equalFormulas(x.formula, y.formula) ?? false);
}

/** Compares two answers in normal form. `depth` bounds nested collections. */
function equalForms(a: string, b: string, depth: number): boolean {
  if (a === b) return true;
  if (a === "" || b === "" || depth > 3) return false;
  const [x, y] = [parseQuantity(a), parseQuantity(b)];
  if (x !== undefined && y !== undefined) return equalQuantities(x, y);
  const [nameA, nameB] = [named(a), named(b)];
  if (nameA !== undefined && nameB === undefined && !b.includes("=")) {
    return equalForms(nameA.value, b, depth + 1);
  }
  if (nameB !== undefined && nameA === undefined && !a.includes("=")) {
    return equalForms(a, nameB.value, depth + 1);
  }
  if (nameA !== undefined && nameA.name === nameB?.name) {
    return equalForms(nameA.value, nameB.value, depth + 1);
  }
  const [listA, listB] = [parseCollection(a), parseCollection(b)];
  if (listA !== undefined && listB !== undefined) return equalCollections(listA, listB, depth);
  const said = equalWords(a, b);
  if (said !== undefined) return said;
  return listA === undefined && listB === undefined && equalValues(a, b);
}

function equalCollections(a: Collection, b: Collection, depth: number): boolean {
  if (a.items.length > MOST_ITEMS || b.items.length > MOST_ITEMS) return false;
  return sameItems(a, b, (x, y) => equalForms(normaliseAnswer(x), normaliseAnswer(y), depth + 1));
}

/**
 * Whether two answers say the same: numbers exactly (integers, decimals, fractions, mixed numbers, thousands
 * separators, `3\%` and `0.03`), units and currency (a missing unit fits any), choices "(A)", words without
 * case, sets and lists in any order, tuples and intervals in order, and formulas by value (see
 * `equalFormulas`). A decimal is never equal to the number it rounds: 0.333 is not 1/3. Two plain expressions
 * of whole numbers (`12*3-7-5`, the answer to a game) are equal when they are the same up to order and
 * grouping; with a number they are compared by value.
 *
 * Symmetric, reflexive, and never throws or hangs, whatever the text. Not transitive where a unit is missing
 * ("5 cm", "5", "5 m"): group answers with `answerClasses`. Equal texts and plain numbers are decided without
 * loading the mathematics library.
 */
export function equivalent(a: string, b: string): boolean {
  const [x, y] = [a.trim(), b.trim()];
  if (x === y) return x !== "";
  if (/^-?[1-9]\d{0,14}$/.test(x) && /^-?[1-9]\d{0,14}$/.test(y)) return false;
  if (x.length > LONGEST_ANSWER || y.length > LONGEST_ANSWER) return false;
  return equalForms(normaliseAnswer(x), normaliseAnswer(y), 0);
}

/**
 * Groups answers that say the same: `result[i]` is the index of the first answer of the class of answer `i`.
 * Equivalence is closed over the group ("5 cm" and "5 m" meet when "5" is there too), so the classes do not
 * depend on the order of the answers.
 */
export function answerClasses(answers: readonly string[]): number[] {
  const forms = answers.map(normaliseAnswer);
  const first = new Map<string, number>();
  for (const [index, form] of forms.entries()) if (!first.has(form)) first.set(form, index);
  const distinct = [...first].map(([form, index]) => ({ ...read(form), index }));
  const parent = new Map(distinct.map(({ index }) => [index, index]));
  const find = (index: number): number => {
    const up = parent.get(index)!;
    return up === index ? index : find(up);
  };
  for (const [place, one] of distinct.entries()) {
    for (const other of distinct.slice(0, place)) {
      const [a, b] = [find(one.index), find(other.index)];
      if (a !== b && sameForm(one, other)) parent.set(Math.max(a, b), Math.min(a, b));
    }
  }
  return forms.map((form) => find(first.get(form)!));
}

/** An answer read once, because voting compares each with every other. */
interface Written {
  readonly form: string;
  readonly isNumber: boolean;
  /** The canonical game, for an expression of whole numbers. */
  readonly game: string | undefined;
}

function read(form: string): Written {
  const isNumber = parseRational(form) !== undefined;
  return { form, isNumber, game: isNumber ? undefined : writtenGame(form) };
}

/** Two plain numbers, or two games, are equal in one form only; anything else is compared in full. */
function sameForm(a: Written, b: Written): boolean {
  if (a.isNumber && b.isNumber) return a.form === b.form;
  if (a.game !== undefined && b.game !== undefined) return a.game === b.game;
  return equalForms(a.form, b.form, 0);
}
