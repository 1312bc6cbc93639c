import type { TokenLogprob } from "../models/model.ts";
import type { Usage } from "../types.ts";

/** How samples were drawn: temperature, topP, maxTokens and whatever else decides a text beside its seed. */
export type Params = Readonly<Record<string, unknown>>;

/** A sample: a text that a model gave. It is known by its fingerprint, parameters, prompt and seed. */
export interface BankedSample {
  /** Name of the model, for people. */
  readonly model: string;
  readonly fingerprint: string;
  readonly params: Params;
  /** Of a file without seeds: the sample's number among those of its prompt. */
  readonly seed: number;
  /** Default "end". */
  readonly finish?: "end" | "stop" | "length";
  readonly usage?: Partial<Usage>;
  readonly ms?: number;
  readonly logprobs?: readonly TokenLogprob[];
}

/** What a verifier says of a text. It is known by its fingerprint, the prompt and the text. */
export interface BankedScore {
  /** Name of the verifier, for people. */
  readonly verifier: string;
  readonly fingerprint: string;
  /** `undefined` when what it said holds no score. */
  readonly value: number | undefined;
  /** One score per step, for PRMs. */
  readonly steps?: readonly number[];
  /** Why there is no value. */
  readonly error?: string;
  readonly usage?: Partial<Usage>;
  readonly ms?: number;
}

/** Whether a text answers its prompt rightly. */
export interface BankedGrade {
  readonly correct: boolean;
  /** The reference answer that it was compared with. Default: none, somebody said so. */
  readonly reference?: string;
}

/** What is known of one text after one prompt; records of equal prompt and text add up. */
export interface BankRecord {
  readonly prompt: string;
  /** All text after the prompt. */
  readonly text: string;
  /** Its final result; null when it states none. Default: extracted from the text. */
  readonly answer?: string | null;
  readonly sample?: BankedSample;
  readonly scores?: readonly BankedScore[];
  readonly grades?: readonly BankedGrade[];
}
