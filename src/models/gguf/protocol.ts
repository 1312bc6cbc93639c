import type { Usage } from "../../types.ts";
import type { Message } from "../model.ts";
import type { EngineOptions } from "./engine.ts";
import type { PromptOptions } from "./prompt.ts";
import type { GenerateParams, WireCompletion, WireReading } from "./tasks.ts";

/** A generation as it crosses to a worker. */
export interface WireRequest extends GenerateParams {
  readonly prompt: string | readonly Message[];
  readonly prefix: string;
}

/** A reading as it crosses to a worker. */
export interface WireRead {
  readonly prompt: string | readonly Message[];
  readonly text: string;
  readonly offsets: readonly number[];
  readonly tokens: readonly string[];
}

export type LoadOptions = EngineOptions & PromptOptions;

/** What the caller's process says. `call` and `index` name one request. */
export type ToWorker =
  | { readonly type: "load"; readonly options: LoadOptions }
  | {
      readonly type: "generate";
      readonly call: number;
      readonly items: readonly WireItem<WireRequest>[];
      readonly stream: boolean;
    }
  | { readonly type: "read"; readonly call: number; readonly items: readonly WireItem<WireRead>[] }
  | {
      readonly type: "count";
      readonly call: number;
      readonly items: readonly WireItem<Pick<WireRequest, "prompt" | "prefix">>[];
    }
  | { readonly type: "countRead"; readonly call: number; readonly items: readonly WireItem<WireRead>[] }
  | { readonly type: "cancel"; readonly call: number };

export interface WireItem<T> {
  readonly index: number;
  readonly request: T;
}

/** One thing that happened to one request. */
export type WorkerEvent =
  | { readonly type: "text"; readonly call: number; readonly index: number; readonly delta: string }
  | { readonly type: "progress"; readonly call: number; readonly index: number; readonly usage: Usage }
  | {
      readonly type: "completion";
      readonly call: number;
      readonly index: number;
      readonly value: WireCompletion;
    }
  | { readonly type: "reading"; readonly call: number; readonly index: number; readonly value: WireReading }
  | { readonly type: "counted"; readonly call: number; readonly index: number; readonly value: number };

/** What a loaded model turned out to be. */
export interface Loaded {
  /** Tokens of one sequence. */
  readonly room: number;
  readonly mode: "raw" | "chat";
  readonly unknownTemplate: boolean;
}

/** What a worker says. */
export type FromWorker =
  | { readonly type: "loaded"; readonly info: Loaded }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "events"; readonly events: readonly WorkerEvent[] };
