import { readFileSync, writeFileSync } from "node:fs";
import type { Report } from "../../src/lab/index.ts";
import type { Rule } from "../../src/policy/index.ts";
import type { Claim } from "./claims.ts";
import type { Recording } from "./recordings.ts";

/** What a report says of its run. */
export interface Run {
  readonly all: readonly Recording[];
  readonly rule: Rule;
  readonly quick: boolean;
  readonly date: string;
  /** Of wall clock, for what this run did itself. */
  readonly minutes: number;
}

/** The report of all claims. */
export function assemble(claims: readonly Claim[], { all, rule, quick, date, minutes }: Run): Report {
  const samples = Math.min(...all.map((one) => one.samples.answer.length));
  const tokens = all.reduce((sum, one) => sum + Array.from(one.samples.tokens).reduce((a, b) => a + b, 0), 0);
  const shown = claims.filter(({ verdict }) => verdict === "shown").length;
  return {
    title: `bedacht: test-time compute on tiny models${quick ? ", a quick look" : ""}`,
    summary: [
      `${shown} of ${claims.length} claims of Snell et al. 2024 (arXiv:2408.03314) and beyond are shown on our own models, by rules that were written down before. A claim that is not shown stays in, with its figure.`,
      ...(quick
        ? [
            `This quick look has ${all.length} problems: intervals are wide, and most claims need the full run (experiments/README.md).`,
          ]
        : []),
    ],
    facts: [
      ["problems", `${all.length} of the test split, which no model has seen`],
      ["samples of each", samples],
      ["generator", "pico-s, temperature 1, at most 190 tokens"],
      ["verifier", "pico-prm, last step"],
      [
        "allocator",
        `learned on validation problems, ${rule.actions.length} actions, at most ${rule.most} samples`,
      ],
      ["date", date],
    ],
    commands: [`npm run reproduce${quick ? " -- --quick" : ""}`],
    cost: [
      ["generated tokens of the samples", tokens],
      ["minutes of this run", Number(minutes.toFixed(1))],
      ...(quick
        ? []
        : [
            ["recordings, made once", "about two hours of two idle cores, estimated from its parts"] as const,
          ]),
    ],
    sections: [
      {
        heading: "Verdicts",
        text: [],
        figures: [],
        tables: [
          {
            caption: "Every claim with its number, its 95% interval and its verdict.",
            columns: [{ name: "claim" }, { name: "" }, { name: "verdict" }, { name: "figure" }],
            rows: claims.map(({ id, claim, verdict, figure }) => [id, claim, verdict, figure]),
          },
        ],
      },
      ...claims.map(({ section }) => section),
    ],
  };
}

const BEGIN = "<!-- claims -->";
const END = "<!-- /claims -->";

/** Puts the verdicts between the marks of a README. */
export function tellReadme(file: string, claims: readonly Claim[]): void {
  const text = readFileSync(file, "utf8");
  const [before, rest] = [text.slice(0, text.indexOf(BEGIN) + BEGIN.length), text.slice(text.indexOf(END))];
  const rows = claims.map(
    ({ id, claim, verdict, figure }) => `| ${id} | ${claim} | **${verdict}** | ${figure} |`,
  );
  writeFileSync(
    file,
    [before, "| | claim | verdict | figure |", "|---|---|---|---|", ...rows, rest].join("\n"),
  );
}
