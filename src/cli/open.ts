import { embeddedPath } from "../models/embedded.ts";
import type { Model, Reader } from "../models/model.ts";
import type { Verifier } from "../verifiers/verifier.ts";
import type { GeneratorSpec, VerifierSpec } from "./specs.ts";

/** Opens models at their first use, each once, and closes them all. */
export interface Opener {
  generator(spec: GeneratorSpec): Promise<Model>;
  /** `undefined` for "none". */
  verifier(spec: VerifierSpec, generator: GeneratorSpec): Promise<Verifier | undefined>;
  close(): Promise<void>;
}

/** How models are opened. */
export interface OpenerOptions {
  /** Processes per GGUF file. Default: the adapter's. */
  readonly workers?: number;
  /** Told of downloads, in plain words. */
  readonly tell: (message: string) => void;
}

type LocalModel = Model & Reader;

/** An opener without any model yet. */
export function createOpener({ workers, tell }: OpenerOptions): Opener {
  const opened = new Map<string, Promise<{ close(): Promise<void> }>>();
  const once = <T extends { close(): Promise<void> }>(key: string, open: () => Promise<T>): Promise<T> => {
    const before = opened.get(key) as Promise<T> | undefined;
    if (before !== undefined) return before;
    const made = open();
    opened.set(key, made);
    return made;
  };
  const local = (path: string): Promise<LocalModel> =>
    once(`gguf:${path}`, async () => {
      const { gguf } = await import("../models/gguf/index.ts");
      return gguf({ path, ...(workers === undefined ? {} : { workers }) });
    });
  const file = async (source: string): Promise<string> => {
    if (!source.startsWith("hf:")) return source;
    const { download } = await import("../models/gguf/hf.ts");
    return download(source, { tell });
  };
  const generator = async (spec: GeneratorSpec): Promise<Model> => {
    if (spec.kind === "embedded") return local(embeddedPath(spec.name));
    if (spec.kind === "gguf") return local(spec.path);
    if (spec.kind === "hf") return local(await file(spec.address));
    return once(`openai:${spec.model}@${spec.baseUrl}`, async () => {
      const { openai } = await import("../models/openai.ts");
      return openai({ model: spec.model, baseUrl: spec.baseUrl });
    });
  };
  const scorer = async (source: string): Promise<Verifier> => {
    const { prm } = await import("../verifiers/prm.ts");
    return prm(await local(await file(source)));
  };
  return {
    generator,
    async verifier(spec, ofGenerator) {
      if (spec.kind === "none") return undefined;
      if (spec.kind === "pico") return scorer(embeddedPath("pico-prm"));
      if (spec.kind === "prm") return scorer(spec.source);
      if (spec.kind === "rule") return (await import("../verifiers/rule.ts")).rule();
      const { judge } = await import("../verifiers/judge.ts");
      return judge({ model: await generator(spec.model ?? ofGenerator) });
    },
    async close() {
      const models = await Promise.allSettled(opened.values());
      await Promise.allSettled(
        models.map((one) => (one.status === "fulfilled" ? one.value.close() : undefined)),
      );
    },
  };
}
