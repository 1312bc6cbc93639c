import { readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "../types.ts";
import { type Experiment, parseExperiment } from "./experiment.ts";

/** What a file of each ending holds; a module is code of the user's own, the others are data and run nothing. */
const READERS: Readonly<Record<string, (file: string) => Promise<unknown>>> = {
  ".ts": readModule,
  ".js": readModule,
  ".mjs": readModule,
  ".yaml": readYaml,
  ".yml": readYaml,
  ".json": async (file) => JSON.parse(await readFile(file, "utf8")) as unknown,
};

/**
 * Reads an experiment: the default export of a module, YAML or JSON.
 * @throws UsageError when the file cannot be read or is no experiment
 */
export async function readExperiment(file: string): Promise<Experiment> {
  const read = READERS[path.extname(file)];
  if (read === undefined)
    throw new UsageError(`The experiment ${file} must end in ${Object.keys(READERS).join(", ")}.`);
  const value = await read(file).catch((cause: unknown) => {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "there is no such file" : message.split("\n")[0]!.replace(/[.:]$/, "");
    throw new UsageError(`Cannot read the experiment ${file}: ${why}.`, { cause });
  });
  return parseExperiment(value, file);
}

async function readModule(file: string): Promise<unknown> {
  const module = (await import(pathToFileURL(path.resolve(file)).href)) as { readonly default?: unknown };
  if (module.default === undefined) throw new Error("it has no default export");
  return module.default;
}

async function readYaml(file: string): Promise<unknown> {
  const { parse } = await import("yaml");
  return parse(await readFile(file, "utf8"), { logLevel: "error" }) as unknown;
}
