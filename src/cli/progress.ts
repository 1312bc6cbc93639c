import type { Budget, BudgetUnit, TraceEvent } from "../types.ts";
import { printable } from "./render.ts";

/** What is known of a search while it runs. Plain data; `follow` makes the next one from an event. */
export interface Progress {
  readonly strategy: string;
  /** Completed candidates that the plan asks for; `undefined` where it does not say. */
  readonly planned: number | undefined;
  readonly completed: number;
  readonly pruned: number;
  readonly lost: number;
  /** Answers of the completed candidates, in order of arrival. */
  readonly answers: ReadonlyMap<string, { readonly votes: number; readonly score: number }>;
  /** Answers of the completed candidates by id: a later score finds its answer, a repeated event counts once. */
  readonly seen: ReadonlyMap<string, string | undefined>;
  /** Splits whose parts are being answered, the problem's own first, the innermost last. */
  readonly splits: readonly Split[];
}

/** Parts in order, and how many of them are answered. */
interface Split {
  /** What the ids of its parts begin with. */
  readonly path: string;
  readonly parts: readonly string[];
  readonly answered: number;
}

/** What a search has used so far. Absent: unknown. */
export interface Spent extends Readonly<Partial<Record<BudgetUnit, number>>> {
  /** Candidates that are being scored right now. */
  readonly scoring?: number;
}

/** The progress of a search that has not begun. */
export function begin(strategy: string, planned: number | undefined): Progress {
  const counts = { completed: 0, pruned: 0, lost: 0 };
  return { strategy, planned, ...counts, answers: new Map(), seen: new Map(), splits: [] };
}

/** The progress after one more event. */
export function follow(progress: Progress, event: TraceEvent): Progress {
  if (event.type === "pruned") return { ...progress, pruned: progress.pruned + 1 };
  if (event.type === "lost") return { ...progress, lost: progress.lost + 1 };
  if (event.type === "proposed" && event.complete && !progress.seen.has(event.id)) {
    const seen = new Map(progress.seen).set(event.id, event.answer);
    const next = { ...progress, completed: progress.completed + 1, seen };
    return event.answer === undefined ? next : { ...next, answers: add(next.answers, event.answer, 1, 0) };
  }
  if (event.type === "scored" && event.score !== undefined) {
    const answer = progress.seen.get(event.id);
    if (answer !== undefined) return { ...progress, answers: add(progress.answers, answer, 0, event.score) };
  }
  if (event.type === "split" && event.parts.length > 1) {
    const path = event.id.slice(0, -"split".length);
    return { ...progress, splits: [...progress.splits, { path, parts: event.parts, answered: 0 }] };
  }
  if (event.type === "answered") return { ...progress, splits: answer(progress.splits, event.id) };
  return progress;
}

/** One part more is answered, and with it every split inside of it is done. */
function answer(splits: readonly Split[], id: string): readonly Split[] {
  const path = id.slice(0, id.lastIndexOf("part/"));
  return splits
    .filter((one) => one.path.length <= path.length)
    .map((one) => (one.path === path ? { ...one, answered: one.answered + 1 } : one));
}

/** Which part is being answered: "part 2 of 3", inside of it "part 1 of 2", and the text of that one. */
function partText(splits: readonly Split[]): string | undefined {
  const places = splits.map(({ parts, answered }) =>
    answered < parts.length
      ? `part ${answered + 1} of ${parts.length}`
      : `all ${parts.length} parts answered`,
  );
  const last = splits.at(-1);
  const text = last?.parts[last.answered];
  if (text === undefined) return places.length === 0 ? undefined : places.join(", ");
  return `${places.join(", ")}: ${oneLine(text)}`;
}

function add(
  answers: Progress["answers"],
  answer: string,
  votes: number,
  score: number,
): Progress["answers"] {
  const before = answers.get(answer) ?? { votes: 0, score: 0 };
  return new Map(answers).set(answer, { votes: before.votes + votes, score: before.score + score });
}

/** The answer that leads: most score, then most votes, then first. */
export function leader(progress: Progress): { answer: string; votes: number; score: number } | undefined {
  let best: { answer: string; votes: number; score: number } | undefined;
  for (const [answer, { votes, score }] of progress.answers) {
    if (best === undefined || score > best.score || (score === best.score && votes > best.votes))
      best = { answer, votes, score };
  }
  return best;
}

