import type { Kysely } from "kysely";
import type { Database } from "../budget/database.ts";
import type { TokenLogprob } from "../models/model.ts";
import type { Params } from "./records.ts";
import type { Tables } from "./tables.ts";

/** Prompts per page. */
const PAGE = 1000;

/** What a bank holds, in numbers. */
export interface Contents {
  readonly prompts: number;
  readonly texts: number;
  readonly settings: readonly {
    readonly id: number;
    readonly model: string;
    readonly fingerprint: string;
    readonly params: Params;
    readonly samples: number;
  }[];
  readonly verifiers: readonly {
    readonly id: number;
    readonly name: string;
    readonly fingerprint: string;
    readonly scores: number;
  }[];
  /** Texts of which somebody knows whether they are right. */
  readonly graded: number;
}

/** A prompt that has samples. */
export interface StoredPrompt {
  readonly id: number;
  readonly text: string;
}

/** Which samples to read. */
export interface DrawnFilter {
  /** Default: all. */
  readonly settings?: readonly number[];
  /** Whose scores. Default: nobody's. */
  readonly verifier?: number | undefined;
  /** Read texts and log-probabilities too, which takes long. Default false. */
  readonly whole?: boolean;
}

/** A sample as selection sees it. */
export interface Drawn {
  readonly setting: number;
  readonly seed: number;
  /** Number of its text; equal texts are one. */
  readonly text: number;
  /** False when it was cut before it stated an answer. */
  readonly complete: boolean;
  readonly answer: string | undefined;
  readonly outputTokens: number | undefined;
  readonly score: number | undefined;
  readonly steps: readonly number[] | undefined;
  /** As it was graded; against a reference rather than without one. */
  readonly correct: boolean | undefined;
  readonly whole?: {
    readonly text: string;
    readonly finish: "end" | "stop" | "length";
    readonly inputTokens: number;
    readonly logprobs: readonly TokenLogprob[] | undefined;
  };
}

/** Counts what a bank holds. */
export async function contentsOf(queries: Kysely<Tables>): Promise<Contents> {
  const count = async (table: "prompts" | "texts") => {
    const { rows } = await queries
      .selectFrom(table)
      .select(({ fn }) => fn.countAll<number>().as("rows"))
      .executeTakeFirstOrThrow();
    return rows;
  };
  const settings = await queries
    .selectFrom("settings")
    .innerJoin("samples", "samples.setting", "settings.id")
    .groupBy(["settings.id", "model", "fingerprint", "params"])
    .orderBy("settings.id")
    .select(({ fn }) => [
      "settings.id",
      "model",
      "fingerprint",
      "params",
      fn.countAll<number>().as("samples"),
    ])
    .execute();
  const verifiers = await queries
    .selectFrom("verifiers")
    .innerJoin("scores", "scores.verifier", "verifiers.id")
    .groupBy(["verifiers.id", "name", "fingerprint"])
    .orderBy("verifiers.id")
    .select(({ fn }) => ["verifiers.id", "name", "fingerprint", fn.countAll<number>().as("scores")])
    .execute();
  const { graded } = await queries
    .selectFrom("grades")
    .select(({ fn }) => fn.count<number>("text").distinct().as("graded"))
    .executeTakeFirstOrThrow();
  return {
    prompts: await count("prompts"),
    texts: await count("texts"),
    settings: settings.map((row) => ({ ...row, params: JSON.parse(row.params) as Params })),
    verifiers,
    graded,
  };
}

/** All prompts, page by page. */
export async function* promptsFrom({ queries, attempt }: Database<Tables>): AsyncGenerator<StoredPrompt> {
  for (let last = 0; ; ) {
    const page = await attempt(() =>
      queries
        .selectFrom("prompts")
        .select(["id", "text"])
        .where("id", ">", last)
        .orderBy("id")
        .limit(PAGE)
        .execute(),
    );
    yield* page;
    if (page.length < PAGE) return;
    last = page.at(-1)!.id;
  }
}

/** The samples of one prompt, with the scores of one verifier. */
export async function drawnFrom(
  queries: Kysely<Tables>,
  prompt: number,
  { settings, verifier, whole = false }: DrawnFilter,
): Promise<readonly Drawn[]> {
  const samples = await queries
    .selectFrom("samples")
    .innerJoin("texts", "texts.id", "samples.text")
    .leftJoin("scores", (join) =>
      join.onRef("scores.text", "=", "samples.text").on("scores.verifier", "=", verifier ?? -1),
    )
    .where("samples.prompt", "=", prompt)
    .$if(settings !== undefined, (query) => query.where("setting", "in", settings!))
    .orderBy("setting")
    .orderBy("seed")
    .select([
      "setting",
      "seed",
      "samples.text",
      "complete",
      "answer",
      "samples.output_tokens",
      "value",
      "steps",
    ])
    .$if(whole, (query) =>
      query.select(["texts.text as solution", "finish", "samples.input_tokens", "logprobs"]),
    )
    .execute();
  const grades = await queries
    .selectFrom("grades")
    .innerJoin("texts", "texts.id", "grades.text")
    .where("texts.prompt", "=", prompt)
    .orderBy("reference")
    .select(["grades.text", "correct"])
    .execute();
  const correct = new Map(grades.map((row) => [row.text, row.correct === 1]));
  return samples.map((row) => ({
    setting: row.setting,
    seed: row.seed,
    text: row.text,
    complete: row.complete === 1,
    answer: row.answer ?? undefined,
    outputTokens: row.output_tokens ?? undefined,
    score: row.value ?? undefined,
    steps: row.steps === null ? undefined : (JSON.parse(row.steps) as readonly number[]),
    correct: correct.get(row.text),
    ...(row.solution !== undefined && {
      whole: {
        text: row.solution,
        finish: row.finish as "end",
        inputTokens: row.input_tokens ?? 0,
        logprobs: row.logprobs == null ? undefined : (JSON.parse(row.logprobs) as readonly TokenLogprob[]),
      },
    }),
  }));
}
