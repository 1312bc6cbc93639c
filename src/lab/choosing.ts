import { UsageError } from "../types.ts";
import type { Contents } from "./reading.ts";

/** Which samples and scores of a bank a replay uses, by number. */
export interface Sources {
  /** Settings whose samples are drawn from. */
  readonly settings: readonly number[];
  /** Settings at temperature 0, of the same models. */
  readonly greedy: readonly number[];
  readonly verifier: number | undefined;
}

/** What was asked for, and what is needed. */
export interface Wishes {
  readonly settings?: readonly number[] | undefined;
  readonly verifier?: string | undefined;
  readonly needs: { readonly samples: boolean; readonly greedy: boolean; readonly scores: boolean };
}

type Settings = Contents["settings"];

/** Chooses what is asked for, or the only one there is. Throws a `UsageError` that lists them when there are several. */
export function chooseSources({ settings, verifiers }: Contents, wishes: Wishes): Sources {
  const { needs } = wishes;
  const [first] = settings;
  if (first === undefined)
    throw new UsageError("The bank is empty: fill it with bedacht solve --bank, or bedacht bank import.");
  const drawn = needs.samples ? chooseSettings(settings, wishes.settings) : [];
  const models = new Set(
    settings.filter(({ id }) => drawn.length === 0 || drawn.includes(id)).map((one) => one.fingerprint),
  );
  const greedy = settings.filter((one) => isGreedy(one) && models.has(one.fingerprint)).map(({ id }) => id);
  if (needs.greedy && greedy.length === 0)
    throw new UsageError("The bank has no sample at temperature 0 of this model: leave greedy out.");
  const verifier = needs.scores ? chooseVerifier(verifiers, wishes.verifier) : undefined;
  return { settings: drawn, greedy, verifier };
}

const isGreedy = ({ params }: Settings[number]) => params.temperature === 0;

function chooseSettings(settings: Settings, asked: readonly number[] | undefined): readonly number[] {
  const missing = asked?.find((id) => settings.every((one) => one.id !== id));
  if (missing !== undefined)
    throw new UsageError(`The bank has no setting ${missing}: it has ${listed(settings)}.`);
  if (asked !== undefined) return asked;
  const sampled = settings.filter((one) => !isGreedy(one));
  if (sampled.length === 1) return [sampled[0]!.id];
  throw new UsageError(
    sampled.length === 0
      ? "The bank has samples at temperature 0 only: there is nothing to choose among."
      : `The bank holds samples of several settings: choose with --setting among ${listed(sampled)}.`,
  );
}

function listed(settings: Settings): string {
  return settings
    .map(({ id, model, params, samples }) => `${id} (${model} ${JSON.stringify(params)}, ${samples} samples)`)
    .join(", ");
}

function chooseVerifier(verifiers: Contents["verifiers"], asked: string | undefined): number {
  const names = verifiers.map(({ id, name }) => `${id} (${name})`).join(", ");
  if (verifiers.length === 0)
    throw new UsageError("The bank has no scores, which this strategy needs: use majority, or add scores.");
  const fitting = verifiers.filter(
    ({ id, name }) => asked === undefined || String(id) === asked || name === asked,
  );
  if (fitting.length === 1) return fitting[0]!.id;
  throw new UsageError(
    fitting.length === 0
      ? `The bank has no scores of the verifier ${asked}: it has those of ${names}.`
      : `The bank has scores of several verifiers: choose with --verifier among ${names}.`,
  );
}
