import type { Journal } from "../../src/budget/journal.ts";
import { type EmbeddedModel, embeddedPath } from "../../src/models/embedded.ts";
import { gguf, type LocalModel } from "../../src/models/gguf/index.ts";
import type { Model } from "../../src/models/model.ts";
import { solve } from "../../src/solve.ts";
import type { Problem, Result } from "../../src/types.ts";
import { isCorrect } from "../../src/verifiers/answer.ts";
import { custom } from "../../src/verifiers/custom.ts";
import { orm } from "../../src/verifiers/orm.ts";
import { prm } from "../../src/verifiers/prm.ts";
import { rule } from "../../src/verifiers/rule.ts";
import type { Verifier } from "../../src/verifiers/verifier.ts";
import type { Cell } from "./cells.ts";
import { type Contender, SAMPLES } from "./contenders.ts";
import { memoryJournal } from "./memory-journal.ts";

/** Cells of one problem that are run one after the other by one lane. */
export interface Work {
  readonly problem: Problem;
  readonly cells: readonly { readonly contender: Contender; readonly n: number }[];
}

/** One process for each model, which work by turns: about one core. */
export interface Lane {
  /** Fingerprints of its pairs of generator and verifier. */
  readonly models: readonly string[];
  run(work: Work, seed: number, signal: AbortSignal): Promise<readonly Cell[]>;
  close(): Promise<void>;
}

/** A generator and the verifier that was trained for it. */
interface Pair {
  readonly models: string;
  readonly model: Model;
  readonly verifier: Verifier;
}

/** Opens the embedded models, each in one process. */
export async function openLane(): Promise<Lane> {
  const samples = pair(await open("pico-s"), prm(await open("pico-prm", true)));
  const revises = pair(await open("pico-rev"), orm(await open("pico-rev", true)));
  const pairs = [samples, revises];
  const rules = { exact: exactRule(), rule: rule() };
  return {
    models: pairs.map(({ models }) => models),
    async run({ problem, cells }, seed, signal) {
      const journal = memoryJournal();
      const done: Cell[] = [];
      for (const { contender, n } of cells) {
        const { models, model, verifier: learned } = contender.revises ? revises : samples;
        const verifier = contender.verifier === "prm" ? learned : rules[contender.verifier];
        const cell = await runCell({ problem, contender, n, model, verifier, journal, seed, signal });
        if (cell === undefined) break;
        done.push({ models, ...cell });
      }
      return done;
    },
    close: async () =>
      void (await Promise.all(pairs.flatMap(({ model, verifier }) => [model.close(), verifier.close()]))),
  };
}

function open(name: EmbeddedModel["name"], parseSpecial = false): Promise<LocalModel> {
  return gguf({ path: embeddedPath(name), workers: 1, parseSpecial });
}

function pair(model: Model, verifier: Verifier): Pair {
  return { models: `${model.fingerprint} ${verifier.fingerprint}`, model, verifier };
}

interface Running {
  readonly problem: Problem;
  readonly contender: Contender;
  readonly n: number;
  readonly model: Model;
  readonly verifier: Verifier;
  readonly journal: Journal;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** One cell; `undefined` when it was interrupted. */
async function runCell(running: Running): Promise<Omit<Cell, "models"> | undefined> {
  const { problem, contender, n, model, verifier, journal, seed, signal } = running;
  const strategy = contender.plan(n);
  const shared = contender.shared && { journal };
  const result = await solve({ problem, strategy, model, verifier, seed, signal, ...shared });
  const { text, receipt } = result;
  if (signal.aborted) return undefined;
  if (receipt.lostCalls > 0) throw new Error(`${contender.label} lost calls on ${problem.id}: run it again.`);
  const right = text !== undefined && isCorrect(problem, text) === true;
  return {
    problem: problem.id,
    family: problem.family ?? "",
    level: problem.level ?? 0,
    label: contender.label,
    n,
    right,
    generated: receipt.roles.generator?.outputTokens ?? 0,
    tokens: receipt.total.inputTokens + receipt.total.outputTokens,
    flops: receipt.total.flops ?? Number.NaN,
    ...(contender.label === "majority" && n === SAMPLES && { samples: rightSamples(problem, result) }),
  };
}

/** "1" for every right sample, in order of position. */
function rightSamples(problem: Problem, { trace }: Result): string {
  const marks = Array.from({ length: SAMPLES }, () => "0");
  for (const event of trace) {
    if (event.type !== "proposed" || !event.complete || isCorrect(problem, event.text) !== true) continue;
    marks[Number(event.id.split("/")[1])] = "1";
  }
  return marks.join("");
}

/** Whether the final answer is right, by the prompt alone: what the grading says, so it misses and invents nothing. */
function exactRule(): Verifier {
  return custom((text, problem) => Number(isCorrect(problem, text) === true), { name: "exact rule" });
}