/** One plain line, for logs and pipes. */
export function plainLine(progress: Progress, spent: Spent): string {
  const parts = [completedText(progress)];
  if (progress.pruned > 0) parts.push(`${progress.pruned} pruned`);
  if (progress.lost > 0) parts.push(`${progress.lost} lost`);
  const part = partText(progress.splits);
  if (part !== undefined) parts.push(part);
  const best = leader(progress);
  if (best !== undefined) parts.push(`leading: ${leaderText(best)}`);
  if (spent.tokens !== undefined) parts.push(`${count(spent.tokens)} tokens`);
  if (spent.ms !== undefined) parts.push(seconds(spent.ms));
  return parts.join(", ");
}

/** The lines of the live display, none longer than `columns`. */
export function frame(progress: Progress, spent: Spent, budget: Budget, columns: number): string[] {
  const best = leader(progress);
  const part = partText(progress.splits);
  const lines = [
    `${progress.strategy}  ${bar(shareOf(progress))} ${completedText(progress)}${
      progress.pruned > 0 ? `, ${progress.pruned} pruned` : ""
    }${progress.lost > 0 ? `, ${progress.lost} lost` : ""}${spent.scoring ? `, scoring ${spent.scoring}` : ""}`,
    ...(part === undefined ? [] : [part]),
    best === undefined ? "leading: nobody yet" : `leading: ${leaderText(best)}`,
    usedText(spent, budget),
    timeText(progress, spent, budget),
  ];
  return lines.map((line) => (line.length > columns ? `${line.slice(0, Math.max(0, columns - 1))}…` : line));
}

/** At most 40 characters of a model's text, on one line. */
function oneLine(text: string): string {
  const line = printable(text).replace(/\s+/g, " ");
  return line.length > 40 ? `${line.slice(0, 39)}…` : line;
}

function leaderText({ answer, votes, score }: { answer: string; votes: number; score: number }): string {
  return `${oneLine(answer)} (${votes} vote${votes === 1 ? "" : "s"}${score > 0 ? `, score ${score.toFixed(2)}` : ""})`;
}

function usedText(spent: Spent, budget: Budget): string {
  const of = (used: string, share: number) =>
    `${used} (${Math.min(100, Math.round(100 * share))}% of the budget)`;
  const parts: string[] = [];
  const put = (unit: BudgetUnit, text: (value: number) => string) => {
    const used = spent[unit];
    const limit = budget[unit];
    if (used === undefined) return;
    parts.push(limit === undefined ? text(used) : of(text(used), used / limit));
  };
  put("tokens", (value) => `${count(value)} tokens`);
  put("flops", (value) => `${value.toExponential(2)} FLOPs`);
  put("usd", (value) => `$${value.toFixed(4)}`);
  return `used: ${parts.length > 0 ? parts.join(", ") : "nothing yet"}`;
}

/** Time left is guessed from the share that is done, of the candidates or of the budget's fullest unit. */
function timeText(progress: Progress, spent: Spent, budget: Budget): string {
  const elapsed = spent.ms ?? 0;
  const shares = (["tokens", "flops", "usd", "ms"] as const).map(
    (unit) => (spent[unit] ?? 0) / (budget[unit] ?? Infinity),
  );
  const done = Math.min(1, Math.max(shareOf(progress), ...shares));
  const guess = done > 0 && done < 1 ? `, about ${seconds((elapsed * (1 - done)) / done)} left` : "";
  const limit = budget.ms === undefined ? "" : ` of at most ${seconds(budget.ms)}`;
  return `time: ${seconds(elapsed)}${limit}${guess}`;
}

/** How much of the plan is completed, 0 where it does not say how much there is. */
function shareOf({ completed, planned }: Progress): number {
  return planned === undefined ? 0 : completed / planned;
}

function completedText({ completed, planned }: Progress): string {
  return `${completed}${planned === undefined ? "" : `/${planned}`} candidates`;
}

function bar(share: number): string {
  const full = Math.round(20 * Math.min(1, Math.max(0, share)));
  return `${"█".repeat(full)}${"░".repeat(20 - full)}`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** A span of time for people: "1.5 s", "2 min 5 s". */
export function seconds(ms: number): string {
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const whole = Math.round(ms / 1000);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
