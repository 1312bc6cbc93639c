import { fields, list } from "../models/openai/json.ts";
import { type Aggregation, aggregate } from "./aggregate.ts";
import { numbers, probabilities, type RemoteOptions, remoteVerifier } from "./remote.ts";
import type { ScoreRequest, Verifier } from "./verifier.ts";

/** A process reward model behind vLLM or SGLang. */
export interface PrmHttpOptions extends RemoteOptions {
  /** "vllm": `/pooling` with task `token_classify`, one call scores every step. "sglang": `/classify`, which
   * scores whole texts only, so each step is sent as the text up to it; the server's prefix cache saves most
   * of the repetition, but every token is counted. */
  readonly server: "vllm" | "sglang";
  /** What separates the steps of a candidate. Default "\n". */
  readonly separator?: string;
  /** What the model's steps end with, as its card says. Default "<extra_0>" (Qwen2.5-Math-PRM). */
  readonly marker?: string;
  /** Text of the system message. Default: that of Qwen2.5-Math-PRM. */
  readonly system?: string;
  /** Class that means "right" in each row of scores. Default: the last one. */
  readonly goodClass?: number;
  /** The server gives logits instead of probabilities. Default: false for vLLM, true for SGLang. */
  readonly logits?: boolean;
  /** How step scores become one. Default "last". */
  readonly aggregation?: Aggregation;
}

const QWEN_SYSTEM = "Please reason step by step, and put your final answer within \\boxed{}.";

/** Steps without the empty ones. What a candidate writes is never a marker or a special token of its own. */
function stepsOf(text: string, separator: string, marker: string): string[] {
  const steps = text.split(separator).map((step) => step.replaceAll(marker, "").replaceAll("<|", "< |"));
  return steps.filter((step) => step.trim() !== "");
}

/** ChatML, the template of Qwen's reward models, for servers that take plain texts. */
function chatMl(system: string, user: string, assistant: string): string {
  const turns = [`system\n${system}`, `user\n${user}`, `assistant\n${assistant}`];
  return `${turns.map((turn) => `<|im_start|>${turn}<|im_end|>`).join("\n")}<|endoftext|>`;
}

/** Rows of scores, one per step: nested, or flat when a row has one number or there is one step. */
function rows(data: unknown, steps: number): number[][] {
  const flat = numbers(data);
  const nested =
    flat === undefined ? list(data)?.map(numbers) : steps === 1 ? [flat] : flat.map((one) => [one]);
  if (nested === undefined || nested.length !== steps || nested.some((row) => row === undefined)) {
    throw new Error(
      `The server gave ${nested?.length ?? 0} scores for ${steps} steps: check the step marker and the pooling of the model.`,
    );
  }
  return nested as number[][];
}

/**
 * A process reward model behind a server: vLLM's `/pooling` or SGLang's `/classify`. Each step of a candidate
 * is closed by the model's own marker and scored there.
 *
 * vLLM: `vllm serve Qwen/Qwen2.5-Math-PRM-7B`; Math-Shepherd needs `--pooler-config
 * '{"pooling_type":"STEP","step_tag_id":...,"returned_token_ids":[...]}'` and `goodClass: 0`.
 * SGLang: `python -m sglang.launch_server --model-path ... --is-embedding`.
 *
 * Tested on loopback servers that answer as both projects document; no GPU server was at hand, so try yours
 * on a few solutions that you know first.
 *
 * @example
 * const verifier = prmHttp({ server: "vllm", model: "Qwen/Qwen2.5-Math-PRM-7B", baseUrl: "http://127.0.0.1:8000" });
 */
export function prmHttp(options: PrmHttpOptions): Verifier {
  const { server, model, separator = "\n", marker = "<extra_0>", system = QWEN_SYSTEM } = options;
  const { aggregation = "last", logits = server === "sglang" } = options;
  const steps = ({ text }: ScoreRequest) => stepsOf(text, separator, marker);
  const closed = (some: readonly string[]) => some.map((step) => step + marker).join("");
  const upTo = (request: ScoreRequest) =>
    steps(request).map((_, i, all) => chatMl(system, request.problem.prompt, closed(all.slice(0, i + 1))));
  const pooling = (request: ScoreRequest) => ({
    model,
    task: "token_classify",
    messages: [
      { role: "system", content: system },
      { role: "user", content: request.problem.prompt },
      { role: "assistant", content: closed(steps(request)) },
    ],
  });
  const score = (row: readonly number[]) => probabilities(row, logits).at(options.goodClass ?? -1);
  const parameters = [server, separator, marker, system, options.goodClass, logits, aggregation];

  return remoteVerifier(options, {
    fingerprint: `prm-http/1/${JSON.stringify(parameters)}`,
    scoresPartial: true,
    texts(request) {
      if (steps(request).length === 0) return [];
      return server === "sglang" ? upTo(request) : [system + request.problem.prompt + closed(steps(request))];
    },
    ask: (http, request, signal) =>
      server === "vllm"
        ? http.json(`${http.rootUrl}/pooling`, pooling(request), signal)
        : http.json(`${http.rootUrl}/classify`, { model, text: upTo(request) }, signal),
    read(answer, request) {
      const data =
        server === "vllm"
          ? fields(list(fields(answer)?.data)?.[0])?.data
          : list(answer)?.map((one) => fields(one)?.embedding);
      const scores = rows(data, steps(request).length).map(score);
      if (scores.some((one) => one === undefined)) {
        throw new Error(`The server's scores have no class ${options.goodClass}.`);
      }
      const known = scores as number[];
      return { steps: known, value: aggregate(known, aggregation) };
    },
  });
}
