import { embeddedPath } from "../models/embedded.ts";
import { limited } from "../models/limited.ts";
import type { Model, Reader } from "../models/model.ts";
import type { Verifier } from "../verifiers/verifier.ts";
import type { GeneratorSpec, VerifierSpec } from "./specs.ts";

/** What a server is asked to bear, per search: 32 calls at once, ten minutes each. */
export const SERVER_LIMITS = { concurrency: 32, timeoutMs: 600_000 } as const;

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

/** An opener without any model yet. */
export function createOpener(options: OpenerOptions): Opener {
  const opened = new Map<string, Promise<{ close(): Promise<void> }>>();
  const once = <T extends { close(): Promise<void> }>(key: string, open: () => Promise<T>): Promise<T> => {
    const before = opened.get(key) as Promise<T> | undefined;
    if (before !== undefined) return before;
    const made = open();
    opened.set(key, made);
    return made;
  };
  const local = (source: string) => once(`local ${source}`, () => openLocal(source, options));
  const generator = async (spec: GeneratorSpec): Promise<Model> => {
    if (spec.kind === "embedded") return local(embeddedPath(spec.name));
    if (spec.kind === "gguf") return local(spec.path);
    if (spec.kind === "hf") return local(spec.address);
    return once(`server ${spec.model}@${spec.baseUrl}`, async () => {
      const { openai } = await import("../models/openai.ts");
      return openai({ model: spec.model, baseUrl: spec.baseUrl });
    });
  };
  return {
    generator,
    async verifier(spec, ofGenerator) {
      if (spec.kind === "none") return undefined;
      const key = `verifier ${JSON.stringify([spec, ofGenerator])}`;
      return once(key, () => openVerifier(spec, ofGenerator, { local, generator }));
    },
    async close() {
      const models = await Promise.allSettled(opened.values());
      await Promise.allSettled(
        models.map((one) => (one.status === "fulfilled" ? one.value.close() : undefined)),
      );
    },
  };
}

type LocalModel = Model & Reader;

/** A GGUF file, downloaded first when `source` is an `hf:` address. */
async function openLocal(source: string, { workers, tell }: OpenerOptions): Promise<LocalModel> {
  const { gguf } = await import("../models/gguf/index.ts");
  const processes = workers === undefined ? {} : { workers };
  if (!source.startsWith("hf:")) return gguf({ path: source, ...processes });
  const { download } = await import("../models/gguf/hf.ts");
  return gguf({ path: await download(source, { tell }), ...processes });
}

interface Openers {
  readonly local: (source: string) => Promise<LocalModel>;
  readonly generator: (spec: GeneratorSpec) => Promise<Model>;
}

async function openVerifier(
  spec: Exclude<VerifierSpec, { kind: "none" }>,
  ofGenerator: GeneratorSpec,
  { local, generator }: Openers,
): Promise<Verifier> {
  switch (spec.kind) {
    case "rule":
      return (await import("../verifiers/rule.ts")).rule();
    case "pico":
      if (spec.history)
        return (await import("../verifiers/orm.ts")).orm(await local(embeddedPath("pico-rev")));
      return (await import("../verifiers/prm.ts")).prm(await local(embeddedPath("pico-prm")));
    case "prm":
      return (await import("../verifiers/prm.ts")).prm(await local(spec.source));
    case "orm":
      return (await import("../verifiers/orm.ts")).orm(await local(spec.source));
    case "prm-server":
      return (await import("../verifiers/prm-http.ts")).prmHttp(spec);
    case "judge": {
      const { judge } = await import("../verifiers/judge.ts");
      const by = spec.model ?? ofGenerator;
      const model = await generator(by);
      return judge({ model: by.kind === "openai" ? limited(model, SERVER_LIMITS) : model });
    }
  }
}
