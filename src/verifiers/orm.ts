import type { Reader } from "../models/model.ts";
import { fields, list, number } from "../models/openai/json.ts";
import { prm } from "./prm.ts";
import { numbers, probabilities, type RemoteOptions, remoteVerifier } from "./remote.ts";
import type { ScoreRequest, Verifier } from "./verifier.ts";

/** How an outcome reward model is read in one forward pass. */
export interface OrmOptions {
  /** What is written behind the solution before the score is read. Default "\n". */
  readonly closing?: string;
  /** Token whose probability says that the solution is right. Default "<good>". */
  readonly good?: string;
  /** Its opposite. Default "<bad>". */
  readonly bad?: string;
}

/** A separator that no text has: the whole solution is one step. */
const NEVER = "\u0000";

/**
 * An outcome reward model over any reader: one score for the whole solution, the probability of the good token
 * against the bad one behind it. It sees the history of a revision where its reader was trained to. Closing the
 * verifier closes the reader.
 */
export function orm(reader: Reader, options: OrmOptions = {}): Verifier {
  const { closing = "\n", good = "<good>", bad = "<bad>" } = options;
  const whole = prm(reader, { separator: NEVER, closing, good, bad });
  const trimmed = (request: ScoreRequest) => ({ ...request, text: request.text.trimEnd() });
  return {
    ...whole,
    fingerprint: `orm/1/${JSON.stringify([closing, good, bad])}/${reader.fingerprint}`,
    scoresPartial: false,
    ...(reader.seesHistory && { seesHistory: true }),
    countTokens: (requests) => whole.countTokens(requests.map(trimmed)),
    async score(requests, { signal, onScore } = {}) {
      const scores = await whole.score(requests.map(trimmed), signal && { signal });
      return scores.map(({ steps: _, ...score }, index) => {
        onScore?.(index, score);
        return score;
      });
    },
  };
}

/** An outcome reward model behind a server. */
export interface OrmHttpOptions extends RemoteOptions {
  /** "score": vLLM `/score` of the pair of prompt and solution (cross-encoders). "pooling": vLLM `/pooling` with
   * task `classify`, over a chat. "classify": SGLang `/classify` over a plain text. "rerank": llama.cpp, vLLM and
   * SGLang `/v1/rerank` with the prompt as the query and the solution as the document. */
  readonly endpoint: "score" | "pooling" | "classify" | "rerank";
  /** Class that means "right" where there are several. Default: the last one. */
  readonly goodClass?: number;
  /** The server gives logits instead of probabilities. Default: false for "score" and "pooling", else true. */
  readonly logits?: boolean;
  /** Text of a problem and its solution for "classify". Default: the two, an empty line between them. */
  readonly render?: (prompt: string, solution: string) => string;
}

type Endpoint = OrmHttpOptions["endpoint"];

const PATHS: Readonly<Record<Endpoint, string>> = {
  score: "/score",
  pooling: "/pooling",
  classify: "/classify",
  rerank: "/v1/rerank",
};

function body(options: OrmHttpOptions, prompt: string, solution: string): unknown {
  const { model, render = (question, answer) => `${question}\n\n${answer}` } = options;
  const messages = [
    { role: "user", content: prompt },
    { role: "assistant", content: solution },
  ];
  const bodies: Readonly<Record<Endpoint, unknown>> = {
    score: { model, text_1: prompt, text_2: solution },
    pooling: { model, task: "classify", messages },
    classify: { model, text: [render(prompt, solution)] },
    rerank: { model, query: prompt, documents: [solution], top_n: 1 },
  };
  return bodies[options.endpoint];
}

/** The scores of the only candidate in an answer. */
function row(endpoint: Endpoint, answer: unknown): number[] | undefined {
  const single = (value: unknown) => (number(value) === undefined ? undefined : [number(value)!]);
  if (endpoint === "rerank") return single(fields(list(fields(answer)?.results)?.[0])?.relevance_score);
  if (endpoint === "classify") return numbers(fields(list(answer)?.[0])?.embedding);
  const first = fields(list(fields(answer)?.data)?.[0]);
  return endpoint === "score" ? single(first?.score) : numbers(first?.data);
}

/**
 * An outcome reward model behind a server, one score per whole solution.
 *
 * Tested on loopback servers that answer as vLLM, SGLang and llama.cpp document; try yours on a few solutions
 * that you know first.
 *
 * @example
 * const verifier = ormHttp({ endpoint: "score", model: "my-orm", baseUrl: "http://127.0.0.1:8000" });
 */
export function ormHttp(options: OrmHttpOptions): Verifier {
  const { endpoint, goodClass } = options;
  const logits = options.logits ?? (endpoint === "classify" || endpoint === "rerank");
  return remoteVerifier(options, {
    fingerprint: `orm-http/1/${JSON.stringify([endpoint, goodClass, logits, String(options.render)])}`,
    scoresPartial: false,
    texts: ({ problem, text }) => (text.trim() === "" ? [] : [problem.prompt + text]),
    ask: (http, { problem, text }, signal) =>
      http.json(http.rootUrl + PATHS[endpoint], body(options, problem.prompt, text), signal),
    read(answer) {
      const scores = row(endpoint, answer);
      if (scores === undefined) throw new Error(`The answer of ${PATHS[endpoint]} has no score.`);
      const value = probabilities(scores, logits).at(goodClass ?? -1);
      if (value === undefined) throw new Error(`The server's scores have no class ${goodClass}.`);
      return { value };
    },
  });
}
