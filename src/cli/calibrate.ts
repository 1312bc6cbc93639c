import { writeFileSync } from "node:fs";
import { calibrate } from "../lab/index.ts";
import { formatPolicy, type Policy } from "../policy/index.ts";
import { UsageError } from "../types.ts";
import { aside } from "./display.ts";
import { reason } from "./flags.ts";
import { output } from "./output.ts";
import { openExisting, readProblems } from "./replay.ts";
import { aligned, percent } from "./table.ts";

/** The options of `bedacht calibrate`, as commander gives them. */
export interface CalibrateFlags {
  readonly bank: string;
  readonly output: string;
  readonly problems?: string;
  readonly name?: string;
  readonly setting?: number;
  readonly verifier?: string;
  readonly seed: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `bedacht calibrate`: learns from a bank when more samples pay, and says what that saves. */
export async function calibrateCommand(flags: CalibrateFlags): Promise<void> {
  const { setting, verifier, seed } = flags;
  const problems = flags.problems === undefined ? undefined : readProblems(flags.problems);
  const bank = await openExisting(flags.bank);
  const name = flags.name ?? flags.output.replace(/^.*[/\\]/, "").replace(/\.json$/, "");
  const created = new Date().toISOString();
  const onStep = (step: string) => flags.quiet || aside(`${step} ...\n`);
  const options = { bank, name, created, problems, setting, verifier, seed, onStep };
  const policy = await calibrate(options).finally(() => bank.close());
  try {
    writeFileSync(flags.output, formatPolicy(policy));
  } catch (error) {
    throw new UsageError(`Cannot write the policy ${flags.output}: ${reason(error)}.`, { cause: error });
  }
  await output().write(flags.json ? `${JSON.stringify(policy.measured)}\n` : described(policy));
  aside(`${flags.output}: use it with bedacht solve --policy ${flags.output}\n`);
}

/** What a policy saves, for people. */
function described({ learnedOn, price, measured }: Policy): string {
  const { generator, verifier, problems, samples } = learnedOn;
  const by = verifier === undefined ? "answers vote" : `scored by ${verifier.name}`;
  const usual = measured.policy.find((point) => point.price === price);
  const rows = measured.uniform.map(({ n, accuracy, tokens }) => [
    `N=${n} for every problem`,
    percent(accuracy),
    n.toFixed(1),
    tokens.toFixed(0),
  ]);
  const policy = measured.policy.map((point) => [
    `policy, price ${point.price.toExponential(1)}${point === usual ? " (usual)" : ""}`,
    percent(point.accuracy),
    point.samples.toFixed(1),
    point.tokens.toFixed(0),
  ]);
  const head = ["", "accuracy %", "samples", "tokens"];
  return [
    `Learned from ${samples} samples of each of ${problems} problems by ${generator.name}, ${by}.`,
    "Measured on problems that the rule had not seen (two halves, each by the rule of the other), 95% intervals:",
    "",
    aligned([head, ...rows, ...policy]),
    "",
    ...measured.ratios.map(saved),
    "",
  ].join("\n");
}

function saved({ n, accuracy, ratio, low, high, reason: why }: Policy["measured"]["ratios"][number]): string {
  const at = `accuracy of N=${n} for every problem (${(100 * accuracy).toFixed(1)}%)`;
  if (ratio === undefined) return `${at}: the ratio of tokens is unknown, ${why}`;
  const end = (one: number | undefined) => (one === undefined ? "?" : one.toFixed(2));
  return `${at}: ${ratio.toFixed(2)} times the policy's tokens (95% interval ${end(low)} to ${end(high)})`;
}
