import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CHAIN_LIMIT, chainTemplates } from "./chain.ts";
import { COUNTDOWN_LEVELS, countdownKey, countdownTemplates } from "./countdown.ts";
import {
  chainAnswer,
  chainPath,
  chainStepValidity,
  checkCountdown,
  countdownStepValidity,
  type GeneratedProblem,
  gameOf24,
  generateProblems,
  gradeProblem,
  ngramOverlap,
  parseChain,
  parseCountdown,
  reachable,
  SPLITS,
  type Split,
} from "./index.ts";

const GAMES = new URL("../../../shared/data/game24.csv", import.meta.url);
const seeds = fc.integer({ min: 0, max: 1e9 });
const splits = fc.constantFrom(...SPLITS);

function draw(
  family: string,
  level: number | string,
  split: Split,
  count: number,
  seed = 1,
): GeneratedProblem[] {
  return [...generateProblems({ family, level, split, count, seed, solutions: true })];
}

/** What decides the split of a chain problem: the stated amount and the operations on the path. */
function chainOperands(prompt: string): string {
  const facts = parseChain(prompt)!;
  const relations = chainPath(facts).map((person) => facts.relations.get(person)!);
  return [facts.amounts.get(relations[0]!.from), ...relations.map(({ op, k }) => `${op}${k}`)].join(" ");
}

/** The sentences with "more" or "fewer", without names and numbers: each belongs to one template. */
function wording(problems: readonly GeneratedProblem[]): Set<string> {
  const plain = problems.flatMap(({ prompt }) =>
    prompt.replace(/\b(?!Compared|How)[A-Z][a-z]+\b/g, "X").split(/(?<=[.?]) /),
  );
  return new Set(
    plain.filter((text) => / (more|fewer) /.test(text)).map((text) => text.replace(/\d+/g, "0")),
  );
}

function disjoint<T>(one: ReadonlySet<T>, other: ReadonlySet<T>): boolean {
  return [...one].every((item) => !other.has(item));
}

describe("generateProblems: chain", () => {
  it("makes solvable problems with valid reference solutions and amounts in range", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 8 }), splits, (seed, level, split) => {
        const [problem] = draw("chain", level, split, 1, seed);
        const facts = parseChain(problem!.prompt)!;
        const lines = problem!.solution!.split("\n");
        expect(lines.length).toBe(level + 1);
        expect(chainPath(facts).length).toBe(level);
        expect(String(chainAnswer(facts))).toBe(problem!.answer);
        expect(chainStepValidity(problem!.prompt, lines)).not.toContain(false);
        expect(gradeProblem(problem!, problem!.solution!)).toBe(true);
        expect(gradeProblem(problem!, `#### ${Number(problem!.answer) + 1}`)).toBe(false);
        const off = facts.people.length - level - 1;
        expect(off >= 0 && off <= (level <= 4 ? 2 : 3)).toBe(true);
        for (const person of facts.people) {
          const amount = chainAnswer({ ...facts, asked: person });
          expect(amount >= 1 && amount <= CHAIN_LIMIT).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("keeps operands and wording of the splits apart, with enough of each at every level", () => {
    for (const level of [1, 2, 8]) {
      const sets = SPLITS.map((split) => draw("chain", level, split, 1500));
      const operands = sets.map((problems) => new Set(problems.map(({ prompt }) => chainOperands(prompt))));
      for (const set of operands) expect(set.size).toBeGreaterThan(40);
      expect(disjoint(operands[0]!, operands[1]!)).toBe(true);
      expect(disjoint(operands[0]!, operands[2]!)).toBe(true);
      expect(disjoint(operands[1]!, operands[2]!)).toBe(true);
      for (const problems of sets)
        expect(new Set(problems.map(({ prompt }) => prompt)).size).toBeGreaterThan(1400);
    }
  });

  it("uses no test wording in training, yet every word of it", () => {
    const [train, validation, test] = SPLITS.map(
      (split) => new Set(chainTemplates(split).map((one) => JSON.stringify(one))),
    );
    expect(disjoint(train!, test!) && disjoint(train!, validation!) && disjoint(validation!, test!)).toBe(
      true,
    );
    expect(train!.size + validation!.size + test!.size).toBe(144);
    expect(Math.min(validation!.size, test!.size)).toBeGreaterThan(10);
    const sets = SPLITS.map((split) => wording(draw("chain", "1-8", split, 2000)));
    expect(disjoint(sets[0]!, sets[1]!) && disjoint(sets[0]!, sets[2]!) && disjoint(sets[1]!, sets[2]!)).toBe(
      true,
    );
    const words = (split: Split) =>
      new Set(draw("chain", "1-8", split, 3000).flatMap(({ prompt }) => prompt.match(/[A-Za-z]+/g)!));
    const known = words("train");
    for (const word of words("test")) expect(known).toContain(word);
  });

  it("shares no three sentences with training", () => {
    const texts = (split: Split) => draw("chain", "1-8", split, 3000).map(({ prompt }) => prompt);
    expect(ngramOverlap(texts("train"), texts("test"))).toEqual([]);
  });
});

describe("generateProblems: countdown", () => {
  it("makes solvable problems with valid reference solutions in the shape of their level", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 6 }), splits, (seed, level, split) => {
        const [problem] = draw("countdown", level, split, 1, seed);
        const { numbers, target } = parseCountdown(problem!.prompt)!;
        const shape = COUNTDOWN_LEVELS[level - 1]!;
        expect(numbers.length).toBe(shape.count);
        expect(Math.max(...numbers)).toBeLessThanOrEqual(shape.largest);
        expect(target >= shape.target[0] && target <= shape.target[1]).toBe(true);
        expect(reachable(numbers, target)).toBe(true);
        expect(checkCountdown(numbers, target, problem!.answer!)).toBe(true);
        expect(countdownStepValidity(problem!.prompt, problem!.solution!.split("\n"))).not.toContain(false);
        expect(gradeProblem(problem!, problem!.solution!)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps numbers and wording of the splits apart, with enough of each at every level", () => {
    for (const level of [1, 2, 4, 6]) {
      const sets = SPLITS.map((split) => draw("countdown", level, split, 1500));
      const numbers = sets.map(
        (problems) => new Set(problems.map(({ prompt }) => countdownKey(parseCountdown(prompt)!.numbers))),
      );
      expect(disjoint(numbers[0]!, numbers[2]!) && disjoint(numbers[0]!, numbers[1]!)).toBe(true);
      expect(disjoint(numbers[1]!, numbers[2]!)).toBe(true);
      for (const problems of sets)
        expect(new Set(problems.map(({ prompt }) => prompt)).size).toBeGreaterThan(200);
    }
    const templates = SPLITS.map((split) => countdownTemplates(split));
    expect(templates.map((list) => list.length)).toEqual([12, 3, 3]);
    for (const part of ["opening", "listing", "closing"] as const) {
      const inTrain = new Set(templates[0]!.map((template) => template[part]));
      for (const template of templates.flat()) expect(inTrain.has(template[part])).toBe(true);
    }
  });

  it("never trains on a game of 24", () => {
    for (const split of ["train", "validation"] as const) {
      for (const { prompt } of draw("countdown", "3-6", split, 4000))
        expect(parseCountdown(prompt)!.target).not.toBe(24);
    }
  });

  it("solves the games ranked 901 to 1000 and never trains on them", ({ skip }) => {
    if (!existsSync(GAMES)) skip(`${GAMES.pathname} is absent: the list of games comes from elsewhere`);
    const rows = readFileSync(GAMES, "utf8").trim().split("\n").slice(901, 1001);
    const games = rows.map((row) => row.split(",")[1]!.split(" ").map(Number));
    expect(games.length).toBe(100);
    const reserved = new Set(games.map((numbers) => `${countdownKey(numbers)} to 24`));
    for (const numbers of games) {
      const game = gameOf24(numbers)!;
      expect(gradeProblem(game, game.solution)).toBe(true);
    }
    for (const { prompt } of draw("countdown", "3-4", "train", 5000)) {
      const { numbers, target } = parseCountdown(prompt)!;
      expect(reserved.has(`${countdownKey(numbers)} to ${target}`)).toBe(false);
    }
  });
});

