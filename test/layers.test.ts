import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = join(import.meta.dirname, "../src");

/** What each room may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  types: [],
  random: [],
  stats: ["types", "random"],
  laws: ["types", "random", "stats"],
  problems: ["types", "random"],
  budget: ["types", "random"],
  models: ["types", "random", "budget"],
  verifiers: ["types", "random", "problems", "budget", "models"],
  strategies: ["types", "random", "problems", "budget", "models", "verifiers"],
  policy: ["types", "random", "stats", "problems", "budget", "models", "verifiers", "strategies"],
  solve: ["types", "random", "budget", "models", "verifiers", "strategies"],
  index: ["types", "random", "problems", "budget", "models", "verifiers", "strategies", "solve"],
  lab: [
    "types",
    "random",
    "policy",
    "stats",
    "problems",
    "budget",
    "models",
    "verifiers",
    "strategies",
    "solve",
  ],
  cli: [
    "types",
    "random",
    "stats",
    "problems",
    "budget",
    "models",
    "verifiers",
    "strategies",
    "policy",
    "solve",
    "lab",
    "index",
  ],
};

/** Packages that take long to load, and the only files that may load each. */
const HEAVY: Readonly<Record<string, string | readonly string[]>> = {
  koffi: "models/gguf/ffi.ts",
  "better-sqlite3": "budget/database.ts",
  kysely: "budget/database.ts",
  pg: "budget/database.ts",
  "@duckdb/node-api": "lab/parquet.ts",
  "@cortex-js/compute-engine": "verifiers/answer/grammar.ts",
  "@observablehq/plot": "lab/report/canvas.ts",
  linkedom: "lab/report/canvas.ts",
  commander: "cli/program.ts",
  yaml: "lab/reading-experiment.ts",
  zod: ["lab/experiment.ts", "policy/schema.ts"],
};

interface Import {
  readonly file: string;
  readonly to: string;
  /** Erased when compiled: `import type`, `typeof import()`. */
  readonly erased: boolean;
  /** Loaded only when the statement runs: `import()`, `require()`. */
  readonly lazy: boolean;
}

const STATEMENT = /^(?:import|export)\s+(type\s)?[^"';]*?from\s+"([^"]+)"|^import\s+"([^"]+)"/gm;
const CALL = /(typeof\s+)?\b(?:import|require)\(\s*"([^"]+)"\s*\)/g;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const statements = [...text.matchAll(STATEMENT)].map((match) => ({
    file,
    to: (match[2] ?? match[3])!,
    erased: match[1] !== undefined,
    lazy: false,
  }));
  const calls = [...text.matchAll(CALL)].map((match) => ({
    file,
    to: match[2]!,
    erased: match[1] !== undefined,
    lazy: true,
  }));
  return [...statements, ...calls];
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
const imports = files.flatMap(importsOf);

const roomOf = (file: string) => file.split("/")[0]!.replace(/\.ts$/, "");
const targetOf = ({ file, to }: Import) => relative(SRC, join(SRC, dirname(file), to)).replaceAll("\\", "/");
const isLocal = ({ to }: Import) => to.startsWith(".");
const packageOf = ({ to }: Import) => (to.match(/^(?:@[^/]+\/)?[^/]+/) ?? [to])[0];

/** All files that loading `entry` loads at once. */
function loadedWith(entry: string): Set<string> {
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const one of imports) {
      if (one.file === file && isLocal(one) && !one.erased && !one.lazy) visit(targetOf(one));
    }
  };
  visit(entry);
  return seen;
}

describe("layers", () => {
  it("reads the imports of every source file", () => {
    expect(files).toContain("solve.ts");
    expect(imports.filter(isLocal).filter((one) => !files.includes(targetOf(one)))).toEqual([]);
    expect(imports.length).toBeGreaterThan(files.length);
  });

  it("knows every room", () => {
    expect(files.map(roomOf).filter((room) => !(room in MAY_IMPORT))).toEqual([]);
  });

  it("imports downwards only, types included", () => {
    const wrong = imports.filter(isLocal).filter((one) => {
      const [from, to] = [roomOf(one.file), roomOf(targetOf(one))];
      return from !== to && !MAY_IMPORT[from]!.includes(to);
    });
    expect(wrong.map((one) => `${one.file} imports ${one.to}`)).toEqual([]);
  });

  it("has no circle of files that load each other", () => {
    const circles = files.filter((file) =>
      imports.some(
        (one) =>
          one.file === file &&
          isLocal(one) &&
          !one.erased &&
          !one.lazy &&
          loadedWith(targetOf(one)).has(file),
      ),
    );
    expect(circles).toEqual([]);
  });

  it.each(Object.entries(HEAVY))("loads %s in %s alone", (name, file) => {
    const loading = imports.filter((one) => !one.erased && packageOf(one) === name);
    expect([...new Set(loading.map((one) => one.file))]).toEqual([file].flat());
  });

  it("loads no heavy package with the public API", () => {
    const entries = files.filter((file) => file === "index.ts" || /^[a-z]+\/index\.ts$/.test(file));
    expect(entries.length).toBeGreaterThan(5);
    const loaded = new Set(entries.flatMap((entry) => [...loadedWith(entry)]));
    const heavy = imports.filter(
      (one) => loaded.has(one.file) && !one.erased && !one.lazy && packageOf(one) in HEAVY,
    );
    expect(heavy.map((one) => `${one.file} loads ${one.to}`)).toEqual([]);
  });

  it("takes seeds and clocks as arguments everywhere but in adapters and the command line", () => {
    const core = files.filter(
      (file) => !/^(?:cli|models\/gguf|models\/openai)\//.test(file) && file !== "budget/clock.ts",
    );
    const impure = core.filter((file) =>
      /Math\.random|Date\.now|performance\.now|new Date\(/.test(readFileSync(join(SRC, file), "utf8")),
    );
    expect(impure).toEqual([]);
  });

  it("names every relative import with its extension", () => {
    expect(imports.filter((one) => isLocal(one) && !one.to.endsWith(".ts"))).toEqual([]);
  });
});
