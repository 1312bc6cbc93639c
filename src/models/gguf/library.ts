import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { UsageError } from "../../types.ts";

/** The packages' version whose struct layouts `ffi.ts` describes. */
export const LIBRARY_VERSION = "3.22.1";

/** Files of one build of llama.cpp. */
export interface LibraryFiles {
  /** Folder with the CPU back ends, one per instruction set. */
  readonly folder: string;
  /** Shared libraries in loading order; the last two are ggml and llama. */
  readonly base: string;
  readonly ggml: string;
  readonly llama: string;
}

/** Packages that hold a CPU build for this platform, best first. */
function packages(): readonly string[] {
  const { platform, arch } = process;
  if (platform === "darwin") return arch === "arm64" ? ["mac-arm64-metal"] : ["mac-x64"];
  if (platform === "win32") return [`win-${arch}`];
  return [`linux-${arch}`];
}

function packageFolder(name: string): string | undefined {
  const require = createRequire(import.meta.url);
  const roots = require.resolve.paths(name) ?? [];
  return roots
    .map((root) => path.join(root, name))
    .find((folder) => existsSync(path.join(folder, "package.json")));
}

function findFile(folder: string, stem: string): string {
  const pattern = new RegExp(`^(lib)?${stem}(\\.v[\\d.]+)?\\.(so|dylib|dll)$`);
  const name = readdirSync(folder).find((entry) => pattern.test(entry));
  if (name === undefined)
    throw new UsageError(`${folder} has no ${stem} library; install bedacht's packages again.`);
  return path.join(folder, name);
}

/**
 * Finds llama.cpp's shared libraries in the installed prebuilt package.
 * @throws UsageError when there is no package for this platform, or it is of another version.
 */
export function findLibrary(): LibraryFiles {
  const [name] = packages();
  const folder = packageFolder(`@node-llama-cpp/${name}`);
  if (folder === undefined) {
    throw new UsageError(
      `GGUF models need the package @node-llama-cpp/${name}@${LIBRARY_VERSION}; install it (npm skips it with --omit=optional), or use an openai: model.`,
    );
  }
  const { version } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as {
    version: string;
  };
  if (version !== LIBRARY_VERSION) {
    throw new UsageError(
      `@node-llama-cpp/${name} is ${version}, but ${LIBRARY_VERSION} is needed; install that version.`,
    );
  }
  const bins = path.join(folder, "bins", String(name));
  return {
    folder: bins,
    base: findFile(bins, "ggml-base"),
    ggml: findFile(bins, "ggml"),
    llama: findFile(bins, "llama"),
  };
}
