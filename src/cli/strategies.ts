import { knobsOf, strategies } from "../strategies/index.ts";
import { output } from "./output.ts";

/** What each need for a verifier means to its user. */
const NEEDS = {
  none: "needs no verifier",
  optional: "uses a verifier if there is one",
  whole: "needs a verifier",
  partial: "needs a verifier that scores partial solutions",
  pairs: "needs a verifier that compares solutions",
} as const;

/** `bedacht strategies`: what each strategy of the table does, needs and takes. */
export async function strategiesCommand({ json = false }: { json?: boolean }): Promise<void> {
  const rows = Object.entries(strategies).map(([name, { make, verifier, summary }]) => {
    const made = make();
    const { params } = made.plan;
    return { name, summary, verifier, knobs: knobsOf(made).map((knob) => ({ knob, default: params[knob] })) };
  });
  const text = rows.map(({ name, summary, verifier, knobs }) => {
    const taken = knobs.map(
      ({ knob, default: usual }) => `${knob}=${usual === undefined ? "" : shown(usual)}`,
    );
    return `${name}\n  ${summary}; ${NEEDS[verifier]}\n  ${taken.join(" ")}\n`;
  });
  await output().write(
    json
      ? `${JSON.stringify(rows)}\n`
      : `${text.join("")}\nSet knobs with --n, --width, --temperature, --max-tokens or --set knob=value,...; without a value here: off.\n`,
  );
}

function shown(value: string | number | boolean): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
