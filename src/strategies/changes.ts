import type { TraceEvent } from "../types.ts";
import { equivalent } from "../verifiers/answer.ts";

/** What the revisions at one place of their chains did to the answers. */
export interface LinkChanges {
  /** 1 for the first revisions. */
  readonly link: number;
  readonly revisions: number;
  /** Revisions whose answer is another one than their parent's. */
  readonly changed: number;
  /** Revised attempts whose answer was right, and those whose revision is wrong. */
  readonly right: number;
  readonly rightToWrong: number;
  /** Revised attempts whose answer was wrong or missing, and those whose revision is right. */
  readonly wrong: number;
  readonly wrongToRight: number;
}

/** The answer of one attempt, and its place in its chain. */
interface Place {
  readonly answer: string | undefined;
  readonly link: number;
}

/**
 * How the revisions of a search changed its answers, link by link, from the trace alone. `isRight` judges an
 * answer by the reference answer, which no search knows; where it says `undefined` only changes are counted.
 */
export function revisionChanges(
  trace: readonly TraceEvent[],
  isRight: (answer: string | undefined) => boolean | undefined = () => undefined,
): readonly LinkChanges[] {
  const places = new Map<string, Place>();
  const links: LinkChanges[] = [];
  for (const event of trace) {
    if (event.type === "proposed") places.set(event.id, { answer: event.answer, link: 0 });
    if (event.type !== "revised") continue;
    const [before, after] = [places.get(event.parent)!, places.get(event.id)!];
    const link = before.link + 1;
    places.set(event.id, { ...after, link });
    links.push(oneChange(link, before.answer, after.answer, isRight));
  }
  return sumChanges(links);
}

/** Adds up the changes of several searches, link by link. */
export function sumChanges(changes: readonly LinkChanges[]): readonly LinkChanges[] {
  const links = Map.groupBy(changes, ({ link }) => link);
  const sums = [...links].map(([link, group]) => {
    const sum = (count: (one: LinkChanges) => number) => group.reduce((total, one) => total + count(one), 0);
    return {
      link,
      revisions: sum(({ revisions }) => revisions),
      changed: sum(({ changed }) => changed),
      right: sum(({ right }) => right),
      rightToWrong: sum(({ rightToWrong }) => rightToWrong),
      wrong: sum(({ wrong }) => wrong),
      wrongToRight: sum(({ wrongToRight }) => wrongToRight),
    };
  });
  return sums.sort((a, b) => a.link - b.link);
}

function oneChange(
  link: number,
  before: string | undefined,
  after: string | undefined,
  isRight: (answer: string | undefined) => boolean | undefined,
): LinkChanges {
  const [was, is] = [isRight(before), isRight(after)];
  return {
    link,
    revisions: 1,
    changed: Number(!sameAnswer(before, after)),
    right: Number(was === true),
    rightToWrong: Number(was === true && is === false),
    wrong: Number(was === false),
    wrongToRight: Number(was === false && is === true),
  };
}

function sameAnswer(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equivalent(a, b);
}
