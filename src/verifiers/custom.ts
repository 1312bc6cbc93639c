import type { Problem } from "../types.ts";
import type { PairRequest, Score, ScoreRequest, Scoring, Verifier } from "./verifier.ts";

/** Scores a text in [0, 1]; `undefined`: it cannot say. */
export type ScoreFunction = (
  text: string,
  problem: Problem,
) => number | undefined | Promise<number | undefined>;

/** The probability in [0, 1] that the first of two texts is the better one; `undefined`: it cannot say. */
export type CompareFunction = (
  first: string,
  second: string,
  problem: Problem,
) => number | undefined | Promise<number | undefined>;

export interface CustomOptions {
  /** For receipts. Default "custom". */
  readonly name?: string;
  /** Default: `name`. Give a new one when the function changes and a journal is used. */
  readonly fingerprint?: string;
  /** True when partial solutions may be scored, so that step search can use it. Default false. */
  readonly scoresPartial?: boolean;
  /** True when the text to score should be the earlier solutions of a chain and then the solution. Default false. */
  readonly seesHistory?: boolean;
  /** Compares two solutions, for a tournament. Default: it cannot. */
  readonly compare?: CompareFunction;
}

/**
 * A verifier made of your own function. It costs no tokens. A score outside [0, 1], and a call that throws,
 * count as unknown.
 *
 * @example
 * const short = custom((text) => 1 / (1 + text.length), { name: "short" });
 */
export function custom(score: ScoreFunction, options: CustomOptions = {}): Verifier {
  const { name = "custom", fingerprint = name, scoresPartial = false } = options;
  const one = async (judge: () => ReturnType<ScoreFunction>): Promise<Score> => {
    try {
      const value = await judge();
      if (value === undefined || (value >= 0 && value <= 1)) return { value };
      return { value: undefined, error: new Error(`The score ${value} of ${name} is not in [0, 1].`) };
    } catch (error) {
      return { value: undefined, error: error instanceof Error ? error : new Error(String(error)) };
    }
  };
  const scoring = <Request>(judge: (request: Request) => ReturnType<ScoreFunction>): Scoring<Request> => ({
    countTokens: async (requests) => requests.map(() => ({ input: 0, output: 0 })),
    score: (requests, { onScore } = {}) =>
      Promise.all(
        requests.map(async (request, index) => {
          const scored = await one(() => judge(request));
          onScore?.(index, scored);
          return scored;
        }),
      ),
  });
  const { compare } = options;
  return {
    name,
    fingerprint,
    scoresPartial,
    ...(options.seesHistory && { seesHistory: true }),
    free: true,
    ...scoring(({ text, problem }: ScoreRequest) => score(text, problem)),
    ...(compare && {
      pairs: scoring(({ first, second, problem }: PairRequest) => compare(first, second, problem)),
    }),
    close: async () => {},
  };
}
