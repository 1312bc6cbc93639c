import type { Reader, ReadRequest, ReadResult } from "../models/model.ts";
import { type Aggregation, aggregate } from "./aggregate.ts";
import type { Score, ScoreRequest, Verifier } from "./verifier.ts";

export interface PrmOptions {
  /** What separates the steps of a solution. Default "\n". */
  readonly separator?: string;
  /** What is written after each step, the last one included; the score is read behind it. Default: `separator`.
   * Must end a token of the reader. */
  readonly closing?: string;
  /** Token whose probability says that the solution is right so far. Default "<good>", as pico-prm has it. */
  readonly good?: string;
  /** Its opposite. Default "<bad>". */
  readonly bad?: string;
  /** How step scores become one. Default "last". */
  readonly aggregation?: Aggregation;
}

/** The text that is read, and where each step ends in it. */
interface Closed {
  readonly text: string;
  readonly offsets: readonly number[];
}

/** Steps without the empty ones, each closed. A solution that writes the closing itself does not get a step by
 * it; white space as a closing is ordinary text. */
function closeSteps(solution: string, separator: string, closing: string): Closed {
  const offsets: number[] = [];
  let text = "";
  for (const part of solution.split(separator)) {
    const step = closing.trim() === "" ? part : part.replaceAll(closing, "");
    if (step.trim() === "") continue;
    text += step + closing;
    offsets.push(text.length);
  }
  return { text, offsets };
}

/** P(good) / (P(good) + P(bad)) for each step; `undefined` when a step gives both no probability at all. */
function stepScores(probabilities: readonly (readonly number[])[]): number[] | undefined {
  const scores = probabilities.map(([good = 0, bad = 0]) => good / (good + bad));
  return scores.every((score) => score >= 0 && score <= 1) ? scores : undefined;
}

function toScore(result: ReadResult, steps: number, aggregation: Aggregation): Score {
  const { probabilities, usage, ms, error } = result;
  const cost = { usage, ...(ms !== undefined && { ms }) };
  if (error !== undefined) return { value: undefined, ...cost, error };
  const scores = probabilities?.length === steps ? stepScores(probabilities) : undefined;
  if (scores === undefined) {
    const why = "The reader gave no usable probabilities of the good and bad tokens after every step.";
    return { value: undefined, ...cost, error: new Error(why) };
  }
  return { steps: scores, value: aggregate(scores, aggregation), ...cost };
}

/**
 * A process reward model over any reader: one forward pass over prompt and solution scores every step, as the
 * probability of the good token against the bad one behind it (Snell et al. 2024, section 5.1 and appendix D:
 * the value of a step is the chance that a solution continued from it ends right). Works on partial solutions;
 * a last step that is not closed yet is scored as if it were. A text without any step has no score and costs
 * nothing.
 * Closing the verifier closes the reader.
 */
export function prm(reader: Reader, options: PrmOptions = {}): Verifier {
  const { separator = "\n", good = "<good>", bad = "<bad>", aggregation = "last" } = options;
  const { closing = separator } = options;
  const tokens = [good, bad];
  const read = ({ problem, text }: ScoreRequest): ReadRequest => ({
    prompt: problem.prompt,
    ...closeSteps(text, separator, closing),
    tokens,
  });
  return {
    name: reader.name,
    fingerprint: `prm/1/${JSON.stringify([separator, closing, good, bad, aggregation])}/${reader.fingerprint}`,
    scoresPartial: true,
    ...(reader.shape && { shape: reader.shape }),
    async countTokens(requests) {
      const reads = requests.map(read);
      const counts = await reader.countReadTokens(reads.filter(({ offsets }) => offsets.length > 0));
      const next = counts.values();
      return reads.map(({ offsets }) => ({ input: offsets.length > 0 ? next.next().value! : 0, output: 0 }));
    },
    async score(requests, { signal, onScore } = {}) {
      const reads = requests.map(read);
      const full = reads.filter(({ offsets }) => offsets.length > 0);
      const results = full.length === 0 ? [] : await reader.read(full, signal && { signal });
      const next = results.values();
      return reads.map(({ offsets }, index) => {
        const score: Score =
          offsets.length === 0
            ? { value: undefined }
            : toScore(next.next().value!, offsets.length, aggregation);
        onScore?.(index, score);
        return score;
      });
    },
    close: () => reader.close(),
  };
}
