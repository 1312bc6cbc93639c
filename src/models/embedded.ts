import { fileURLToPath } from "node:url";

/** A model that comes with the package. */
export interface EmbeddedModel {
  readonly name: "pico-s" | "pico-l" | "pico-prm" | "pico-rev";
  readonly role: "generator" | "verifier";
  /** What it is for, in one sentence. */
  readonly purpose: string;
}

/** The models in `pico/`; they know chain and countdown problems and nothing else. See `pico/README.md`. */
export const EMBEDDED_MODELS: readonly EmbeddedModel[] = [
  {
    name: "pico-s",
    role: "generator",
    purpose: "proposes solutions; weak on purpose, so that search matters",
  },
  { name: "pico-prm", role: "verifier", purpose: "scores each step of a solution (a process reward model)" },
  {
    name: "pico-l",
    role: "generator",
    purpose: "14 times the size of pico-s, trained on the same data, to compare",
  },
  {
    name: "pico-rev",
    role: "generator",
    purpose: "revises earlier attempts, and judges its own with them in view",
  },
];

/** Absolute path of an embedded model's GGUF file. */
export function embeddedPath(name: EmbeddedModel["name"]): string {
  return fileURLToPath(new URL(`../../pico/${name}.gguf`, import.meta.url));
}
