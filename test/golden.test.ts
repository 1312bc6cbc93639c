import { expect, test } from "vitest";
import type { GenerateRequest } from "../src/models/model.ts";
import { type Reply, scripted, scriptedTokens } from "../src/models/scripted.ts";
import { solve } from "../src/solve.ts";
import {
  abMcts,
  adaptiveConsistency,
  beam,
  bestOfN,
  budgetForcing,
  critiqueRevise,
  decompose,
  deepconf,
  dvts,
  eProcess,
  esc,
  greedy,
  lookahead,
  majority,
  mcts,
  particles,
  rebase,
  revisionSearch,
  revisions,
  type Strategy,
  tournament,
  weightedBestOfN,
} from "../src/strategies/index.ts";
import type { Result, TraceEvent } from "../src/types.ts";
import { custom } from "../src/verifiers/custom.ts";

/**
 * One small playthrough per strategy, to be read and checked by hand. A change shows as a difference in
 * `test/golden/`; `npx vitest run test/golden.test.ts -u` writes them anew.
 */

const PROMPT = "3 boxes hold 4 pens each; 2 pens are lost. How many are left?";

/** What may be written next, and what the verifier thinks of it. The likeliest comes first, and is wrong. */
const NEXT: Readonly<Record<string, readonly string[]>> = {
  "": ["3 + 4 = 7", "3 * 4 = 12"],
  "3 + 4 = 7": ["7 - 2 = 5"],
  "7 - 2 = 5": ["#### 5"],
  "3 * 4 = 12": ["12 - 2 = 10", "12 + 2 = 14"],
  "12 - 2 = 10": ["#### 10"],
  "12 + 2 = 14": ["#### 14"],
};
const SCORES: Readonly<Record<string, number>> = {
  "3 + 4 = 7": 0.3,
  "7 - 2 = 5": 0.25,
  "#### 5": 0.2,
  "3 * 4 = 12": 0.8,
  "12 - 2 = 10": 0.9,
  "#### 10": 0.95,
  "12 + 2 = 14": 0.1,
  "#### 14": 0.15,
};
/** Which choices the whole solutions take: at the first step, at the second. */
const TAKEN: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 1],
  [0, 0],
  [1, 0],
  [0, 0],
  [1, 0],
  [1, 0],
  [1, 0],
  [0, 0],
  [0, 0],
];
/** Which choices the first and the second revision take. */
const REVISED: readonly (readonly [number, number])[] = [
  [0, 0],
  [1, 1],
  [1, 0],
];

/** What is thought aloud after the end of what is written; the first thought is wrong. */
const THOUGHTS: Readonly<Record<string, string>> = {
  "": "<think>\n3 + 4 = 7\n7 - 2 = 5\n</think>\n\n#### 5",
  Wait: ", 3 boxes of 4 hold 3 * 4 = 12\n12 - 2 = 10\n</think>\n\n#### 10",
  "</think>": "\n\n#### 10",
};
/** What is said in chats: when the problem is split, and when a solution is criticised. */
const SAID: Readonly<Record<string, string>> = {
  split: "1. How many pens do the boxes hold?\n2. How many are left when 2 are lost?",
  "part/0/sample/0": "3 * 4 = 12\n#### 12",
  "part/1/sample/0": "12 - 2 = 10\n#### 10",
  "sample/0/critique/1": "Three boxes of four are multiplied, not added.\nVERDICT: mistake",
  "sample/0/revision/1": "3 * 4 = 12\n12 - 2 = 10\n#### 10",
  "sample/0/critique/2": "Every step is right.\nVERDICT: no mistake",
  combine: "The boxes hold 12, and 10 are left.\n#### 10",
};

const lastLine = (text: string) => text.trimEnd().split("\n").at(-1)!;

function write({ prompt, prefix = "", position, temperature }: GenerateRequest): string {
  if (typeof prompt !== "string") return SAID[position]!;
  if (/^(?:think|answer)/.test(position)) return THOUGHTS[lastLine(prefix)]!;
  const number = Number(position.split("/").at(-1));
  const taken = position.includes("revision")
    ? REVISED[number]!
    : position.startsWith("sample")
      ? TAKEN[number]!
      : [number, number];
  const earlier = /^.*####[^\n]*\n/s.exec(prefix)?.[0].length ?? 0;
  let text = prefix.slice(earlier);
  while (!lastLine(text).startsWith("####")) {
    const options = NEXT[lastLine(text)]!;
    const choice = temperature === 0 ? 0 : taken[lastLine(text) === "" ? 0 : 1]!;
    const line = options[choice % options.length]!;
    text += line.startsWith("####") ? line : `${line}\n`;
  }
  return text.slice(prefix.length - earlier);
}

