import { spawnSync } from "node:child_process";
import path from "node:path";
import { learn, type Rule } from "../../src/policy/index.ts";
import type { Rng } from "../../src/random.ts";
import type { StrategyPlan } from "../../src/strategies/index.ts";
import { type Chains, readChains } from "./chains.ts";
import { type Judged, readJudged } from "./judged.ts";
import { type Large, readLarge } from "./large.ts";
import { LEVELS, type Recording, readLevel } from "./recordings.ts";

const WORK = path.join(import.meta.dirname, "../../pico/work");
/** Searches that were recorded on test problems, and those that the policy learns to buy. */
export const SEARCHES = ["beam-4-4", "beam-16-4", "beam-64-4"];
const LEARNED = [{ name: "beam-16-4", plan: { strategy: "beam", params: { n: 16, width: 4 } } }];

/** Records what is missing: about four hours of two cores, and what is there is kept. */
export function record(): void {
  const { status } = spawnSync("bash", [path.join(import.meta.dirname, "record.sh")], { stdio: "inherit" });
  if (status !== 0) throw new Error("Recording ended early: the same command goes on from there.");
}

/** The recordings of a split, with the searches in the order of `names`. */
export function recordings(
  split: "test" | "validation",
  names: readonly string[] = SEARCHES,
): readonly Recording[] {
  return LEVELS.flatMap(({ family, level }) =>
    readLevel(path.join(WORK, `bank-${split}`), family, level, names),
  );
}

/** The rule that the allocator decides by, from validation problems alone. */
export function learnedRule(random: Rng): Rule {
  const names = LEARNED.map(({ name }) => name);
  const problems = recordings("validation", names).map(({ samples }) => samples);
  return learn(problems, random, { searches: LEARNED.map(({ plan }) => plan) });
}

const folder = path.join(WORK, "bank-test");

/** The steps that the verifier scored, by the id of the problem. */
export function judged(): ReadonlyMap<string, Judged> {
  return new Map(LEVELS.flatMap(({ family, level }) => [...readJudged(folder, family, level)]));
}

/** Chains of revisions, of the problems that have them. */
export const chains = (): readonly Chains[] =>
  LEVELS.flatMap(({ family, level }) => readChains(folder, family, level));

/** What the larger model says, of the problems that it was asked. */
export const exchanges = (): readonly Large[] =>
  LEVELS.flatMap(({ family, level }) => readLarge(folder, family, level));

/** Recordings whose searches are those that a rule may buy, in its order, as far as they were recorded. */
export function forRule(all: readonly Recording[], { actions }: Rule): readonly Recording[] {
  const names = actions.flatMap((one) => (one.kind === "search" ? [nameOf(one.plan)] : []));
  return all.map((one) => ({
    ...one,
    samples: { ...one.samples, searches: names.flatMap((name) => one.searches.get(name) ?? []) },
  }));
}

const nameOf = ({ strategy, params }: StrategyPlan) => `${strategy}-${params.n}-${params.width}`;