describe("generateProblems", () => {
  it("is deterministic in the seed and stable in the count", () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom("chain", "countdown"), (seed, family) => {
        const many = draw(family, "1-4", "test", 20, seed);
        expect(draw(family, "1-4", "test", 5, seed)).toEqual(many.slice(0, 5));
        expect(draw(family, "1-4", "test", 5, seed + 1)).not.toEqual(many.slice(0, 5));
        expect(many.map(({ level }) => level)).toEqual(
          Array.from({ length: 20 }, (_, index) => 1 + (index % 4)),
        );
        expect(new Set(many.map(({ id }) => id)).size).toBe(20);
      }),
      { numRuns: 20 },
    );
  });

  it("still makes the problems that it made when these were written down", () => {
    expect(draw("chain", 2, "test", 1)).toMatchInlineSnapshot(`
      [
        {
          "answer": "2",
          "family": "chain",
          "id": "chain-2-test-1-0",
          "level": 2,
          "prompt": "Nora sold 4 pens fewer than Jack. Jack sold 10 pens. Ben sold 4 pens fewer than Nora. How many pens did Ben sell?",
          "solution": "Nora: 4 fewer than Jack, 10-4=6
      Ben: 4 fewer than Nora, 6-4=2
      #### 2",
        },
      ]
    `);
    expect(draw("countdown", 4, "test", 1)).toMatchInlineSnapshot(`
      [
        {
          "answer": "11+3+10-9",
          "family": "countdown",
          "id": "countdown-4-test-1-0",
          "level": 4,
          "prompt": "Use 3, 9, 11 and 10 with + - * / to make 15. Every number must be used exactly once.",
          "solution": "10 - 9 = 1 (left: 1 3 11)
      3 + 1 = 4 (left: 4 11)
      11 + 4 = 15 (left: 15)
      #### 15",
        },
      ]
    `);
  });

  it("gives solutions only when asked", () => {
    const [problem] = generateProblems({ family: "chain", level: 3, count: 1, seed: 1 });
    expect(Object.keys(problem!)).toEqual(["id", "family", "level", "prompt", "answer"]);
  });

  it.each([
    [{ family: "sudoku" }, /chain or countdown/],
    [{ level: 9 }, /from 1 to 8/],
    [{ level: "3-2" }, /from 1 to 8/],
    [{ level: "hard" }, /from 1 to 8/],
    [{ family: "countdown", level: 7 }, /from 1 to 6/],
    [{ count: -1 }, /Count/],
    [{ count: Number.NaN }, /Count/],
    [{ seed: 0.5 }, /Seed/],
    [{ split: "dev" as Split }, /train, validation, test/],
  ])("refuses %j in one sentence", (wrong, message) => {
    expect(() => [...generateProblems({ family: "chain", level: 1, count: 1, seed: 1, ...wrong })]).toThrow(
      message,
    );
  });
});