/** The story for a strategy that asks how sure the model is: less of wrong lines. Goes on from anywhere. */
function doubt({ prefix = "", ...request }: GenerateRequest): string | Reply {
  if (!request.logprobs) return write({ ...request, prefix });
  const whole = write({ ...request, position: request.position.replace(/\/part\/\d+$/, "") });
  const tokens = whole.split(/(?<=\n)/).flatMap((text) => {
    const sure = /3 \+ 4|12 \+ 2/.test(text) ? 0.6 : 0.9;
    return scriptedTokens(text).map(() => Math.log(sure));
  });
  return { text: whole.slice(prefix.length), logprobs: tokens.slice(scriptedTokens(prefix).length) };
}

/** Prefers the better score, and whatever comes first. */
function compare(first: string, second: string): number {
  return Math.min(1, 0.6 + (SCORES[lastLine(first)]! - SCORES[lastLine(second)]!) / 2);
}

function line(event: TraceEvent): string {
  switch (event.type) {
    case "proposed": {
      const from = event.parent === undefined ? "" : ` after ${event.parent}`;
      const answer = event.answer === undefined ? "" : `, answer ${event.answer}`;
      const text = event.text.trimEnd().replaceAll("\n", " | ");
      return `proposed ${event.id}${from}: ${text} (${event.outputTokens} tokens${answer})`;
    }
    case "scored":
      return `scored   ${event.id}: ${event.score}`;
    case "compared":
      return `compared ${event.id} with ${event.against}: ${event.chance?.toFixed(2)}`;
    case "merged":
      return `merged   ${event.id} into ${event.into}`;
    case "lookedAhead":
      return `ahead    of ${event.id}: ${event.text.trimEnd().replaceAll("\n", " | ")} (${event.outputTokens} tokens)`;
    case "resampled": {
      const copies = Object.entries(event.copies).map(([id, count]) => `${count} of ${id}`);
      return `drawn    in round ${event.round}, effective size ${event.ess.toFixed(2)}: ${copies.join(", ")}`;
    }
    case "revised": {
      const kept = event.kept === undefined ? "" : `, keeps ${event.kept} characters`;
      return `revised  ${event.parent} as ${event.id}${kept}`;
    }
    case "critiqued":
      return `critique ${event.id} of ${event.parent}: ${event.text.trim().replaceAll("\n", " | ")} (${event.outputTokens} tokens)`;
    case "split":
      return `split    ${event.id}: ${event.parts.join(" | ")} (${event.outputTokens} tokens)`;
    case "answered":
      return `answered ${event.id}: ${event.text} ${event.answer}`;
    case "pruned":
    case "lost":
      return `${event.type.padEnd(8)} ${event.id}: ${event.reason}`;
    case "voted":
      return `voted    ${event.answer}: ${event.weight.toFixed(2)} from ${event.candidates.join(" ")}`;
    case "note":
      return `note     ${event.text}`;
    case "selected":
      return `selected ${event.id}: ${event.answer}, ${event.why}`;
    case "stopped":
      return `stopped  ${event.reason}`;
  }
}

function playthrough({ receipt, trace }: Result): string {
  const { strategy, params } = receipt.plan;
  const knobs = Object.entries(params).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const { calls, inputTokens, outputTokens } = receipt.total;
  const spent = `${calls} calls, ${inputTokens} + ${outputTokens} tokens, ${receipt.discardedTokens} discarded`;
  const head = [`problem  ${PROMPT}`, `strategy ${strategy} ${knobs.join(" ")}`];
  return `${[...head, ...trace.map(line), `receipt  ${spent}`].join("\n")}\n`;
}

const strategies: readonly Strategy[] = [
  greedy(),
  majority({ n: 6 }),
  adaptiveConsistency({ n: 6, level: 0.2 }),
  esc({ n: 10, level: 0.5 }),
  eProcess({ n: 10, level: 0.5 }),
  deepconf({ n: 6, warmup: 4, keep: 0.25, window: 4 }),
  tournament({ n: 6 }),
  bestOfN({ n: 6 }),
  weightedBestOfN({ n: 6 }),
  beam({ n: 4, width: 2 }),
  lookahead({ n: 4, width: 2, steps: 2 }),
  dvts({ n: 4, width: 2 }),
  rebase({ n: 4, balance: 0.5 }),
  particles({ n: 4 }),
  mcts({ n: 3, width: 2, parallel: 1 }),
  abMcts({ n: 6, parallel: 2 }),
  budgetForcing(),
  decompose(),
  revisions({ n: 6, chain: 3 }),
  revisionSearch({ n: 4, threshold: 0.5 }),
  critiqueRevise(),
];

test.each(strategies.map((strategy) => ({ strategy, name: strategy.plan!.strategy })))(
  "$name plays as written down",
  async ({ strategy, name }) => {
    const verifier = custom((text) => SCORES[lastLine(text)], { scoresPartial: true, compare });
    const model = scripted(doubt, { revises: ["revisions", "ab-mcts"].includes(name) });
    const result = await solve({ problem: PROMPT, strategy, model, verifier });
    await expect(playthrough(result)).toMatchFileSnapshot(`./golden/${name}.txt`);
  },
);
