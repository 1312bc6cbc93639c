import { spawnSync } from "node:child_process";
import path from "node:path";
import { learn, type Rule } from "../../src/policy/index.ts";
import type { Rng } from "../../src/random.ts";
import { LEVELS, type Recording, readLevel } from "./recordings.ts";

const WORK = path.join(import.meta.dirname, "../../pico/work");
/** Searches that were recorded on test problems, and those that the policy learns to buy. */
const SEARCHES = ["beam-4-4", "beam-16-4", "beam-64-4"];
const LEARNED = [
  { name: "beam-16-4", plan: { strategy: "beam", params: { n: 16, width: 4 } } },
  { name: "beam-64-4", plan: { strategy: "beam", params: { n: 64, width: 4 } } },
];

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

/** Test recordings whose searches are those of the rule, in its order. */
export function forRule(all: readonly Recording[]): readonly Recording[] {
  return all.map((one) => ({
    ...one,
    samples: { ...one.samples, searches: LEARNED.map(({ name }) => one.searches.get(name)!) },
  }));
}
