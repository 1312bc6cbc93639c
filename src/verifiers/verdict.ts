import type { Completion, TokenLogprob } from "../models/model.ts";
import type { Score } from "./verifier.ts";

/** The word that counts as 1 and the word that counts as 0. */
export type Words = readonly [string, string];

/** Best grade of a graded judgement. */
export const TOP_GRADE = 10;

const word = (token: string) => token.replaceAll(/[^\p{L}]/gu, "").toLowerCase();

/** P(first) / (P(first) + P(second)) at the first place with a letter; `undefined` when neither word is said there. */
export function wordProbability(
  logprobs: readonly TokenLogprob[] | undefined,
  words: Words,
): number | undefined {
  const place = logprobs?.find(({ token }) => word(token) !== "");
  if (place?.top === undefined) return undefined;
  const [first, second] = words.map(word);
  const said = word(place.token);
  if (said !== first && said !== second) return undefined;
  const chance = (wanted: string | undefined) =>
    place.top!.reduce((sum, { token, logprob }) => sum + (word(token) === wanted ? Math.exp(logprob) : 0), 0);
  const [one, other] = [chance(first), chance(second)];
  // A greedy model says its most probable token, which is among the alternatives of every honest server.
  const own = Math.exp(place.logprob);
  if (said === first) return (one || own) / ((one || own) + other);
  return one / (one + (other || own));
}

/** P(Yes) / (P(Yes) + P(No)) at the first place with a letter; `undefined` when neither word is said there. */
export function yesProbability(logprobs: readonly TokenLogprob[] | undefined): number | undefined {
  return wordProbability(logprobs, ["Yes", "No"]);
}

/** 1 when the text begins with the first word, 0 with the second, else unknown. */
export function plainVerdict(text: string, words: Words): number | undefined {
  const said = word(/\p{L}+/u.exec(text)?.[0] ?? "");
  const place = words.map(word).indexOf(said);
  return place < 0 ? undefined : 1 - place;
}

/** What stands behind "NAME:" on the last line of a judgement. */
function lastLine(text: string, name: string, value: string): string | undefined {
  const line = text.trimEnd().split("\n").at(-1)!;
  return new RegExp(`^[\\s*_#]*${name}[\\s*_]*:[\\s*_]*(${value})[\\s*_.]*$`, "i").exec(line)?.[1];
}

/** The grade on the last line of a judgement, over 10; `undefined` when it has none. */
export function parseGrade(text: string): number | undefined {
  const grade = lastLine(text, "grade", "\\d+(?:\\s*/\\s*10)?")?.split("/")[0];
  return grade !== undefined && Number(grade) <= TOP_GRADE ? Number(grade) / TOP_GRADE : undefined;
}

/** 1 when the last line of a judgement calls A the better one, 0 for B; `undefined` when it does neither. */
export function parseBetter(text: string): number | undefined {
  const better = lastLine(text, "better", "[AB]")?.toUpperCase();
  return better === undefined ? undefined : Number(better === "A");
}

/** What a judge's completion is worth, given how its text is read. */
export function scoreOf(completion: Completion, read: (completion: Completion) => number | undefined): Score {
  const { usage, ms, retries, attempts, journal, finish, text } = completion;
  const cost = {
    usage,
    ...(ms !== undefined && { ms }),
    ...(retries !== undefined && { retries }),
    ...(attempts !== undefined && { attempts }),
    ...(journal !== undefined && { journal }),
  };
  if (finish === "cancelled")
    return { value: undefined, ...cost, error: new Error("The judge was cancelled.") };
  if (finish === "error" || finish === "refused") {
    const why = completion.error ?? new Error("The judge failed.");
    return { value: undefined, ...cost, error: why, ...(finish === "refused" && { refused: true }) };
  }
  const value = read(completion);
  if (value !== undefined) return { value, ...cost };
  const said = JSON.stringify(text.trim().slice(-60));
  const error = new Error(`The judge gave no verdict: it ended with ${said}.`);
  return { value: undefined, ...cost, unreadable: true, error };
}
